// How every command speaks. Data goes to stdout, messages to stderr; with --json there is exactly one object on stdout:
//   { "ok": true, "data": … }   or   { "ok": false, "error": { "code", "message", "hint"? } }
// Scripts depend on this shape and on the exit codes.

import { styleText } from "node:util";
import { displayWidth } from "../runtime/display-width.ts";
import {
  ConnectError,
  CorruptionError,
  PeerError,
  reasonOf,
  SettingsError,
  TimeoutError,
  WireError,
} from "../runtime/errors.ts";
import { jsonText, visible } from "./visible.ts";

/**
 * `partly` is for work of which a part was done: some files could not be read, some hosts did not answer. `interrupted` is
 * what a shell reports for Ctrl-C.
 */
export const EXIT = { done: 0, failed: 1, usage: 2, partly: 3, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Where a command's words go; a test hands in its own. */
export interface Output {
  /** Data, to stdout. */
  write(text: string): void;
  /** Messages and progress, to stderr. */
  tell(text: string): void;
  /** Sets the exit code and lets the process end by itself. */
  exit(code: ExitCode): void;
  /** Whether stdout may carry colours. */
  readonly color: boolean;
}

/** This process's output. */
export function processOutput(): Output {
  // The reader of a pipe may leave early (`| head`): that is its right, not our failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  return {
    write: (text) => process.stdout.write(text),
    tell: (text) => process.stderr.write(text),
    exit(code) {
      process.exitCode = code;
    },
    color: mayColor(process.stdout.isTTY === true, process.env),
  };
}

/** Colours are for terminals, and for none whose user set NO_COLOR to anything (no-color.org). */
export function mayColor(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  return isTerminal && !env.NO_COLOR;
}

/** A failure that the command itself found: `code` is for scripts, `hint` says what to do next. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: string;
  readonly hint: string | undefined;
  readonly exit: ExitCode;
  constructor(code: string, message: string, { hint, exit = EXIT.failed }: { hint?: string; exit?: ExitCode } = {}) {
    super(message);
    this.code = code;
    this.hint = hint;
    this.exit = exit;
  }
}

/** The success envelope. */
export function printJson(output: Output, data: unknown): void {
  output.write(`${jsonText({ ok: true, data }, 2)}\n`);
}

/** Tells of a failure, as the envelope (on one line where the output is lines) or for people, and sets the exit code. */
export function printError(
  output: Output,
  error: unknown,
  { json, isLine = false }: { json: boolean; isLine?: boolean },
): void {
  const { code, message, hint, exit } = describe(error);
  if (json) {
    const envelope = { ok: false, error: { code, message, ...(hint === undefined ? {} : { hint }) } };
    output.write(`${jsonText(envelope, isLine ? undefined : 2)}\n`);
  } else {
    // Parts of both come from peers.
    output.tell(`rusuban: ${visible(message)}\n${hint === undefined ? "" : `  ${visible(hint)}\n`}`);
  }
  output.exit(exit);
}

/** Runs a command's work; whatever it throws is told, once, in the asked-for form. */
export async function runAction(
  output: Output,
  { json = false }: { json?: boolean | undefined },
  action: () => void | Promise<void>,
): Promise<void> {
  try {
    await action();
  } catch (error) {
    printError(output, error, { json });
  }
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly exit: ExitCode;
}

function describe(error: unknown): Failure {
  const message = reasonOf(error);
  if (error instanceof CommandError) return { code: error.code, message, hint: error.hint, exit: error.exit };
  if (error instanceof SettingsError) return { code: "settings", message, exit: EXIT.usage };
  if (error instanceof PeerError) return { code: error.code, message, exit: EXIT.failed };
  return { code: codeOfClass(error), message, exit: EXIT.failed };
}

function codeOfClass(error: unknown): string {
  if (error instanceof ConnectError) return "connect";
  if (error instanceof TimeoutError) return "timeout";
  if (error instanceof CorruptionError) return "corruption";
  if (error instanceof WireError) return "protocol";
  return "failed";
}

/** A table's cell: plain, or in a style where colours are allowed. */
export type Cell = string | { readonly text: string; readonly style: Style };
export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan" | "magenta";

/** Columns as wide as their widest cell, two spaces apart; the last one is not padded. Wide characters count as two. */
export function printTable(output: Output, head: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const all: readonly (readonly Cell[])[] = [head.map((text) => ({ text, style: "bold" as const })), ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => displayWidth(textOf(row[column] ?? "")))));
  const line = (row: readonly Cell[]) => {
    const last = row.findLastIndex((cell) => textOf(cell) !== "");
    return row
      .slice(0, last + 1)
      .map((cell, column) => {
        const padding = column === last ? "" : " ".repeat((widths[column] ?? 0) - displayWidth(textOf(cell)));
        return paint(output, cell) + padding;
      })
      .join("  ");
  };
  output.write(`${all.map(line).join("\n")}\n`);
}

function textOf(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}

/** The cell's text, in its style where colours are allowed. */
export function paint(output: Output, cell: Cell): string {
  if (typeof cell === "string" || !output.color) return textOf(cell);
  return styleText(cell.style, cell.text, { validateStream: false });
}

/** Bold where colours are allowed. */
export function bold(output: Output, text: string): string {
  return paint(output, { text, style: "bold" });
}
