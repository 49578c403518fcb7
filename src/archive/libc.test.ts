import { spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  ftruncateSync,
  lstatSync,
  openSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { useDirectories } from "./backup-fixture.ts";
import { type Libc, libc, loadLibc } from "./libc.ts";

const directory = useDirectories();
const load = () => createRequire(import.meta.url)("koffi") as typeof import("koffi");
const z = (text: string) => Buffer.from(`${text}\0`);
const isRoot = process.geteuid?.() === 0;

function withFile(): { path: string; fd: number } {
  const path = join(directory(), "file");
  writeFileSync(path, "content");
  const fd = openSync(path, "r+");
  onTestFinished(() => closeSync(fd));
  return { path, fd };
}

describe.skipIf(libc() === undefined)("the C library (needs koffi on 64-bit Linux)", () => {
  const calls = libc() as Libc;

  it("sets, lists, reads and removes attributes of every length, by path and by handle", () => {
    const { path, fd } = withFile();
    expect(calls.flistxattr(fd)).toEqual([]);
    const values = [Buffer.alloc(0), Buffer.from([0, 1, 255]), Buffer.alloc(3_000, 7)];
    for (const [index, value] of values.entries()) calls.setxattr(z(path), z(`user.${index}`), value);
    const names = values.map((_, index) => `user.${index}`);
    for (const listed of [calls.flistxattr(fd), calls.listxattr(z(path)), calls.llistxattr(z(path))])
      expect(
        listed
          .map(String)
          .filter((name) => name.startsWith("user."))
          .sort(),
      ).toEqual(names);
    for (const [index, value] of values.entries()) {
      expect(calls.fgetxattr(fd, z(`user.${index}`))).toEqual(value);
      expect(calls.lgetxattr(z(path), z(`user.${index}`))).toEqual(value);
    }
    calls.removexattr(z(path), z("user.1"));
    expect(() => calls.fgetxattr(fd, z("user.1"))).toThrow(expect.objectContaining({ code: "ENODATA" }));
  });

  it.skipIf(calls?.statusAt === undefined)("gives the status of every kind of entry as lstat does", () => {
    const { path, fd } = withFile();
    const folder = join(path, "..");
    symlinkSync("nowhere", join(folder, "link"));
    spawnSync("mkfifo", [join(folder, "fifo")]);
    truncateSync(path, 5 * 2 ** 32 + 7);
    utimesSync(path, -1_000.5, -7.25);
    const entries = [
      folder,
      path,
      join(folder, "link"),
      join(folder, "fifo"),
      "/dev/null",
      "/dev/full",
      "/proc/self/fd",
    ];
    for (const entry of entries) {
      const wanted = lstatSync(entry, { bigint: true });
      const found = calls.statusAt?.(fd, z(entry));
      expect(found).toMatchObject({
        ...{ mode: Number(wanted.mode) & 0o7777, uid: Number(wanted.uid), gid: Number(wanted.gid) },
        ...{ size: Number(wanted.size), allocatedBytes: Number(wanted.blocks) * 512, links: Number(wanted.nlink) },
        ...{ mtimeNs: wanted.mtimeNs, ctimeNs: wanted.ctimeNs, inode: wanted.ino },
        ...{ device: wanted.dev, rdev: wanted.rdev },
      });
    }
    expect(() => calls.statusAt?.(fd, z("/no/such/entry"))).toThrow(expect.objectContaining({ code: "ENOENT" }));
  });

  it("lists names that take more than the first buffer", () => {
    const { path, fd } = withFile();
    for (let index = 0; index < 8; index++)
      calls.setxattr(z(path), z(`user.${`${index}`.repeat(200)}`), Buffer.from("x"));
    expect(calls.flistxattr(fd).filter((name) => name.length === 205)).toHaveLength(8);
  });

  it.each([
    ["1901, where 32 bits begin", -2_147_483_646_000_000_001n],
    ["a nanosecond before 1970", -1n],
    ["1970", 0n],
    ["after 2038, to the nanosecond", 4_102_444_800_123_456_789n],
  ])("sets times: %s", (_, mtimeNs) => {
    const { path, fd } = withFile();
    calls.futimens(fd, { atimeNs: 5n, mtimeNs });
    expect(lstatSync(path, { bigint: true })).toMatchObject({ mtimeNs, atimeNs: 5n });
    calls.utimensat(z(path), { atimeNs: mtimeNs, mtimeNs: 7n });
    expect(lstatSync(path, { bigint: true })).toMatchObject({ mtimeNs: 7n, atimeNs: mtimeNs });
  });

  it("finds data and holes, and nothing beyond the end", () => {
    const { fd } = withFile();
    ftruncateSync(fd, 0);
    writeSync(fd, Buffer.alloc(65_536, 1), 0, 65_536, 2 ** 33);
    ftruncateSync(fd, 2 ** 34);
    expect(calls.nextData(fd, 0)).toBe(2 ** 33);
    expect(calls.nextHole(fd, 2 ** 33)).toBe(2 ** 33 + 65_536);
    expect(calls.nextData(fd, 2 ** 33 + 65_536)).toBeUndefined();
    expect(calls.nextHole(fd, 2 ** 35)).toBeUndefined();
    expect(() => calls.nextData(-1, 0)).toThrow(expect.objectContaining({ code: "EBADF", syscall: "lseek" }));
  });

  it("fails as Node's own calls do", () => {
    expect(() => calls.llistxattr(z("/nowhere/at all"))).toThrow("ENOENT: no such file or directory, llistxattr");
    expect(() => calls.setxattr(z("/nowhere"), z("user.x"), Buffer.alloc(0))).toThrow(
      expect.objectContaining({ code: "ENOENT", syscall: "setxattr", errno: -2 }),
    );
  });

  it.each([
    ["by its own name", load],
    [
      "by the name it had before glibc 2.33",
      () => {
        const koffi = load();
        const hiding = (library: ReturnType<typeof koffi.load>) => ({
          func(name: string, ...rest: [never, never]) {
            if (name === "mknodat") throw new Error("cannot find function 'mknodat'");
            return library.func(name, ...rest);
          },
        });
        return { ...koffi, load: (path: string | null) => hiding(koffi.load(path)) } as unknown as typeof koffi;
      },
    ],
  ])("makes special files: %s", (_, loadKoffi) => {
    const path = directory();
    const fd = openSync(path, "r");
    onTestFinished(() => closeSync(fd));
    const loaded = loadLibc(loadKoffi);
    expect(loaded?.mknodat).toBeDefined();
    const kinds = [constants.S_IFIFO, constants.S_IFSOCK, ...(isRoot ? [constants.S_IFCHR, constants.S_IFBLK] : [])];
    for (const kind of kinds) {
      const rdev = kind === constants.S_IFCHR || kind === constants.S_IFBLK ? 0xfff_00123n : 0n;
      loaded?.mknodat?.(fd, z("made"), kind | 0o600, rdev);
      const { mode, rdev: made } = lstatSync(join(path, "made"), { bigint: true });
      expect([mode, made]).toEqual([BigInt(kind | 0o600), rdev]);
      expect(() => loaded?.mknodat?.(fd, z("made"), kind, rdev)).toThrow(expect.objectContaining({ code: "EEXIST" }));
      unlinkSync(join(path, "made"));
    }
  });
});
