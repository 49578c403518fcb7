import { spawnSync } from "node:child_process";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { foreignCalls } from "../../test/foreign-calls.ts";
import type { PlainNode } from "../store/tree.ts";
import { useDirectories } from "./backup-fixture.ts";
import { EntryWriter } from "./entry-writer.ts";
import { close, openDirectory } from "./file-calls.ts";
import { TemporaryNames } from "./temporary-names.ts";

// Between making a name and giving it owner, mode, attributes and times lies a moment in which whoever may write into the
// directory puts something else there. Here that moment is drawn out: what is made is swapped at once.

let swap: ((path: string) => void) | undefined;

vi.mock("./special-files.ts", async (original) => {
  const actual = await original<typeof import("./special-files.ts")>();
  return {
    ...actual,
    makeSpecialFile(...args: Parameters<typeof actual.makeSpecialFile>) {
      const result = actual.makeSpecialFile(...args);
      swap?.(args[0].base.toString("latin1") + args[1]);
      return result;
    },
  };
});

const directory = useDirectories();
const isRoot = process.geteuid?.() === 0;

const node: PlainNode = {
  type: "fifo",
  name: Buffer.from("pipe"),
  mode: 0o4777,
  uid: isRoot ? 1234 : (process.geteuid?.() ?? 0),
  gid: isRoot ? 1234 : (process.getegid?.() ?? 0),
  mtimeNs: -1n,
  ctimeNs: 0n,
  inode: 1n,
  xattrs: isRoot ? [{ name: Buffer.from("trusted.planted"), value: Buffer.from("x") }] : [],
};

const writer = () =>
  new EntryWriter({ names: new TemporaryNames({ idKey: Buffer.alloc(32), start: ".rusuban-test", thread: 0 }) });

/** All that could have been changed. */
function stateOf(path: string) {
  const { mode, uid, gid, mtimeNs } = lstatSync(path, { bigint: true });
  return { mode, uid, gid, mtimeNs, attributes: foreignCalls?.attributes(Buffer.from(path)) };
}

beforeEach(() => {
  swap = undefined;
});

describe("what is swapped for something else while it is made", () => {
  const attacks: readonly [
    what: string,
    victim: (path: string) => void,
    plant: (victim: string, path: string) => void,
  ][] = [
    [
      "a symlink to a file outside",
      (path) => writeFileSync(path, "victim"),
      (victim, path) => symlinkSync(victim, path),
    ],
    ["another name of a file outside", (path) => writeFileSync(path, "victim"), linkSync],
    [
      "a symlink to a FIFO outside",
      (path) => void spawnSync("mkfifo", [path]),
      (victim, path) => symlinkSync(victim, path),
    ],
    ["another name of a FIFO outside", (path) => void spawnSync("mkfifo", [path]), linkSync],
  ];
  it.each(attacks)("is refused, and %s keeps owner, mode, times and attributes", (_, makeVictim, plant) => {
    const [outside, target] = [directory(), directory()];
    const victim = join(outside, "victim");
    makeVictim(victim);
    swap = (path) => {
      rmSync(path);
      plant(victim, path);
    };
    const before = stateOf(victim);
    const place = openDirectory(Buffer.from(target));
    onTestFinished(() => close(place.fd));
    expect(() => writer().writeSpecial({ directory: place, name: node.name }, node)).toThrow(
      expect.objectContaining({ code: "refused" }),
    );
    expect(stateOf(victim)).toEqual(before);
    expect(readdirSync(target)).toEqual([]);
  });

  it("is made where nobody interferes: the attacks above have something to prevent", () => {
    const target = directory();
    const place = openDirectory(Buffer.from(target));
    onTestFinished(() => close(place.fd));
    expect(writer().writeSpecial({ directory: place, name: node.name }, node)).toBeUndefined();
    const { mode, mtimeNs, uid } = lstatSync(join(target, "pipe"), { bigint: true });
    expect([mode & 0o7777n, uid, mtimeNs]).toEqual([
      0o4777n,
      BigInt(node.uid),
      foreignCalls === undefined ? mtimeNs : -1n,
    ]);
  });
});

const shared = "/dev/shm";
const hasOther = existsSync(shared) && statSync(shared).dev !== statSync(directory()).dev;

describe.skipIf(!hasOther)("another name on another file system (needs /dev/shm)", () => {
  it("is not made, and nothing is left", () => {
    const other = mkdtempSync(join(shared, "rusuban-"));
    onTestFinished(() => rmSync(other, { recursive: true }));
    const here = directory();
    writeFileSync(join(here, "first"), "x");
    const [first, second] = [openDirectory(Buffer.from(here)), openDirectory(Buffer.from(other))];
    onTestFinished(() => {
      for (const { fd } of [first, second]) close(fd);
    });
    const { dev, ino } = lstatSync(join(here, "first"), { bigint: true });
    const name = Buffer.from("second");
    const made = writer().writeHardLink(
      { directory: second, name },
      { directory: first, name: Buffer.from("first") },
      { device: dev, inode: ino },
    );
    expect(made).toBe(false);
    expect(readdirSync(other)).toEqual([]);
  });
});
