import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { foreignCalls } from "./foreign-calls.ts";
import { makeHostileTree } from "./hostile-tree.ts";

// The hostile tree, and what Node's own calls cannot make: times to the nanosecond and far from now, every kind of
// attribute on every kind of entry, sockets, holes, paths that no call takes in one piece. Everything that a backup program
// was ever seen to lose (facts measured on restic, borg, bup, tar and casync) is in here.

/** Seconds and nanoseconds: the first and last that 32 bits hold, around 1970, and beyond both. */
const TIMES: readonly (readonly [string, bigint, bigint])[] = [
  ["1901", -2_147_483_648n, 1n],
  ["1960", -315_619_200n, 123_456_789n],
  ["a nanosecond before 1970", -1n, 999_999_999n],
  ["1970", 0n, 0n],
  ["a nanosecond into 1970", 0n, 1n],
  ["2001", 1_000_000_000n, 999_999_999n],
  ["2038", 2_147_483_648n, 500_000_001n],
  ["2040", 2_208_988_800n, 987_654_321n],
  ["2110", 4_417_977_600n, 5n],
  ["2400", 13_569_465_600n, 111_111_111n],
];
const BLOCK = 4096;
/** Far beyond the 4,096 bytes that a call takes: 60 levels of 250. */
const DEEP_LEVELS = 60;

/** What this system or user could not make is returned, a line each: for a test to print, not to pass over. */
export function makeExactTree(root: string): string[] {
  const isRoot = process.geteuid?.() === 0;
  const calls = foreignCalls;
  if (calls === undefined) throw new Error("foreign calls are needed");
  const notMade: string[] = [];
  makeHostileTree(join(root, "hostile"));
  const at = (...names: string[]) => join(root, ...names);
  const bytes = (...names: string[]) => Buffer.from(at(...names));
  const attempt = (what: string, act: () => void) => {
    try {
      act();
    } catch (error) {
      notMade.push(`${what}: ${(error as Error).message}`);
    }
  };
  const fill = (name: string, fillIn: (path: string) => void) => {
    mkdirSync(at(name));
    fillIn(at(name));
  };

  fill("names", (path) => {
    for (let byte = 1; byte < 256; byte++) {
      if (byte === 0x2e || byte === 0x2f) continue;
      writeFileSync(Buffer.concat([Buffer.from(`${path}/`), Buffer.from([byte])]), `byte ${byte}`);
    }
    writeFileSync(Buffer.concat([Buffer.from(`${path}/`), Buffer.alloc(255, 0xfe)]), "longest, not UTF-8");
    mkdirSync(Buffer.concat([Buffer.from(`${path}/`), Buffer.alloc(254, "\n")]));
    symlinkSync(Buffer.alloc(4095, 0xc3), join(path, "the longest target"));
  });

  fill("deep", (path) => makeDeep(path));

  fill("times", (path) => {
    for (const [name, seconds, nanoseconds] of TIMES) {
      writeFileSync(join(path, `file ${name}`), name);
      mkdirSync(join(path, `directory ${name}`));
      symlinkSync(name, join(path, `symlink ${name}`));
      calls.makeNode(bytes("times", `fifo ${name}`), constants.S_IFIFO);
      calls.makeNode(bytes("times", `socket ${name}`), constants.S_IFSOCK);
      for (const kind of ["file", "directory", "symlink", "fifo", "socket"])
        calls.setTime(bytes("times", `${kind} ${name}`), seconds, nanoseconds);
    }
  });

  fill("modes", (path) => {
    for (let bits = 0; bits < 8; bits++) {
      for (const low of [0o000, 0o644, 0o755, 0o777]) {
        if (!isRoot && low === 0) continue;
        const mode = (bits << 9) | low;
        const name = mode.toString(8).padStart(4, "0");
        writeFileSync(join(path, `file ${name}`), "x");
        mkdirSync(join(path, `directory ${name}`));
        if (isRoot)
          for (const kind of ["file", "directory"]) chownSync(join(path, `${kind} ${name}`), 1000 + bits, 2000);
        chmodSync(join(path, `file ${name}`), mode);
        if (low !== 0o644) chmodSync(join(path, `directory ${name}`), mode);
      }
    }
    for (const [name, type] of [
      ["fifo", constants.S_IFIFO],
      ["socket", constants.S_IFSOCK],
    ] as const) {
      calls.makeNode(bytes("modes", name), type);
      if (isRoot) chownSync(join(path, name), 12, 34);
      chmodSync(join(path, name), 0o7421);
    }
  });

  fill("links", (path) => {
    mkdirSync(join(path, "elsewhere"));
    writeFileSync(join(path, "file"), "one file, four names");
    symlinkSync("file", join(path, "symlink"));
    calls.makeNode(bytes("links", "fifo"), constants.S_IFIFO);
    calls.makeNode(bytes("links", "socket"), constants.S_IFSOCK);
    const kinds = ["file", "symlink", "fifo", "socket"];
    if (isRoot) {
      calls.makeNode(bytes("links", "device"), constants.S_IFCHR, 0x103n);
      kinds.push("device");
    }
    for (const kind of kinds) {
      linkSync(join(path, kind), join(path, `${kind} again`));
      linkSync(join(path, kind), join(path, "elsewhere", `z ${kind}`));
      linkSync(join(path, kind), at("times", `a ${kind}`));
    }
  });

  if (isRoot) {
    fill("devices", () => {
      attempt("devices", () => {
        calls.makeNode(bytes("devices", "null"), constants.S_IFCHR, 0x103n);
        calls.makeNode(bytes("devices", "greatest"), constants.S_IFBLK, 0xffff_ffffn);
        calls.makeNode(bytes("devices", "none"), constants.S_IFCHR, 0n);
      });
    });
  }

  fill("holes", (path) => makeHoles(path));
  fill("attributes", () => makeAttributes(bytes("attributes"), { isRoot, attempt }));
  fill("crowd", (path) => makeCrowd(path));
  // What was made in them has changed their times.
  for (const [index, name] of ["names", "times", "modes", "links", "holes", "attributes", "crowd"].entries())
    calls.setTime(bytes(name), BigInt(index - 3) * 100_000_000n, 7n);
  return notMade;
}

