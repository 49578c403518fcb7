import type { ApiClient } from "../api/client.ts";
import type { Language } from "../ports/flow.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Output } from "./output.ts";

/** Everything outside the program that a command touches; main.ts builds the real one, tests their own. */
export interface World {
  readonly output: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly homeDirectory: string;
  /** The terminal that stderr goes to: progress is redrawn on one line there. Undefined where stderr is not a terminal. */
  readonly terminal: { readonly columns: number } | undefined;
  /** Columns for help texts; 80 where not known. */
  readonly helpColumns?: number | undefined;
  /** Puts a question to the person; undefined where there is none (stdin or stderr is not a terminal). */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /** The same for a secret: what is typed is not shown. */
  readonly askSecret?: ((question: string) => Promise<string>) | undefined;
  /** All of stdin, for a command that was told to read it. */
  readonly readInput?: (() => Promise<string>) | undefined;
  /** From this call on, Ctrl-C aborts the signal instead of ending the process. */
  interruption(): AbortSignal;
  /** @throws CommandError saying why there is no way to the manager of this data folder, and what to do. */
  openApi(options: { readonly dataDirectory: string; readonly language: Language }): Promise<ApiClient>;
}

/** What the options that every command takes, and the environment where they are not given, amount to. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly data?: string;
}

/** Japanese where the locale's messages are (POSIX: LC_ALL before LC_MESSAGES before LANG), else English. */
export function languageOf(env: World["env"]): Language {
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || "";
  return /^ja(?:$|[_.@-])/i.test(locale) ? "ja" : "en";
}

/** `rusuban` in XDG_DATA_HOME, or in ~/.local/share (XDG Base Directory Specification: a relative path there is ignored). */
export function defaultDataDirectory({ env, homeDirectory }: Pick<World, "env" | "homeDirectory">): string {
  const base = env.XDG_DATA_HOME;
  const isUsable = base !== undefined && /^(\/|[A-Za-z]:[\\/])/.test(base);
  return `${isUsable ? base.replace(/[\\/]+$/, "") : `${homeDirectory}/.local/share`}/rusuban`;
}
