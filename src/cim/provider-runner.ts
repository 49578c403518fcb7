import type { Clock } from "../runtime/clock.ts";
import { reasonOf } from "../runtime/errors.ts";
import { CimError } from "./cim-error.ts";
import type { CimInstance } from "./cim-instance.ts";
import type { ClassProvider, ProviderContext } from "./provider.ts";

/** Providers that read at the same time for one operation: enough to pass by a slow one, few enough for the thread pool. */
export const PROVIDERS_AT_ONCE = 4;
/** Calls of one provider that have run over their time and not come back; further ones are refused at once. */
export const PROVIDER_HANGING_MAX = 2;

/** How a provider has done since the start. */
export interface ProviderHealth {
  readonly className: string;
  readonly namespace: string;
  readonly calls: number;
  readonly failures: number;
  /** Calls that ran over their time and still have not ended. */
  readonly hanging: number;
  /** Of the last failure; null when the last call went well. */
  readonly problem: string | null;
  readonly lastDurationMs: number;
}

interface State {
  calls: number;
  failures: number;
  hanging: number;
  problem: string | null;
  lastDurationMs: number;
}

/** Runs providers within their time, remembers how each did, and never lets one of them hold up another. */
export class ProviderRunner {
  readonly #clock: Clock;
  readonly #onProblem: (problem: CimError) => void;
  readonly #states = new Map<ClassProvider, State>();

  constructor(clock: Clock, onProblem: (problem: CimError) => void = () => {}) {
    this.#clock = clock;
    this.#onProblem = onProblem;
  }

  health(): ProviderHealth[] {
    return [...this.#states].map(([{ declaration, namespace }, state]) => ({
      className: declaration.name,
      namespace,
      ...state,
    }));
  }

  /** One answer of one provider. Throws CimError: the provider's own, or FAILED with what went wrong. */
  async ask<T>(
    provider: ClassProvider,
    signal: AbortSignal,
    question: (context: ProviderContext) => Promise<T>,
  ): Promise<T> {
    const call = this.#begin(provider, signal);
    try {
      const answer = await call.within(question(call.context));
      call.end(null);
      return answer;
    } catch (error) {
      throw call.end(error);
    }
  }

  /** All batches of one provider; its time runs only while it is asked for the next one. Throws as `ask` does. */
  async *stream(
    provider: ClassProvider,
    signal: AbortSignal,
    question: (context: ProviderContext) => AsyncIterable<readonly CimInstance[]>,
  ): AsyncGenerator<readonly CimInstance[]> {
    const call = this.#begin(provider, signal);
    let iterator: AsyncIterator<readonly CimInstance[]> | undefined;
    let failure: unknown = null;
    try {
      iterator = question(call.context)[Symbol.asyncIterator]();
      for (;;) {
        const next = await call.within(iterator.next());
        if (next.done === true) return;
        yield next.value;
      }
    } catch (error) {
      failure = error;
      throw call.end(error);
    } finally {
      if (failure === null) call.end(null);
      // Not awaited: a provider that hangs would not let go either.
      iterator?.return?.().catch(() => {});
    }
  }

  #begin(provider: ClassProvider, outer: AbortSignal) {
    const clock = this.#clock;
    const onProblem = this.#onProblem;
    const state = this.#stateOf(provider);
    const { name } = provider.declaration;
    if (outer.aborted) throw new CimError("FAILED", `${name}: the operation was given up`);
    if (state.hanging >= PROVIDER_HANGING_MAX) {
      state.failures += 1;
      throw new CimError("FAILED", `${name}: not asked while ${state.hanging} earlier calls hang`);
    }
    state.calls += 1;
    const controller = new AbortController();
    const giveUp = () => controller.abort();
    outer.addEventListener("abort", giveUp, { once: true });
    let spentMs = 0;
    let ended = false;

    const within = <T>(answer: Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        const startedMs = clock.monotonic();
        let over = false;
        const settle = (act: () => void) => {
          cancel();
          controller.signal.removeEventListener("abort", aborted);
          spentMs += clock.monotonic() - startedMs;
          act();
        };
        const leaveBehind = (reason: string) => {
          over = true;
          state.hanging += 1;
          settle(() => reject(new CimError("FAILED", `${name}: ${reason}`)));
        };
        const aborted = () => leaveBehind("the operation was given up");
        const cancel = clock.after(Math.max(0, provider.timeoutMs - spentMs), () => {
          leaveBehind(`no answer within ${provider.timeoutMs} ms`);
          controller.abort();
        });
        controller.signal.addEventListener("abort", aborted, { once: true });
        const came = (act: () => void) => {
          if (over) state.hanging -= 1;
          else settle(act);
        };
        answer.then(
          (value) => came(() => resolve(value)),
          (error) => came(() => reject(error)),
        );
      });

    return {
      context: { namespace: provider.namespace, signal: controller.signal } satisfies ProviderContext,
      within,
      /** Writes down how it went, and makes a CimError of what was thrown. */
      end(error: unknown): CimError {
        const told = error instanceof CimError ? error : new CimError("FAILED", `${name}: ${reasonOf(error)}`);
        if (ended) return told;
        ended = true;
        outer.removeEventListener("abort", giveUp);
        controller.abort(); // What the provider may still have under way is of no use now.
        state.lastDurationMs = spentMs;
        // What the provider says in CIM's own words (not found, not supported) is an answer; FAILED is a failure.
        const failed = error !== null && told.code === "FAILED" && !outer.aborted;
        if (failed) state.failures += 1;
        if (failed && state.problem === null) onProblem(told);
        state.problem = failed ? told.message : null;
        return told;
      },
    };
  }

  #stateOf(provider: ClassProvider): State {
    const known = this.#states.get(provider);
    if (known !== undefined) return known;
    const fresh = { calls: 0, failures: 0, hanging: 0, problem: null, lastDurationMs: 0 };
    this.#states.set(provider, fresh);
    return fresh;
  }
}

/**
 * Everything that the sources give, each batch as soon as it is there: `atOnce` of them read at the same time, none
 * further ahead than one batch. What a source throws goes to `onError`, and the others go on.
 */
export async function* merge<T>(
  sources: readonly (() => AsyncIterator<T>)[],
  atOnce: number,
  onError: (error: unknown) => void,
): AsyncGenerator<T> {
  const waiting = [...sources];
  const ready: { iterator: AsyncIterator<T>; value: T }[] = [];
  const active = new Set<AsyncIterator<T>>();
  let wake = () => {};

  const advance = (iterator: AsyncIterator<T>) => {
    iterator.next().then(
      (next) => {
        if (next.done === true) active.delete(iterator);
        else ready.push({ iterator, value: next.value });
        wake();
      },
      (error: unknown) => {
        active.delete(iterator);
        onError(error);
        wake();
      },
    );
  };
  const fill = () => {
    while (active.size < atOnce) {
      const source = waiting.shift();
      if (source === undefined) return;
      const iterator = source();
      active.add(iterator);
      advance(iterator);
    }
  };

  try {
    for (;;) {
      fill();
      if (active.size === 0) return;
      const item = ready.shift();
      if (item === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      // The next batch is read while the caller works on this one.
      advance(item.iterator);
      yield item.value;
    }
  } finally {
    for (const iterator of active) iterator.return?.().catch(() => {});
  }
}
