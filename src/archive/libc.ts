import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { endianness } from "node:os";
import { getSystemErrorMessage, getSystemErrorName } from "node:util";
import type { FileStatus } from "./file-calls.ts";
import { createStatxDecoder, STATX_BYTES, STATX_FLAGS, STATX_MASK } from "./statx.ts";

// The system calls that Node lacks, through koffi; every foreign call of the house is here. Paths and names are bytes and
// end in a zero byte. A call that fails throws as Node's own do: an Error with `code` and `syscall`. Man pages, section 2.

export interface Libc {
  /** Names of the extended attributes of the entry itself, symlink or not. */
  llistxattr(path: Buffer): readonly Buffer[];
  lgetxattr(path: Buffer, name: Buffer): Buffer;
  flistxattr(fd: number): readonly Buffer[];
  fgetxattr(fd: number, name: Buffer): Buffer;
  /** These follow a symlink at the end of the path, such as `/proc/self/fd/N`. */
  listxattr(path: Buffer): readonly Buffer[];
  setxattr(path: Buffer, name: Buffer, value: Buffer): void;
  removexattr(path: Buffer, name: Buffer): void;
  utimensat(path: Buffer, times: { readonly atimeNs: bigint; readonly mtimeNs: bigint }): void;
  futimens(fd: number, times: { readonly atimeNs: bigint; readonly mtimeNs: bigint }): void;
  /** `path` below the open directory; a handle. */
  openat(directory: number, path: Buffer, flags: number, mode: number): number;
  renameat(directory: number, from: Buffer, to: Buffer): void;
  /** Of the entry itself. Missing where library or kernel are older than it (glibc 2.28, Linux 4.11), or a sandbox forbids it. */
  readonly statusAt: ((directory: number, name: Buffer) => FileStatus) | undefined;
  /** Gives what is open as `fd` the name; EEXIST when it is taken. */
  linkOpen(fd: number, directory: number, name: Buffer): void;
  /** `mode` with the file's type, `rdev` as st_rdev. Missing where the library has it under no name we know. */
  readonly mknodat: ((directory: number, name: Buffer, mode: number, rdev: bigint) => void) | undefined;
  /** Where data begins at or after `offset`; undefined when only a hole is left. */
  nextData(fd: number, offset: number): number | undefined;
  /** Where the next hole begins at or after `offset`, at the latest the end of the file; undefined beyond it. */
  nextHole(fd: number, offset: number): number | undefined;
}

type Koffi = Pick<typeof import("koffi"), "load" | "errno" | "sizeof">;

const AT_FDCWD = -100;
const AT_SYMLINK_FOLLOW = 0x400;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
/** Node does not name it; the value is that of every architecture Node runs on. */
const O_CLOEXEC = 0o2000000;
const ENXIO = 6;
const ERANGE = 34;
/** Holds what nearly every entry has; the kernel allocates and clears as much as it is offered. */
const SHORT_BYTES = 1024;
/** The kernel's greatest value and greatest list of names (linux/limits.h). */
const LONG_BYTES = 65_536;
const NONE: readonly Buffer[] = [];

let loaded: { libc: Libc | undefined } | undefined;

/** Loaded at the first call; `undefined` where it cannot be: another system than 64-bit Linux, no library for it, no /proc. */
export function libc(): Libc | undefined {
  loaded ??= { libc: loadLibc(() => createRequire(import.meta.url)("koffi") as Koffi) };
  return loaded.libc;
}

/** `loadKoffi` may throw. */
export function loadLibc(loadKoffi: () => Koffi): Libc | undefined {
  if (process.platform !== "linux" || !existsSync("/proc/self/fd")) return undefined;
  try {
    const koffi = loadKoffi();
    // Where a long has 8 bytes, so have off_t and time_t; timespecs are written with the lowest byte first.
    return koffi.sizeof("long") === 8 && endianness() === "LE" ? bind(koffi) : undefined;
  } catch {
    return undefined;
  }
}

