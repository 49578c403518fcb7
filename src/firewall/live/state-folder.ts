// What is written down about rules of ours, in a folder of root's alone that survives a restart: what has been confirmed,
// and the change under way. The change is on disk before the first command of it, so that whatever kills the program,
// the next one (or the timer) knows what was there before.

import { chmod, stat } from "node:fs/promises";
import { join } from "node:path";
import { CorruptionError, codeOf, SettingsError } from "../../runtime/errors.ts";
import { makeFolders } from "../../runtime/make-folders.ts";
import type { ManagerKind } from "./backend.ts";
import type { Opening, PlacedOpening } from "./opening.ts";
import { createSystemFiles } from "./system-files.ts";

export const DEFAULT_STATE_FOLDER = "/var/lib/rusuban/firewall";

/** What is to be let in, whoever is in charge. */
export interface Request {
  readonly openings: readonly Opening[];
  /** Where nobody denies what comes in, our own table is to. */
  readonly denying: boolean;
}

/** Rules of ours by who keeps them. */
export type RulesByManager = Readonly<Partial<Record<ManagerKind, readonly PlacedOpening[]>>>;

/** What was confirmed: what drift is measured against. */
export interface Applied {
  readonly appliedAtMs: number;
  readonly isPermanent: boolean;
  readonly request: Request;
}

/**
 * `changing`: commands are running, or were when the program died: back to `before`. `waiting`: done, and taken back at
 * the deadline. `finishing`: decided (confirmed, or a removal), to be carried out whatever happens.
 */
export type Phase = "changing" | "waiting" | "finishing";

export interface Change {
  readonly id: string;
  readonly phase: Phase;
  readonly startedAtMs: number;
  /** When it is taken back unless confirmed; null for one that needs no confirmation. */
  readonly deadlineAtMs: number | null;
  /** Of the process that takes it back; null before it runs. */
  readonly timerPid: number | null;
  /** Null for a removal. */
  readonly request: Request | null;
  readonly before: RulesByManager;
  readonly after: RulesByManager;
  readonly permanentBefore: RulesByManager;
  /** Null where nothing was asked for after a restart. */
  readonly permanentAfter: RulesByManager | null;
}

export interface StateFolder {
  readonly path: string;
  /** Creates the folder for root alone. Throws SettingsError where others may write to it. */
  prepare(): Promise<void>;
  readApplied(): Promise<Applied | undefined>;
  writeApplied(applied: Applied | null): Promise<void>;
  readChange(): Promise<Change | undefined>;
  writeChange(change: Change | null): Promise<void>;
}

export function openStateFolder(path: string): StateFolder {
  const files = createSystemFiles();
  const read = async <T>(name: string): Promise<T | undefined> => {
    const text = await files.read(join(path, name));
    if (text === undefined) return undefined;
    try {
      return (JSON.parse(text) as { readonly version: 1; readonly content: T }).content;
    } catch {
      throw new CorruptionError(
        join(path, name),
        "is not what was written: move it away, then look with `rusuban firewall diff`",
      );
    }
  };
  const write = async (name: string, content: unknown) => {
    if (content === null) await files.remove(join(path, name));
    else await files.write(join(path, name), `${JSON.stringify({ version: 1, content })}\n`);
  };
  return {
    path,
    async prepare() {
      await makeFolders(path, 0o700);
      const { mode, uid } = await stat(path);
      if ((mode & 0o022) !== 0 || (uid !== 0 && uid !== process.getuid?.())) {
        throw new SettingsError("--state", `${path} can be written by others: give a folder that is root's alone`);
      }
      await chmod(path, 0o700);
    },
    readApplied: () => read<Applied>("applied.json"),
    writeApplied: (applied) => write("applied.json", applied),
    readChange: () => read<Change>("change.json"),
    writeChange: (change) => write("change.json", change),
  };
}

/** Whether a process of this number lives. */
export function isAlive(pid: number | null): boolean {
  if (pid === null) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}
