// The programs that are compared, each as people run it: its own defaults, a passphrase, zstd where it can be asked for.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Where one run of a program keeps its things: nothing survives it. */
export interface Place {
  readonly store: string;
  /** For the caches and settings that the program keeps outside the store. */
  readonly home: string;
}

export interface Program {
  readonly name: "rusuban" | "restic" | "borg";
  readonly version: string;
  /** What was asked of it, for the report. */
  readonly settings: string;
  init(place: Place): Command;
  /** `number` names the archive where the program wants a name. */
  backup(place: Place, paths: readonly string[], number: number): Command;
  /** All of the last snapshot, whole paths below `target`. */
  restore(place: Place, target: string, number: number): Command;
}

const PASSPHRASE = "bench";
const TOP = fileURLToPath(new URL("..", import.meta.url));
const MAIN = join(TOP, "bin/rusuban.js");
/** The runtime that npm has pinned; the one we run under where it is not installed. */
export const NODE = existsSync(join(TOP, "node_modules/node/bin/node"))
  ? join(TOP, "node_modules/node/bin/node")
  : process.execPath;

export function rusuban(nodeArgs: readonly string[] = []): Program {
  const command = (words: readonly string[]): Command => ({
    file: NODE,
    args: [...nodeArgs, MAIN, "store", ...words],
    env: { RUSUBAN_PASSPHRASE: PASSPHRASE },
  });
  return {
    name: "rusuban",
    version: firstLine(NODE, [MAIN, "--version"]),
    settings: "`rusuban store`, its defaults",
    init: ({ store }) => command(["init", store]),
    backup: ({ store }, paths) => command(["backup", store, ...paths]),
    restore: ({ store }, target) => command(["restore", store, "latest", "--to", target]),
  };
}

function restic(): Program | undefined {
  const file = find("restic");
  if (file === undefined) return undefined;
  const command = ({ store, home }: Place, words: readonly string[]): Command => ({
    file,
    args: ["-r", store, ...words],
    env: { RESTIC_PASSWORD: PASSPHRASE, RESTIC_CACHE_DIR: join(home, "cache") },
  });
  return {
    name: "restic",
    version: firstLine(file, ["version"]),
    settings: "its defaults (repository format 2, compression auto), with its cache",
    init: (place) => command(place, ["init"]),
    backup: (place, paths) => command(place, ["backup", ...paths]),
    restore: (place, target) => command(place, ["restore", "latest", "--target", target]),
  };
}

function borg(): Program | undefined {
  const file = find("borg");
  if (file === undefined) return undefined;
  const command = ({ home }: Place, args: readonly string[], cwd?: string): Command => ({
    file,
    args,
    env: { BORG_PASSPHRASE: PASSPHRASE, BORG_BASE_DIR: home },
    ...(cwd === undefined ? {} : { cwd }),
  });
  return {
    name: "borg",
    version: firstLine(file, ["--version"]),
    settings: "encryption repokey-blake2, compression zstd,3, with its files cache",
    init: (place) => command(place, ["init", "--encryption", "repokey-blake2", place.store]),
    backup: (place, paths, number) =>
      command(place, ["create", "--compression", "zstd,3", `${place.store}::${number}`, ...paths]),
    restore: (place, target, number) => command(place, ["extract", `${place.store}::${number}`], target),
  };
}

/** Rusuban and those of the peers that are on PATH; the names of the others. */
export function findPrograms(): { programs: Program[]; missing: string[] } {
  const peers = { restic: restic(), borg: borg() };
  const programs = [rusuban(), ...Object.values(peers).filter((program) => program !== undefined)];
  const missing = Object.entries(peers)
    .filter(([, program]) => program === undefined)
    .map(([name]) => name);
  return { programs, missing };
}

function find(name: string): string | undefined {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

function firstLine(file: string, args: readonly string[]): string {
  return (spawnSync(file, args, { encoding: "utf8" }).stdout ?? "").split("\n")[0]?.trim() ?? "";
}
