import { resolve } from "node:path";
import { SettingsError } from "../runtime/errors.ts";

/** What is wanted of a directory: all of it, or some of its entries. */
export type Selection = "all" | ReadonlyMap<string, Selection>;

const SLASH = 0x2f;

/**
 * The asked paths as one tree from `/` down; names are Latin-1 strings, one character a byte. Relative text is resolved
 * against the working directory; bytes must be absolute. `.` and `..` are resolved by their spelling.
 */
export function createSelection(roots: readonly (Buffer | string)[]): { selection: Selection; paths: Buffer[] } {
  if (roots.length === 0) throw new SettingsError("paths", "none are given");
  const paths = roots.map((root) => normalise(typeof root === "string" ? Buffer.from(resolve(root)) : root));
  let selection: Selection = new Map();
  for (const path of paths) selection = select(selection, partsOf(path));
  return { selection, paths };
}

function normalise(path: Buffer): Buffer {
  if (path[0] !== SLASH) throw new SettingsError("paths", `${path.toString("utf8")} is not absolute`);
  if (path.includes(0)) throw new SettingsError("paths", `${JSON.stringify(path.toString("utf8"))} has a NUL`);
  const parts: string[] = [];
  for (const part of partsOf(path)) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return Buffer.from(`/${parts.join("/")}`, "latin1");
}

function partsOf(path: Buffer): string[] {
  return path
    .toString("latin1")
    .split("/")
    .filter((part) => part !== "");
}

function select(selection: Selection, [first, ...rest]: readonly string[]): Selection {
  if (selection === "all" || first === undefined) return "all";
  return new Map(selection).set(first, select(selection.get(first) ?? new Map(), rest));
}
