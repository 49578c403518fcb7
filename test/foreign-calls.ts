import { createRequire } from "node:module";
import { getSystemErrorName } from "node:util";

// The tests' own way to the calls that Node lacks, for making and for comparing trees. It shares nothing with src/archive,
// so that both do not make the same mistake.

export interface ForeignCalls {
  /** Of the entry itself, symlink or not; latin1 names to hexadecimal values, sorted. */
  attributes(path: Buffer): [string, string][];
  setAttribute(path: Buffer, name: string | Buffer, value: Buffer): void;
  setTime(path: Buffer, seconds: bigint, nanoseconds: bigint): void;
  /** `type` as S_IF…, `device` as st_rdev. */
  makeNode(path: Buffer, type: number, device?: bigint): void;
  /** [start, end) of what is no hole. */
  dataRuns(fd: number, size: number): [number, number][];
  /** Lets a process that has given up root look at itself in /proc. */
  setDumpable(): void;
}

function load(): ForeignCalls | undefined {
  if (process.platform !== "linux") return undefined;
  let koffi: typeof import("koffi");
  try {
    koffi = createRequire(import.meta.url)("koffi");
  } catch {
    return undefined;
  }
  const library = koffi.load(null);
  const listxattr = library.func("long llistxattr(void *path, void *list, size_t size)");
  const getxattr = library.func("long lgetxattr(void *path, void *name, void *value, size_t size)");
  const setxattr = library.func("int lsetxattr(void *path, void *name, void *value, size_t size, int flags)");
  const utimensat = library.func("int utimensat(int dirfd, void *path, void *times, int flags)");
  const mknod = library.func("int mknod(void *path, unsigned int mode, uint64_t device)");
  const lseek = library.func("int64_t lseek(int fd, int64_t offset, int whence)");
  const prctl = library.func(
    "int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)",
  );

  function check(result: number, what: string, path: Buffer | string): number {
    if (result >= 0) return result;
    const code = getSystemErrorName(-koffi.errno());
    throw Object.assign(new Error(`${code}: ${what} ${path.toString("latin1" as never)}`), { code });
  }
  const z = (bytes: string | Buffer) => Buffer.concat([Buffer.from(bytes), Buffer.alloc(1)]);
  const buffer = Buffer.alloc(65_536);
  return {
    attributes(path) {
      const length = Number(listxattr(z(path), buffer, buffer.length));
      if (length < 0 && koffi.errno() === koffi.os.errno.EOPNOTSUPP) return [];
      check(length, "llistxattr", path);
      const names = buffer.subarray(0, length).toString("latin1").split("\0").slice(0, -1).sort();
      return names.map((name) => {
        const count = check(
          Number(getxattr(z(path), z(Buffer.from(name, "latin1")), buffer, buffer.length)),
          "lgetxattr",
          path,
        );
        return [name, buffer.toString("hex", 0, count)];
      });
    },
    setAttribute: (path, name, value) =>
      void check(
        setxattr(z(path), z(name), value, value.length, 0),
        `lsetxattr ${name.toString("latin1" as never)}`,
        path,
      ),
    setTime(path, seconds, nanoseconds) {
      const times = Buffer.alloc(32);
      for (const at of [0, 16]) {
        times.writeBigInt64LE(seconds, at);
        times.writeBigInt64LE(nanoseconds, at + 8);
      }
      check(utimensat(-100, z(path), times, 0x100), "utimensat", path);
    },
    makeNode: (path, type, device = 0n) => void check(mknod(z(path), type | 0o644, device), "mknod", path),
    dataRuns(fd, size) {
      const runs: [number, number][] = [];
      for (let at = 0; at < size; ) {
        const start = Number(lseek(fd, at, 3));
        if (start < 0) break;
        at = Number(lseek(fd, start, 4));
        runs.push([start, at]);
      }
      return runs;
    },
    setDumpable: () => void check(prctl(4, 1, 0, 0, 0), "prctl", ""),
  };
}

export const foreignCalls = load();