/** Level by level through open directories, since no path reaches down. */
function makeDeep(path: string): void {
  let fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  for (let level = 0; level < DEEP_LEVELS; level++) {
    const base = `/proc/self/fd/${fd}`;
    const name = `${level}-`.padEnd(250, "d");
    if (level % 5 === 0) {
      writeFileSync(`${base}/file`, `level ${level}`);
      symlinkSync(`level ${level}`, `${base}/symlink`);
      foreignCalls?.makeNode(Buffer.from(`${base}/fifo`), constants.S_IFIFO);
      foreignCalls?.setTime(Buffer.from(`${base}/file`), -100n, BigInt(level));
    }
    mkdirSync(`${base}/${name}`);
    const below = openSync(`${base}/${name}`, constants.O_RDONLY | constants.O_DIRECTORY);
    closeSync(fd);
    fd = below;
  }
  writeFileSync(`/proc/self/fd/${fd}/bottom`, "deep down");
  linkSync(`/proc/self/fd/${fd}/bottom`, join(path, "also at the top"));
  closeSync(fd);
}

function makeHoles(path: string): void {
  const make = (name: string, size: number, ...data: (readonly [offset: number, content: Buffer])[]) => {
    const fd = openSync(join(path, name), "w");
    for (const [offset, content] of data) writeSync(fd, content, 0, content.length, offset);
    ftruncateSync(fd, size);
    closeSync(fd);
  };
  const block = (fill: number, count = 1) => Buffer.alloc(BLOCK * count, fill);
  make("nothing but a hole", 2 ** 40 + 5);
  make("small hole", 60_000);
  make("small with a hole", 100_000, [65_536, block(1)]);
  make("hole first", 10_000_000, [5_000_000 - (5_000_000 % BLOCK), Buffer.alloc(5_000_000, "tail ")]);
  make("hole last", 50_000_000, [0, Buffer.alloc(300_000, "head ")]);
  make("zeros that are no hole", 1_000_000, [0, Buffer.alloc(1_000_000)]);
  make("far apart", 2 ** 41, [0, block(2)], [2 ** 33, block(3, 50)], [2 ** 40, block(4)]);
  // More pieces than a list holds.
  const comb = Array.from({ length: 1_500 }, (_, index) => [index * 3 * BLOCK, block(index % 251)] as const);
  make("comb", 1_500 * 3 * BLOCK + 17, ...comb);
}

