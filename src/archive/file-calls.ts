import {
  type BigIntStats,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { codeOf } from "../runtime/errors.ts";
import type { NodeType } from "../store/tree.ts";
import { libc } from "./libc.ts";
import { typeOfMode } from "./statx.ts";

// Every file system call of backup and restore. Calls are synchronous: a call through Node's thread pool costs several
// times the call itself, and whoever cannot wait runs archiver and extractor in a thread of their own.
//
// Names are resolved against open directories, through /proc/self/fd/N/NAME where the system has it: that is openat(2) by
// another name. Paths have no greatest length then, and a directory swapped for a symlink meanwhile leads nowhere else.
// Calls that Node lacks come from libc.ts; where that is missing, Node's own do what they can.

/** An open directory. */
export interface Directory {
  readonly fd: number;
  /** What goes before a name to reach it. */
  readonly base: Buffer;
}

export interface FileStatus {
  readonly type: NodeType;
  /** The twelve permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** What the content takes on the medium; less than `size` where the file has holes. */
  readonly allocatedBytes: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly atimeNs: bigint;
  readonly device: bigint;
  readonly inode: bigint;
  readonly links: number;
  readonly rdev: bigint;
}

const SELF = "/proc/self/fd/";
const hasSelf = (() => {
  try {
    return readdirSync(SELF).length > 0;
  } catch {
    return false;
  }
})();

const DIRECTORY_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const CREATE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const NOATIME = constants.O_NOATIME ?? 0;
/** Node does not name them; the values are those of every architecture Node runs on. */
const O_PATH = 0o10000000;
const O_TMPFILE = 0o20000000 | (constants.O_DIRECTORY ?? 0);
const UNNAMED_FLAGS = constants.O_WRONLY | O_TMPFILE;
const UNNAMED_REFUSALS = new Set(["EOPNOTSUPP", "ENOTSUP", "EISDIR", "ENOENT", "EINVAL"]);
const HERE = Buffer.from(".\0");

/** Opens an absolute path; its last part may not be a symlink. */
export function openDirectory(path: Buffer): Directory {
  return directoryOf(openSync(path, DIRECTORY_FLAGS), path);
}

export function openDirectoryAt(directory: Directory, name: Buffer): Directory {
  const path = pathAt(directory, name);
  return directoryOf(openAt(directory, name, DIRECTORY_FLAGS), path);
}

/** Half the time of resolving the name through /proc. */
function openAt(directory: Directory, name: Buffer, flags: number): number {
  const calls = libc();
  return calls === undefined
    ? openSync(pathAt(directory, name), flags)
    : calls.openat(directory.fd, zeroTerminated(name), flags, 0);
}

/** One that this process has opened, perhaps in another thread; only where `sharesHandles`. */
export function directoryOfHandle(fd: number): Directory {
  return { fd, base: Buffer.from(`${SELF}${fd}/`) };
}

/** Whether an open directory is all that another thread needs to work in it. */
export const sharesHandles = hasSelf;

function directoryOf(fd: number, path: Buffer): Directory {
  return { fd, base: hasSelf ? Buffer.from(`${SELF}${fd}/`) : Buffer.concat([path, Buffer.from("/")]) };
}

function pathAt({ base }: Directory, name: Buffer): Buffer {
  const path = Buffer.allocUnsafe(base.length + name.length);
  base.copy(path);
  name.copy(path, base.length);
  return path;
}

/** As system calls want it: with a zero byte at the end. */
export function zeroTerminatedPathAt({ base }: Directory, name: Buffer): Buffer {
  const path = Buffer.allocUnsafe(base.length + name.length + 1);
  base.copy(path);
  name.copy(path, base.length);
  path[path.length - 1] = 0;
  return path;
}

const terminatedNames = Buffer.alloc(2 * 4_096);

/** A view that the next call but one uses again: a call takes two names at most, and none keeps them. */
function zeroTerminated(name: Buffer): Buffer {
  if (name.length >= 4_096) return Buffer.concat([name, Buffer.alloc(1)]);
  nextName = nextName === 0 ? 4_096 : 0;
  const end = nextName + name.copy(terminatedNames, nextName);
  terminatedNames[end] = 0;
  return terminatedNames.subarray(nextName, end + 1);
}

let nextName = 0;

/** Leads to what is open as `fd`, a symlink too. With a zero byte at the end. */
export function zeroTerminatedPathOf(fd: number): Buffer {
  return Buffer.from(`${SELF}${fd}\0`);
}

export function close(fd: number): void {
  closeSync(fd);
}

/** Names in byte order, without `.` and `..`. */
export function listNames(directory: Directory): Buffer[] {
  // Latin-1 keeps every byte as one character, and strings sort faster than buffers.
  const names = readdirSync(directory.base, { encoding: "latin1" });
  return names.sort(byteOrder).map((name) => Buffer.from(name, "latin1"));
}

function byteOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function statusAt(directory: Directory, name: Buffer): FileStatus {
  const calls = libc();
  if (calls?.statusAt !== undefined) return calls.statusAt(directory.fd, zeroTerminated(name));
  return statusOf(lstatSync(pathAt(directory, name), { bigint: true }));
}

/** `undefined` when there is nothing of that name. */
export function findStatusAt(directory: Directory, name: Buffer): FileStatus | undefined {
  const stats = lstatSync(pathAt(directory, name), { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? undefined : statusOf(stats);
}

export function status(fd: number): FileStatus {
  return statusOf(fstatSync(fd, { bigint: true }));
}

function statusOf(stats: BigIntStats): FileStatus {
  return {
    type: typeOfMode(Number(stats.mode)),
    mode: Number(stats.mode) & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    size: Number(stats.size),
    allocatedBytes: Number(stats.blocks) * 512,
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    atimeNs: stats.atimeNs,
    device: stats.dev,
    inode: stats.ino,
    links: Number(stats.nlink),
    rdev: stats.rdev,
  };
}

/** Never follows a symlink and never waits for a FIFO's writer; leaves the access time alone where it may. */
export function openForReadingAt(directory: Directory, name: Buffer): number {
  try {
    return openAt(directory, name, READ_FLAGS | NOATIME);
  } catch (error) {
    // Only the owner and root may leave the access time alone.
    if (codeOf(error) === "EPERM") return openAt(directory, name, READ_FLAGS);
    throw error;
  }
}

/** Fills `buffer` from `offset` as far as the file goes; the bytes read. */
export function readFully(fd: number, buffer: Buffer, offset: number): number {
  let filled = 0;
  while (filled < buffer.length) {
    const count = readSync(fd, buffer, filled, buffer.length - filled, offset + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

export function readLinkAt(directory: Directory, name: Buffer): Buffer {
  return readlinkSync(pathAt(directory, name), { encoding: "buffer" });
}

/** The permission bits that no new file gets; all where the system does not tell. Node's own call changes them for a moment. */
export function readUmask(): number {
  try {
    const [, octal = "777"] = /^Umask:\s*([0-7]+)$/m.exec(readFileSync("/proc/self/status", "latin1")) ?? [];
    return Number.parseInt(octal, 8);
  } catch {
    return 0o777;
  }
}

/** EEXIST when the name is taken. */
export function createFileAt(directory: Directory, name: Buffer, mode: number): number {
  return openSync(pathAt(directory, name), CREATE_FLAGS, mode);
}

/** A file without a name: nothing stays of it unless it gets one. `undefined` where system or file system has none. */
export function createUnnamedFile(directory: Directory, mode: number): number | undefined {
  const calls = libc();
  if (calls === undefined) return undefined;
  try {
    return calls.openat(directory.fd, HERE, UNNAMED_FLAGS, mode);
  } catch (error) {
    // EISDIR and ENOENT: from a kernel that knows no such flag.
    if (UNNAMED_REFUSALS.has(codeOf(error))) return undefined;
    throw error;
  }
}

/** For files of `createUnnamedFile`; EEXIST when the name is taken. */
export function nameFileAt(fd: number, directory: Directory, name: Buffer): void {
  libc()?.linkOpen(fd, directory.fd, zeroTerminated(name));
}

export function writeFully(fd: number, bytes: Buffer, offset: number): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(fd, bytes, written, bytes.length - written, offset + written);
}

export function truncate(fd: number, size: number): void {
  ftruncateSync(fd, size);
}

/** Mode 0700. */
export function makeDirectoryAt(directory: Directory, name: Buffer): void {
  mkdirSync(pathAt(directory, name), { mode: 0o700 });
}

export function makeSymlinkAt(directory: Directory, name: Buffer, target: Buffer): void {
  symlinkSync(target, pathAt(directory, name));
}

export function linkAt(from: { directory: Directory; name: Buffer }, to: { directory: Directory; name: Buffer }): void {
  linkSync(pathAt(from.directory, from.name), pathAt(to.directory, to.name));
}

export function renameAt(directory: Directory, from: Buffer, to: Buffer): void {
  const calls = libc();
  // Half the time of resolving both through /proc.
  if (calls !== undefined) calls.renameat(directory.fd, zeroTerminated(from), zeroTerminated(to));
  else renameSync(pathAt(directory, from), pathAt(directory, to));
}

export function unlinkAt(directory: Directory, name: Buffer): void {
  unlinkSync(pathAt(directory, name));
}

export function removeDirectoryAt(directory: Directory, name: Buffer): void {
  rmdirSync(pathAt(directory, name));
}

/**
 * A hold on the entry itself, whatever it is: opens no device, waits for no FIFO, follows no symlink. `undefined` where the
 * system has none.
 */
export function holdAt(directory: Directory, name: Buffer): number | undefined {
  return hasSelf && process.platform === "linux"
    ? openSync(pathAt(directory, name), O_PATH | constants.O_NOFOLLOW)
    : undefined;
}

export function setOwner(fd: number, { uid, gid }: { uid: number; gid: number }): void {
  fchownSync(fd, uid, gid);
}

/** Of the entry itself, symlink or not. */
export function setOwnerAt(directory: Directory, name: Buffer, { uid, gid }: { uid: number; gid: number }): void {
  lchownSync(pathAt(directory, name), uid, gid);
}

export function setMode(fd: number, mode: number): void {
  fchmodSync(fd, mode);
}

/** Of what `holdAt` holds. */
export function setHeldOwner(held: number, { uid, gid }: { uid: number; gid: number }): void {
  chownSync(`${SELF}${held}`, uid, gid);
}

/** Of what `holdAt` holds; a symlink has none. */
export function setHeldMode(held: number, mode: number): void {
  chmodSync(`${SELF}${held}`, mode);
}

export interface FileTimes {
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
}

/** To the nanosecond, as far as the file system keeps them; without libc to a quarter of a microsecond until 2038, since Node takes seconds as a double. */
export function setTimes(fd: number, times: FileTimes): void {
  const calls = libc();
  if (calls !== undefined) calls.futimens(fd, times);
  else futimesSync(fd, secondsOf(times.atimeNs), secondsOf(times.mtimeNs));
}

/** Of what `holdAt` holds; as exact as `setTimes`. */
export function setHeldTimes(held: number, times: FileTimes): void {
  const calls = libc();
  if (calls !== undefined) calls.utimensat(zeroTerminatedPathOf(held), times);
  else utimesSync(`${SELF}${held}`, secondsOf(times.atimeNs), secondsOf(times.mtimeNs));
}

/** Of the entry itself, symlink or not; for systems without `holdAt`. */
export function setTimesAt(directory: Directory, name: Buffer, { atimeNs, mtimeNs }: FileTimes): void {
  lutimesSync(pathAt(directory, name), secondsOf(atimeNs), secondsOf(mtimeNs));
}

/** As text: Node turns a negative number into the present time. Whole seconds stay exact. */
function secondsOf(ns: bigint): string {
  const rest = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return String(Number((ns - rest) / 1_000_000_000n) + Number(rest) / 1e9);
}
