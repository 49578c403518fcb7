import type { Clock } from "../runtime/clock.ts";

/** Long enough to matter little, short enough that the process answers others. */
const TURN_MS = 10;
const PROGRESS_INTERVAL_MS = 200;

/** Keeps a long row of synchronous calls from blocking the process, and reports progress now and then. */
export class Pace {
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  readonly #report: (() => void) | undefined;
  #turnStart: number;
  #lastReport: number;

  constructor({
    clock,
    signal,
    report,
  }: { clock: Clock; signal?: AbortSignal | undefined; report?: (() => void) | undefined }) {
    this.#clock = clock;
    this.#signal = signal;
    this.#report = report;
    this.#turnStart = clock.monotonic();
    this.#lastReport = this.#turnStart;
  }

  /** Whether this turn has lasted long enough: asked often, so that no promise is made for the answer "no". */
  get isDue(): boolean {
    return this.#clock.monotonic() - this.#turnStart >= TURN_MS || this.#signal?.aborted === true;
  }

  /** Throws the signal's reason when it has aborted. */
  assertGoingOn(): void {
    this.#signal?.throwIfAborted();
  }

  /** Lets others run; rejects with the signal's reason when it has aborted. */
  async breathe(): Promise<void> {
    this.#signal?.throwIfAborted();
    await new Promise((resolve) => setImmediate(resolve));
    this.#signal?.throwIfAborted();
    this.#turnStart = this.#clock.monotonic();
    if (this.#turnStart - this.#lastReport >= PROGRESS_INTERVAL_MS) {
      this.#lastReport = this.#turnStart;
      this.#report?.();
    }
  }
}
