// What a command has in hand while it runs: words in the reader's language, the two ways out (data, messages), and the
// manager. Every value put into a text or a table is made visible first, so that no text of a manager reaches the
// terminal raw.

import type { Command } from "commander";
import type { ApiClient } from "../api/client.ts";
import type { Severity } from "../model/alert.ts";
import type { Language, Text } from "../ports/flow.ts";
import { displayWidth, padEnd } from "../runtime/display-width.ts";
import { Interruption } from "./interruption.ts";
import { type Cell, CommandError, EXIT, type ExitCode, paint, printError, printJson, printTable } from "./output.ts";
import { formatAge, formatMoment } from "./quantities.ts";
import { visible } from "./visible.ts";
import { fill, SEVERITY_WORDS, SHARED, type Values } from "./words.ts";
import { defaultDataDirectory, type GlobalOptions, type World } from "./world.ts";

export interface Session {
  readonly world: World;
  readonly language: Language;
  readonly json: boolean;
  readonly dataDirectory: string;
  /** The text in the reader's language; values are made visible. */
  say(text: Text, values?: Values): string;
  /** A line of data for people, to stdout, as it is: give it what `say` made. */
  print(line: string): void;
  /** A line of data that is somebody else's text, made visible. */
  printText(line: string): void;
  /** A message, to stderr; `say`'s arguments. */
  tell(text: Text, values?: Values): void;
  /** The outcome: the envelope with --json, else what `forPeople` prints. */
  result(data: unknown, forPeople: () => void): void;
  table(head: readonly Text[], rows: readonly (readonly Cell[])[]): void;
  /** `name  value` lines under one another; a label that is not a Text is somebody else's. */
  facts(rows: readonly (readonly [label: Text | string, value: Cell | readonly Cell[]])[]): void;
  /** After a list: how to get what follows, where there is more. */
  tellMore(next: string | null, limit: number): void;
  /** `2026-11-22 18:04:05 (2 min ago)`, or "never". */
  moment(atMs: number | null): string;
  /** `2 min ago`, or "never". */
  age(atMs: number | null): string;
  severity(severity: Severity): Exclude<Cell, string>;
  /** An error to throw, in the reader's language. */
  failure(code: string, text: Text, options?: { hint?: Text; values?: Values; exit?: ExitCode }): CommandError;
  api(): Promise<ApiClient>;
}

const SEVERITY_STYLES = {
  information: "cyan",
  warning: "yellow",
  minor: "yellow",
  major: "red",
  critical: "red",
  fatal: "magenta",
} as const satisfies Record<Severity, string>;

export function createSession(world: World, language: Language, { json = false, data }: GlobalOptions): Session {
  const { output } = world;
  const say = (text: Text, values: Values = {}) =>
    fill(
      text,
      language,
      Object.fromEntries(Object.entries(values).map(([name, value]) => [name, visible(`${value}`)])),
    );
  const print = (line: string) => output.write(`${line}\n`);
  const age = (atMs: number | null) =>
    atMs === null ? say(SHARED.never) : formatAge(atMs, world.clock.now(), language);
  const dataDirectory = data ?? defaultDataDirectory(world);
  let api: Promise<ApiClient> | undefined;
  return {
    world,
    language,
    json,
    dataDirectory,
    say,
    print,
    printText: (line) => print(visible(line)),
    tell: (text, values) => output.tell(`${say(text, values)}\n`),
    result(result, forPeople) {
      if (json) printJson(output, result);
      else forPeople();
    },
    table: (head, rows) =>
      printTable(
        output,
        head.map((text) => text[language]),
        rows.map((row) => row.map(visibleCell)),
      ),
    facts(rows) {
      const labels = rows.map(([label]) => (typeof label === "string" ? visible(label) : label[language]));
      const width = Math.max(...labels.map(displayWidth));
      for (const [index, [, value]] of rows.entries()) {
        const cells: readonly Cell[] = typeof value === "object" && !("text" in value) ? value : [value];
        const shown = cells.map((cell) => paint(output, visibleCell(cell))).join(", ");
        print(`${padEnd(labels[index] ?? "", width)}  ${shown}`.trimEnd());
      }
    },
    tellMore(next, limit) {
      if (next !== null) output.tell(`${say(SHARED.more, { limit: 2 * limit, cursor: next })}\n`);
    },
    moment: (atMs) =>
      atMs === null ? say(SHARED.never) : say(SHARED.moment, { moment: formatMoment(atMs), age: age(atMs) }),
    age,
    severity: (severity) => ({ text: SEVERITY_WORDS[severity][language], style: SEVERITY_STYLES[severity] }),
    failure: (code, text, { hint, values, exit } = {}) =>
      new CommandError(code, say(text, values), {
        ...(hint === undefined ? {} : { hint: say(hint, values) }),
        ...(exit === undefined ? {} : { exit }),
      }),
    api() {
      api ??= world.openApi({ dataDirectory, language });
      return api;
    },
  };
}

function visibleCell(cell: Cell): Cell {
  return typeof cell === "string" ? visible(cell) : { ...cell, text: visible(cell.text) };
}

/** What the factories of commands take: where they run, and in which language they speak. */
export interface Cli {
  readonly world: World;
  readonly language: Language;
}

/** What a command's work gives: its exit code, or nothing for 0. */
// biome-ignore lint/suspicious/noConfusingVoidType: an async function without a return has this type, not undefined.
export type Outcome = Promise<ExitCode | void>;

/**
 * Turns a command's work into an action for commander. `streams` says for which options the output is lines without end:
 * with --json an error is then one line as well.
 */
export function action<A extends unknown[]>(
  { world, language }: Cli,
  run: (session: Session, ...args: A) => Outcome,
  streams: (options: Readonly<Record<string, unknown>>) => boolean = () => false,
): (...args: unknown[]) => Promise<void> {
  return async (...args) => {
    const command = args.at(-1) as Command;
    const session = createSession(world, language, command.opts());
    try {
      world.output.exit((await run(session, ...(args.slice(0, -1) as A))) ?? EXIT.done);
    } catch (thrown) {
      const error = explain(thrown, language);
      if (!session.json || error instanceof Interruption || !streams(command.opts())) throw error;
      printError(world.output, error, { json: true, isLine: true });
    }
  };
}

/** A manager's refusal becomes an error of ours. Both are told by their names: their classes would load the whole contract. */
function explain(error: unknown, language: Language): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === "ApiError") {
    const { code, hint } = error as Error & { code: string; hint: string | undefined };
    return new CommandError(code, error.message, hint === undefined ? {} : { hint });
  }
  if (error.name === "ZodError") {
    const [first] =
      (error as Error & { issues?: readonly { path: readonly PropertyKey[]; message: string }[] }).issues ?? [];
    const problem = `${first?.path.join(".")}: ${first?.message}`;
    return new CommandError("unexpected-reply", fill(SHARED.unexpectedReply, language, { problem }), {
      hint: fill(SHARED.compareVersions, language),
    });
  }
  return error;
}