function makeAttributes(
  root: Buffer,
  { isRoot, attempt }: { isRoot: boolean; attempt: (what: string, act: () => void) => void },
): void {
  const at = (name: string) => Buffer.concat([root, Buffer.from(`/${name}`)]);
  const set = (name: string, attribute: string | Buffer, value: Buffer) =>
    attempt(`${attribute.toString("latin1" as never)} on ${name}`, () =>
      foreignCalls?.setAttribute(at(name), attribute, value),
    );
  for (const name of ["file", "many", "capable", "listed", "read-only", "odd"]) writeFileSync(at(name), name);
  for (const name of ["directory", "listed directory"]) mkdirSync(at(name));
  symlinkSync("file", at("symlink"));
  foreignCalls?.makeNode(at("fifo"), constants.S_IFIFO);
  foreignCalls?.makeNode(at("socket"), constants.S_IFSOCK);
  for (const name of ["file", "directory"]) {
    set(name, "user.text", Buffer.from("値"));
    set(name, "user.empty", Buffer.alloc(0));
    set(name, "user.binary", Buffer.from([0, 255, 10, 0]));
  }
  for (let index = 0; index < 30; index++) set("many", `user.number ${index}`, Buffer.alloc(index * 3, index));
  set("odd", Buffer.concat([Buffer.from("user."), Buffer.from([0xff, 0x0a, 0x80])]), Buffer.from("not UTF-8"));
  set("odd", `user.${"n".repeat(250)}`, Buffer.alloc(2_000, "v"));
  set("read-only", "user.x", Buffer.from("y"));
  chmodSync(at("read-only"), 0o444);
  // A named user and a mask: entries of tag, permissions and id (linux/posix_acl_xattr.h).
  const list = acl([0x01, 6], [0x02, 7, 1234], [0x04, 4], [0x08, 5, 4321], [0x10, 7], [0x20, 1]);
  set("listed", "system.posix_acl_access", list);
  set("listed directory", "system.posix_acl_access", acl([0x01, 7], [0x02, 6, 1234], [0x04, 0], [0x10, 6], [0x20, 1]));
  set("listed directory", "system.posix_acl_default", acl([0x01, 7], [0x02, 5, 99], [0x04, 5], [0x10, 5], [0x20, 0]));
  writeFileSync(Buffer.concat([at("listed directory"), Buffer.from("/inherits")]), "a list of its directory's making");
  mkdirSync(Buffer.concat([at("listed directory"), Buffer.from("/inherits too")]));
  if (!isRoot) return;
  chownSync(at("capable"), 1234, 5678);
  chmodSync(at("capable"), 0o6755);
  // cap_net_bind_service, permitted and effective (linux/capability.h, revision 2).
  set("capable", "security.capability", Buffer.from("0100000200040000000000000000000000000000", "hex"));
  foreignCalls?.makeNode(at("device"), constants.S_IFCHR, 0x103n);
  for (const name of ["file", "directory", "symlink", "fifo", "socket", "device"]) {
    set(name, "trusted.rusuban", Buffer.from(`trusted ${name}`));
    set(name, "security.rusuban", Buffer.from(`security ${name}`));
  }
}

function acl(...entries: (readonly [tag: number, permissions: number, id?: number])[]): Buffer {
  const bytes = Buffer.alloc(4 + entries.length * 8);
  bytes.writeUInt32LE(2);
  for (const [index, [tag, permissions, id = 0xffffffff]] of entries.entries()) {
    bytes.writeUInt16LE(tag, 4 + index * 8);
    bytes.writeUInt16LE(permissions, 6 + index * 8);
    bytes.writeUInt32LE(id, 8 + index * 8);
  }
  return bytes;
}

/** Thousands of ordinary entries. */
function makeCrowd(path: string): void {
  for (let directory = 0; directory < 30; directory++) {
    const inner = join(path, `${directory}`);
    mkdirSync(inner);
    for (let index = 0; index < 90; index++) {
      const name = join(inner, `${index}`);
      if (index % 17 === 0) symlinkSync(`../${directory}/${index + 1}`, name);
      else writeFileSync(name, `${directory}:${index} `.repeat(index * 3));
      foreignCalls?.setTime(Buffer.from(name), BigInt(directory * 1e7 + index), BigInt(index * 1_111_111));
    }
  }
}
