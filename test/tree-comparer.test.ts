import {
  chmodSync,
  chownSync,
  constants,
  ftruncateSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { foreignCalls } from "./foreign-calls.ts";
import { compareTrees } from "./tree-comparer.ts";

const calls = foreignCalls;
const isRoot = process.geteuid?.() === 0;
const bytes = (path: string) => Buffer.from(path);

function makeTree(root: string): string {
  mkdirSync(join(root, "directory"), { recursive: true });
  writeFileSync(join(root, "file"), "content");
  linkSync(join(root, "file"), join(root, "other name"));
  symlinkSync("target", join(root, "symlink"));
  const fd = openSync(join(root, "sparse"), "w");
  writeSync(fd, Buffer.alloc(4096, 1), 0, 4096, 65_536);
  ftruncateSync(fd, 200_000);
  calls?.makeNode(bytes(join(root, "fifo")), constants.S_IFIFO);
  for (const name of ["file", "sparse", "symlink", "fifo", "directory", "."])
    calls?.setTime(bytes(join(root, name)), 1_000n, 5n);
  return root;
}

/** Each must be told; those of one nanosecond and of holes are the ones that look alike. */
const CHANGES: readonly [what: string, change: (root: string) => void][] = [
  ["missing on the right", (root) => unlinkSync(join(root, "symlink"))],
  ["missing on the left", (root) => writeFileSync(join(root, "new"), "")],
  ["contents", (root) => writeFileSync(join(root, "file"), "CONTENT")],
  ["size", (root) => writeFileSync(join(root, "file"), "content and more")],
  ["mode", (root) => chmodSync(join(root, "directory"), 0o1755)],
  ["mtime", (root) => calls?.setTime(bytes(join(root, "symlink")), 1_000n, 6n)],
  [
    "target",
    (root) => {
      unlinkSync(join(root, "symlink"));
      symlinkSync("elsewhere", join(root, "symlink"));
    },
  ],
  [
    "mode 10",
    (root) => {
      unlinkSync(join(root, "fifo"));
      calls?.makeNode(bytes(join(root, "fifo")), constants.S_IFSOCK);
    },
  ],
  [
    "other names",
    (root) => {
      writeFileSync(join(root, "copy"), "content");
      renameSync(join(root, "copy"), join(root, "other name"));
    },
  ],
  ["count of names", (root) => linkSync(join(root, "fifo"), join(root, "..", `${root.split("/").at(-1)} fifo`))],
  ["attributes", (root) => calls?.setAttribute(bytes(join(root, "directory")), "user.x", Buffer.from("y"))],
  [
    "data between holes",
    (root) => {
      const fd = openSync(join(root, "sparse"), "r+");
      writeSync(fd, Buffer.alloc(4096), 0, 4096, 0);
    },
  ],
  [
    "contents",
    (root) => {
      const fd = openSync(join(root, "sparse"), "r+");
      writeSync(fd, Buffer.from("z"), 0, 1, 66_000);
    },
  ],
];

describe.skipIf(calls === undefined)("the comparer of trees (needs foreign calls)", () => {
  const directory = () => {
    const path = mkdtempSync(join(tmpdir(), "rusuban-comparer-"));
    onTestFinished(() => rmSync(path, { recursive: true }));
    return path;
  };

  it("finds nothing between two trees made alike", () => {
    const top = directory();
    const { differences, entries } = compareTrees(makeTree(join(top, "a")), makeTree(join(top, "b")), { exact: true });
    expect(differences).toEqual([]);
    expect(entries).toBe(7);
  });

  it.each(CHANGES)("tells of %s", (what, change) => {
    const top = directory();
    const [left, right] = [makeTree(join(top, "a")), makeTree(join(top, "b"))];
    change(right);
    expect(compareTrees(left, right, { exact: true }).differences.join("\n")).toContain(`: ${what}`);
  });

  it.skipIf(!isRoot)("tells of owners, devices and attributes of symlinks (as root)", () => {
    const top = directory();
    const [left, right] = [makeTree(join(top, "a")), makeTree(join(top, "b"))];
    chownSync(join(right, "file"), 1, 2);
    calls?.setAttribute(bytes(join(right, "symlink")), "trusted.x", Buffer.from("y"));
    for (const [root, device] of [
      [left, 0x103n],
      [right, 0x105n],
    ] as const)
      calls?.makeNode(bytes(join(root, "device")), constants.S_IFCHR, device);
    const told = compareTrees(left, right, { exact: true }).differences.join("\n");
    for (const what of [
      "/file: uid 0 against 1",
      "/file: gid",
      "/symlink: attributes",
      "/device: device 259 against 261",
    ])
      expect(told).toContain(what);
  });
});
