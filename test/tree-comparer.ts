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

// Compares two trees entry by entry: names, types, contents, modes, owners, times, link targets, which names are one file.
// Written for the tests alone and sharing nothing with the archiver, so that both do not make the same mistake.

export interface TreeComparison {
  /** One line a difference: path below the trees, what, left, right. */
  readonly differences: string[];
  readonly entries: number;
}

export interface ComparerOptions {
  /** Times may differ by so much; Node sets them to a fraction of a microsecond. */
  readonly timeToleranceNs?: bigint;
  /** Directories whose own times are not compared (the roots: something was made in them). */
  readonly ignoreRootTimes?: boolean;
  readonly ignoreOwners?: boolean;
}

const SLASH = Buffer.from("/");

export function compareTrees(
  left: string | Buffer,
  right: string | Buffer,
  options: ComparerOptions = {},
): TreeComparison {
  const differences: string[] = [];
  const groups = { left: new Map<string, string>(), right: new Map<string, string>() };
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
    if (statA.mode !== statB.mode) return;
    if (!statA.isDirectory())
      differ("other names", firstName(groups.left, statA, path), firstName(groups.right, statB, path));
    if (statA.isDirectory()) compareDirectories(a, b, path);
    else if (statA.isSymbolicLink()) differ("target", linkOf(a), linkOf(b));
    else if (statA.isFile()) {
      differ("size", statA.size, statB.size);
      if (statA.size === statB.size && !sameContent(a, b)) differences.push(`${path}: contents differ`);
    } else if (statA.isBlockDevice() || statA.isCharacterDevice()) differ("device", statA.rdev, statB.rdev);
  }

  compareEntries(Buffer.from(left), Buffer.from(right), "");
  return { differences, entries };
}

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

function sameContent(a: Buffer, b: Buffer): boolean {
  const fdA = openSync(a, "r");
  const fdB = openSync(b, "r");
  try {
    const bufferA = Buffer.alloc(1 << 16);
    const bufferB = Buffer.alloc(1 << 16);
    for (;;) {
      const countA = readSync(fdA, bufferA);
      const countB = readSync(fdB, bufferB);
      if (countA !== countB || !bufferA.subarray(0, countA).equals(bufferB.subarray(0, countB))) return false;
      if (countA === 0) return true;
    }
  } finally {
    closeSync(fdA);
    closeSync(fdB);
  }
}
