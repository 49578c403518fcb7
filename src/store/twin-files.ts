import { CorruptionError, codeOf, reasonOf } from "../runtime/errors.ts";
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
  | { readonly state: "missing" | "damaged" | "unreadable"; readonly problem: string };

export interface Twins<T> {
  readonly name: string;
  readonly file: TwinState;
  readonly copy: TwinState;
  /** From the file, or else from its copy; undefined where neither is good. */
  readonly value: T | undefined;
}

/** Reads both; `open` throws a CorruptionError for bytes that are not what was written under `name`. */
export async function readTwins<T>(
  medium: Medium,
  name: string,
  { bytesMax, open }: { bytesMax: number; open: (bytes: Buffer) => T | Promise<T> },
): Promise<Twins<T>> {
  let value: { is: T } | undefined;
  const look = async (from: string): Promise<TwinState> => {
    try {
      const bytes = await medium.readRange(from, 0, bytesMax);
      const opened = await open(bytes);
      value ??= { is: opened };
      return { state: "good", bytes };
    } catch (error) {
      if (codeOf(error) === "ENOENT") return { state: "missing", problem: "is missing" };
      return { state: error instanceof CorruptionError ? "damaged" : "unreadable", problem: reasonOf(error) };
    }
  };
  const file = await look(name);
  const copy = await look(twinOf(name));
  return { name, file, copy, value: value?.is };
}
