import type { SnapshotEntry } from "../model/snapshot.ts";

const KIND_LETTERS: Readonly<Record<SnapshotEntry["kind"], string>> = {
  directory: "d",
  file: "-",
  symlink: "l",
  fifo: "p",
  socket: "s",
  "character-device": "c",
  "block-device": "b",
};

/** `drwxr-sr-x`, as `ls -l` shows kind and permission bits (POSIX.1-2024, ls, "STDOUT"). */
export function formatMode(kind: SnapshotEntry["kind"], mode: number): string {
  const triple = (shift: number, special: number, letter: string) => {
    const bits = (mode >> shift) & 0o7;
    const isSpecial = (mode & special) !== 0;
    const last = (bits & 1) !== 0 ? (isSpecial ? letter : "x") : isSpecial ? letter.toUpperCase() : "-";
    return `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${last}`;
  };
  return KIND_LETTERS[kind] + triple(6, 0o4000, "s") + triple(3, 0o2000, "s") + triple(0, 0o1000, "t");
}