function bind(koffi: Koffi): Libc {
  const library = koffi.load(null);
  const list = ["void *", "void *", "size_t"];
  const get = ["void *", "void *", "void *", "size_t"];
  const calls = {
    llistxattr: library.func("llistxattr", "long", list),
    listxattr: library.func("listxattr", "long", list),
    flistxattr: library.func("flistxattr", "long", ["int", "void *", "size_t"]),
    lgetxattr: library.func("lgetxattr", "long", get),
    fgetxattr: library.func("fgetxattr", "long", ["int", "void *", "void *", "size_t"]),
    setxattr: library.func("setxattr", "int", ["void *", "void *", "void *", "size_t", "int"]),
    removexattr: library.func("removexattr", "int", ["void *", "void *"]),
    utimensat: library.func("utimensat", "int", ["int", "void *", "void *", "int"]),
    futimens: library.func("futimens", "int", ["int", "void *"]),
    lseek: library.func("lseek", "long", ["int", "long", "int"]),
    openat: library.func("openat", "int", ["int", "void *", "int", "unsigned int"]),
    renameat: library.func("renameat", "int", ["int", "void *", "int", "void *"]),
    linkat: library.func("linkat", "int", ["int", "void *", "int", "void *", "int"]),
  };
  const mknodat = bindMknodat(library);
  const short = Buffer.alloc(SHORT_BYTES);
  let long: Buffer | undefined;
  const timespecs = Buffer.alloc(32);

  function fail(syscall: string): never {
    throw systemError(koffi.errno(), syscall);
  }

  function check(result: number, syscall: string): void {
    if (result < 0) fail(syscall);
  }

  /** The bytes that `call` fills in, in a buffer that the next call reuses. */
  function filled(syscall: string, call: (buffer: Buffer, bytes: number) => number): Buffer {
    let count = call(short, SHORT_BYTES);
    if (count >= 0) return short.subarray(0, count);
    if (koffi.errno() !== ERANGE) return fail(syscall);
    long ??= Buffer.allocUnsafeSlow(LONG_BYTES);
    count = call(long, LONG_BYTES);
    return count < 0 ? fail(syscall) : long.subarray(0, count);
  }

  function names(syscall: string, call: (buffer: Buffer, bytes: number) => number): readonly Buffer[] {
    const bytes = filled(syscall, call);
    return bytes.length === 0 ? NONE : splitNames(bytes);
  }

  function timesOf({ atimeNs, mtimeNs }: { readonly atimeNs: bigint; readonly mtimeNs: bigint }): Buffer {
    writeTimespec(timespecs, 0, atimeNs);
    writeTimespec(timespecs, 16, mtimeNs);
    return timespecs;
  }

  function seek(fd: number, offset: number, what: number): number | undefined {
    const at = Number(calls.lseek(fd, offset, what));
    if (at >= 0) return at;
    return koffi.errno() === ENXIO ? undefined : fail("lseek");
  }

  return {
    llistxattr: (path) => names("llistxattr", (buffer, bytes) => calls.llistxattr(path, buffer, bytes)),
    listxattr: (path) => names("listxattr", (buffer, bytes) => calls.listxattr(path, buffer, bytes)),
    flistxattr: (fd) => names("flistxattr", (buffer, bytes) => calls.flistxattr(fd, buffer, bytes)),
    lgetxattr: (path, name) =>
      Buffer.from(filled("lgetxattr", (buffer, bytes) => calls.lgetxattr(path, name, buffer, bytes))),
    fgetxattr: (fd, name) =>
      Buffer.from(filled("fgetxattr", (buffer, bytes) => calls.fgetxattr(fd, name, buffer, bytes))),
    setxattr: (path, name, value) => check(calls.setxattr(path, name, value, value.length, 0), "setxattr"),
    removexattr: (path, name) => check(calls.removexattr(path, name), "removexattr"),
    utimensat: (path, times) => check(calls.utimensat(AT_FDCWD, path, timesOf(times), 0), "utimensat"),
    futimens: (fd, times) => check(calls.futimens(fd, timesOf(times)), "futimens"),
    openat(directory, path, flags, mode) {
      // Without O_CLOEXEC programs that we start would inherit it.
      const fd = calls.openat(directory, path, flags | O_CLOEXEC, mode);
      return fd < 0 ? fail("openat") : fd;
    },
    statusAt: bindStatx(library, fail),
    renameat: (directory, from, to) => check(calls.renameat(directory, from, directory, to), "renameat"),
    linkOpen: (fd, directory, name) =>
      check(calls.linkat(AT_FDCWD, Buffer.from(`/proc/self/fd/${fd}\0`), directory, name, AT_SYMLINK_FOLLOW), "linkat"),
    mknodat:
      mknodat === undefined
        ? undefined
        : (directory, name, mode, rdev) => check(mknodat(directory, name, mode, rdev), "mknodat"),
    nextData: (fd, offset) => seek(fd, offset, SEEK_DATA),
    nextHole: (fd, offset) => seek(fd, offset, SEEK_HOLE),
  };
}

