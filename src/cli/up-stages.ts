import type { Text } from "../ports/flow.ts";
import { padEnd } from "../runtime/display-width.ts";
import { reasonOf, SettingsError } from "../runtime/errors.ts";
import { Interruption } from "./interruption.ts";
import { CommandError, paint, printJson } from "./output.ts";
import type { Session } from "./session.ts";
import { visible } from "./visible.ts";

// The stages of `rusuban up`: each is timed, told as it ends, and kept for the report.

export interface StageResult<T> {
  readonly value: T;
  /** What was achieved, for people. */
  readonly detail: string;
  /** Further lines for people. */
  readonly lines?: readonly string[];
  /** What did not hold although the stage has a value and the tour goes on, a line each. */
  readonly problems?: readonly string[];
}

export interface Stage {
  readonly stage: string;
  readonly ok: boolean;
  readonly seconds: number;
  readonly detail: string;
}

export interface Stages {
  /** Runs a stage that the others need: its failure is thrown, after it has been told. */
  must<T>(stage: string, title: Text, work: () => Promise<StageResult<T>>): Promise<T>;
  /** Runs a stage whose failure is told and kept; the tour goes on. */
  attempt<T>(stage: string, title: Text, work: () => Promise<StageResult<T>>): Promise<T | undefined>;
  allHeld(): boolean;
  /** `console: why`, of each stage that did not hold. */
  failed(): string[];
  /** The report as the envelope, with `facts` of the whole; a stage that did not hold makes it a failure that carries the data, too. */
  print(facts: object): void;
  /** Since the beginning. */
  seconds(): number;
}

const TITLE_COLUMNS = 14;

/** `signal` interrupts: the stage under way is left, and every later one, by an Interruption. */
export function createStages(session: Session, signal: AbortSignal): Stages {
  const { clock, output } = session.world;
  const startedAt = clock.monotonic();
  const stages: Stage[] = [];
  const secondsSince = (at: number) => Math.round((clock.monotonic() - at) / 10) / 100;

  const tell = (title: Text, { ok, seconds, detail }: Stage, lines: readonly string[] = []) => {
    if (session.json) return;
    const mark = paint(output, { text: ok ? "✔" : "✘", style: ok ? "green" : "red" });
    const time = `${seconds.toFixed(1)} s`.padStart(7);
    session.print(`${mark} ${padEnd(session.say(title), TITLE_COLUMNS)} ${time}  ${visible(detail)}`.trimEnd());
    for (const line of lines) session.print(`${" ".repeat(TITLE_COLUMNS + 12)}${visible(line)}`);
  };

  async function must<T>(name: string, title: Text, work: () => Promise<StageResult<T>>): Promise<T> {
    const at = clock.monotonic();
    try {
      const { value, detail, lines = [], problems = [] } = await unlessInterrupted(work, signal);
      const ok = problems.length === 0;
      const stage = { stage: name, ok, seconds: secondsSince(at), detail };
      stages.push(ok ? stage : { ...stage, detail: problems.join("; ") });
      tell(title, stage, [...problems, ...lines]);
      return value;
    } catch (error) {
      if (error instanceof Interruption) throw error;
      const stage = { stage: name, ok: false, seconds: secondsSince(at), detail: reasonOf(error) };
      stages.push(stage);
      tell(title, stage);
      if (error instanceof CommandError || error instanceof SettingsError) throw error;
      throw new CommandError(name, `${session.say(title)}: ${reasonOf(error)}`);
    }
  }

  const failed = () => stages.filter(({ ok }) => !ok).map(({ stage, detail }) => `${stage}: ${detail}`);

  return {
    must,
    attempt: (name, title, work) =>
      must(name, title, work).catch((error: unknown) => {
        if (error instanceof Interruption) throw error;
        return undefined;
      }),
    allHeld: () => stages.every(({ ok }) => ok),
    failed,
    print(facts) {
      const data = { seconds: secondsSince(startedAt), stages, ...facts };
      if (failed().length === 0) return printJson(output, data);
      const error = { code: "tour", message: failed().join("; ") };
      output.write(`${JSON.stringify({ ok: false, error, data }, null, 2)}\n`);
    },
    seconds: () => secondsSince(startedAt),
  };
}

/** The work's outcome, or an Interruption as soon as the signal aborts; what is left of the work is then on its own. */
async function unlessInterrupted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  let interrupt = () => {};
  const interrupted = new Promise<never>((_, reject) => {
    interrupt = () => reject(new Interruption("interrupted before the tour was over"));
    if (signal.aborted) interrupt();
    else signal.addEventListener("abort", interrupt, { once: true });
  });
  interrupted.catch(() => {}); // Also where nobody is waiting any more.
  try {
    return await Promise.race([interrupted, ...(signal.aborted ? [] : [work()])]);
  } finally {
    signal.removeEventListener("abort", interrupt);
  }
}
