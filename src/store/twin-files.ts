import { CorruptionError, codeOf, reasonOf, SettingsError } from "../runtime/errors.ts";
import type { Medium } from "./medium.ts";

// Small files that nothing could make anew, twice: the file, and a copy of the same bytes among the packs, so that the
// packs alone bring back a store. The copy is written after the file and deleted before it. A copy without a file is
// therefore always a loss, never an unfinished step, and the copy stands for the file.

/** Copies of `keys/…`, `snapshots/…` and `holds/…` lie here under their whole names. */
export const TWIN_FOLDER = "packs/copies/";

export function twinOf(name: string): string {
  return TWIN_FOLDER + name;
}

/** Durable in both places when it resolves; durable as such, and listed, once the first is written. */
export async function writeTwins(medium: Medium, name: string, parts: readonly Buffer[]): Promise<void> {
  await medium.write(name, parts);
  await medium.write(twinOf(name), parts);
}

export async function deleteTwins(medium: Medium, name: string): Promise<void> {
  await medium.delete(twinOf(name));
  await medium.delete(name);
}

/** Names below `folder`, of files or of their copies, each once. */
export async function listTwins(medium: Medium, folder: string): Promise<string[]> {
  const names = new Set<string>();
  for (const { name } of await medium.list(folder)) names.add(name);
  for (const { name } of await medium.list(twinOf(folder))) names.add(name.slice(TWIN_FOLDER.length));
  return [...names];
}

/** What became of one of the two. */
export type TwinState =
  | { readonly state: "good"; readonly bytes: Buffer }
  | { readonly state: "unread" }
  | { readonly state: "missing" | "damaged" | "unreadable"; readonly problem: string };

export interface Twins<T> {
  readonly name: string;
  readonly file: TwinState;
  readonly copy: TwinState;
  /** From the file, or else from its copy; undefined where neither is good. */
  readonly value: T | undefined;
}

interface Reading<T> {
  readonly bytesMax: number;
  /** Throws a CorruptionError for bytes that are not what was written under the name. */
  readonly open: (bytes: Buffer) => T | Promise<T>;
}

/** Reads the file, and its copy only where the file is not good. */
export function readTwins<T>(medium: Medium, name: string, reading: Reading<T>): Promise<Twins<T>> {
  return read(medium, name, reading, { both: false });
}

/** Reads file and copy. */
export function readBothTwins<T>(medium: Medium, name: string, reading: Reading<T>): Promise<Twins<T>> {
  return read(medium, name, reading, { both: true });
}

async function read<T>(
  medium: Medium,
  name: string,
  { bytesMax, open }: Reading<T>,
  { both }: { both: boolean },
): Promise<Twins<T>> {
  let value: { is: T } | undefined;
  const look = async (from: string): Promise<TwinState> => {
    try {
      const bytes = await medium.readRange(from, 0, bytesMax);
      const opened = await open(bytes);
      value ??= { is: opened };
      return { state: "good", bytes };
    } catch (error) {
      // Whole, and of a newer format: that is for the operator.
      if (error instanceof SettingsError) throw error;
      if (codeOf(error) === "ENOENT") return { state: "missing", problem: "is missing" };
      return { state: error instanceof CorruptionError ? "damaged" : "unreadable", problem: reasonOf(error) };
    }
  };
  const file = await look(name);
  const copy: TwinState = file.state !== "good" || both ? await look(twinOf(name)) : { state: "unread" };
  return { name, file, copy, value: value?.is };
}