function bindStatx(library: ReturnType<Koffi["load"]>, fail: (syscall: string) => never): Libc["statusAt"] {
  let statx: (directory: number, name: Buffer, flags: number, mask: number, into: Buffer) => number;
  try {
    statx = library.func("statx", "int", ["int", "void *", "int", "unsigned int", "void *"]);
  } catch {
    return undefined;
  }
  const bytes = Buffer.alloc(STATX_BYTES);
  const decode = createStatxDecoder(bytes);
  if (statx(AT_FDCWD, Buffer.from("/\0"), STATX_FLAGS, STATX_MASK, bytes) !== 0) return undefined;
  return (directory, name) => {
    if (statx(directory, name, STATX_FLAGS, STATX_MASK, bytes) !== 0) fail("statx");
    return decode();
  };
}

type Mknodat = (directory: number, name: Buffer, mode: number, rdev: bigint) => number;

/** glibc has it by its own name since 2.33; before, stat.h made it a call of __xmknodat, with version 0 on the architectures named here. */
function bindMknodat(library: ReturnType<Koffi["load"]>): Mknodat | undefined {
  const bindTo = (name: string, types: string[]): ((...args: unknown[]) => number) | undefined => {
    try {
      return library.func(name, "int", types);
    } catch {
      return undefined;
    }
  };
  const direct = bindTo("mknodat", ["int", "void *", "unsigned int", "uint64_t"]);
  if (direct !== undefined) return direct;
  const versioned =
    process.arch === "x64" || process.arch === "arm64"
      ? bindTo("__xmknodat", ["int", "int", "void *", "unsigned int", "void *"])
      : undefined;
  if (versioned === undefined) return undefined;
  return (directory, name, mode, rdev) => {
    const device = Buffer.alloc(8);
    device.writeBigUInt64LE(rdev);
    return versioned(0, directory, name, mode, device);
  };
}

/** `bytes`: names with a zero byte after each. */
function splitNames(bytes: Buffer): Buffer[] {
  const names: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, start)) {
    names.push(Buffer.from(bytes.subarray(start, end)));
    start = end + 1;
  }
  return names;
}

/** struct timespec of 64-bit Linux: seconds rounded down, then nanoseconds. */
function writeTimespec(buffer: Buffer, offset: number, ns: bigint): void {
  const rest = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  buffer.writeBigInt64LE((ns - rest) / 1_000_000_000n, offset);
  buffer.writeBigInt64LE(rest, offset + 8);
}

function systemError(errno: number, syscall: string): Error {
  const code = getSystemErrorName(-errno);
  const message = `${code}: ${getSystemErrorMessage(-errno)}, ${syscall}`;
  return Object.assign(new Error(message), { errno: -errno, code, syscall });
}
