import {
  type BigIntStats,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from "node:fs";
import { foreignCalls } from "./foreign-calls.ts";

// Compares two trees entry by entry: names, types, contents, holes, modes, owners, times, extended attributes, link
// targets, which names are one file. Written for the tests alone and sharing nothing with the archiver, so that both do not
// make the same mistake.

export interface TreeComparison {
  /** One line a difference: path below the trees, what, left, right. */
  readonly differences: string[];
  readonly entries: number;
}

export interface ComparerOptions {
  /** Times may differ by so much; Node's own calls set them to a fraction of a microsecond. */
  readonly timeToleranceNs?: bigint;
  /** Directories whose own times are not compared (the roots: something was made in them). */
  readonly ignoreRootTimes?: boolean;
  readonly ignoreOwners?: boolean;
  /** Compare extended attributes, and which parts of a file are holes: needs foreign calls. */
  readonly exact?: boolean;
}

/** Of one run; more is only there where the holes differ already, which is told. */
const COMPARED_BYTES_MAX = 2 ** 30;
const SLASH = Buffer.from("/");

export function compareTrees(
  left: string | Buffer,
  right: string | Buffer,
  options: ComparerOptions = {},
): TreeComparison {
  const differences: string[] = [];
  const groups = { left: new Map<string, string>(), right: new Map<string, string>() };
  const exactCalls = options.exact === true ? foreignCalls : undefined;
  if (options.exact === true && exactCalls === undefined) throw new Error("an exact comparison needs foreign calls");
  let entries = 0;

  /** Paths grow by one name a level; deep trees are compared through directory handles. */
  function compareDirectories(a: Buffer, b: Buffer, path: string): void {
    const fdA = openSync(a, constants.O_RDONLY | constants.O_DIRECTORY);
    const fdB = openSync(b, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      const baseA = Buffer.from(`/proc/self/fd/${fdA}`);
      const baseB = Buffer.from(`/proc/self/fd/${fdB}`);
      const namesA = readdirSync(baseA, { encoding: "latin1" }).sort();
      const namesB = new Set(readdirSync(baseB, { encoding: "latin1" }));
      for (const name of namesA) {
        if (!namesB.delete(name)) {
          differences.push(`${path}/${name}: missing on the right`);
          continue;
        }
        const bytes = Buffer.from(name, "latin1");
        compareEntries(Buffer.concat([baseA, SLASH, bytes]), Buffer.concat([baseB, SLASH, bytes]), `${path}/${name}`);
      }
      for (const name of namesB) differences.push(`${path}/${name}: missing on the left`);
    } finally {
      closeSync(fdA);
      closeSync(fdB);
    }
  }

  function compareEntries(a: Buffer, b: Buffer, path: string): void {
    entries++;
    const statA = lstatSync(a, { bigint: true });
    const statB = lstatSync(b, { bigint: true });
    const differ = (what: string, x: unknown, y: unknown) => {
      if (x !== y) differences.push(`${path}: ${what} ${x} against ${y}`);
    };
    differ("mode", statA.mode.toString(8), statB.mode.toString(8));
    if (options.ignoreOwners !== true) {
      differ("uid", statA.uid, statB.uid);
      differ("gid", statA.gid, statB.gid);
    }
    if (!(path === "" && options.ignoreRootTimes === true)) {
      const gap = statA.mtimeNs - statB.mtimeNs;
      const tolerance = options.timeToleranceNs ?? 0n;
      if (gap > tolerance || gap < -tolerance) differ("mtime", statA.mtimeNs, statB.mtimeNs);
    }
    if (exactCalls !== undefined)
      differ("attributes", JSON.stringify(exactCalls.attributes(a)), JSON.stringify(exactCalls.attributes(b)));
    if ((statA.mode & TYPE) !== (statB.mode & TYPE)) return;
    if (!statA.isDirectory()) {
      differ("other names", firstName(groups.left, statA, path), firstName(groups.right, statB, path));
      differ("count of names", statA.nlink, statB.nlink);
    }
    if (statA.isDirectory()) compareDirectories(a, b, path);
    else if (statA.isSymbolicLink()) differ("target", linkOf(a), linkOf(b));
    else if (statA.isFile()) {
      differ("size", statA.size, statB.size);
      if (statA.size === statB.size) compareContents(a, b, { size: Number(statA.size), differ });
    } else if (statA.isBlockDevice() || statA.isCharacterDevice()) differ("device", statA.rdev, statB.rdev);
  }

  function compareContents(
    a: Buffer,
    b: Buffer,
    { size, differ }: { size: number; differ: (what: string, x: unknown, y: unknown) => void },
  ): void {
    const fdA = openSync(a, "r");
    const fdB = openSync(b, "r");
    try {
      const whole: [number, number][] = [[0, size]];
      const runsA = exactCalls?.dataRuns(fdA, size) ?? whole;
      const runsB = exactCalls?.dataRuns(fdB, size) ?? whole;
      differ("data between holes", JSON.stringify(runsA), JSON.stringify(runsB));
      // Holes in both are the same zeros: a file of a terabyte need not be read.
      for (const [start, end] of JSON.stringify(runsA) === JSON.stringify(runsB) ? runsA : whole) {
        const last = Math.min(end, start + COMPARED_BYTES_MAX);
        if (!sameContent(fdA, fdB, { start, end: last })) differ("contents", `from ${start} to ${last}`, "others");
      }
    } finally {
      closeSync(fdA);
      closeSync(fdB);
    }
  }

  compareEntries(Buffer.from(left), Buffer.from(right), "");
  return { differences, entries };
}

const TYPE = BigInt(constants.S_IFMT);

/** Where this file was met first: two trees agree when each name leads to the same first name. */
function firstName(group: Map<string, string>, { dev, ino }: BigIntStats, path: string): string {
  const key = `${dev}:${ino}`;
  const first = group.get(key) ?? path;
  group.set(key, first);
  return first;
}

function linkOf(path: Buffer): string {
  return readlinkSync(path, { encoding: "latin1" } as unknown as "latin1") as string;
}

function sameContent(fdA: number, fdB: number, { start, end }: { start: number; end: number }): boolean {
  const bufferA = Buffer.alloc(1 << 16);
  const bufferB = Buffer.alloc(1 << 16);
  for (let at = start; at < end; ) {
    const wanted = Math.min(bufferA.length, end - at);
    const countA = readSync(fdA, bufferA, 0, wanted, at);
    const countB = readSync(fdB, bufferB, 0, wanted, at);
    if (countA !== countB || !bufferA.subarray(0, countA).equals(bufferB.subarray(0, countB))) return false;
    if (countA === 0) return true;
    at += countA;
  }
  return true;
}
