import { constants } from "node:fs";
import type { NodeType } from "../store/tree.ts";
import type { FileStatus } from "./file-calls.ts";

// struct statx (statx(2), linux/stat.h): the same on every architecture. A call through Node and /proc takes twice as long.

export const STATX_BYTES = 256;
/** AT_SYMLINK_NOFOLLOW: of the entry itself. */
export const STATX_FLAGS = 0x100;
/** STATX_BASIC_STATS: what stat(2) gives. */
export const STATX_MASK = 0x7ff;

/** Decodes what the last call has left in `bytes`. */
export function createStatxDecoder(bytes: Buffer): () => FileStatus {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const u32 = (at: number) => view.getUint32(at, true);
  const u64 = (at: number) => u32(at) + u32(at + 4) * 2 ** 32;
  const time = (at: number) => view.getBigInt64(at, true) * 1_000_000_000n + BigInt(u32(at + 8));
  let device = { major: -1, minor: -1, number: 0n };
  return () => {
    const mode = view.getUint16(28, true);
    const [major, minor] = [u32(136), u32(140)];
    // A walk stays on few devices.
    if (major !== device.major || minor !== device.minor) device = { major, minor, number: deviceNumber(major, minor) };
    return {
      type: typeOfMode(mode),
      mode: mode & 0o7777,
      uid: u32(20),
      gid: u32(24),
      size: u64(40),
      allocatedBytes: u64(48) * 512,
      mtimeNs: time(112),
      ctimeNs: time(96),
      atimeNs: time(64),
      device: device.number,
      inode: view.getBigUint64(32, true),
      links: u32(16),
      rdev: deviceNumber(u32(128), u32(132)),
    };
  };
}

/** As makedev(3) of Linux puts it together, and stat(2) gives it. */
function deviceNumber(major: number, minor: number): bigint {
  if (major === 0 && minor === 0) return 0n;
  const [high, low] = [BigInt(major), BigInt(minor)];
  return ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn);
}

export function typeOfMode(mode: number): NodeType {
  switch (mode & constants.S_IFMT) {
    case constants.S_IFREG:
      return "file";
    case constants.S_IFDIR:
      return "directory";
    case constants.S_IFLNK:
      return "symlink";
    case constants.S_IFIFO:
      return "fifo";
    case constants.S_IFSOCK:
      return "socket";
    case constants.S_IFBLK:
      return "blockDevice";
    case constants.S_IFCHR:
      return "characterDevice";
    default:
      throw new Error(`file type ${(mode & constants.S_IFMT).toString(8)} is unknown`);
  }
}
