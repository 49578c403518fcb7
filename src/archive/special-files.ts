import { spawnSync } from "node:child_process";
import { constants } from "node:fs";
import type { DeviceNode, PlainNode } from "../store/tree.ts";
import type { Directory } from "./file-calls.ts";
import { libc } from "./libc.ts";

const FORMATS = {
  fifo: constants.S_IFIFO,
  socket: constants.S_IFSOCK,
  blockDevice: constants.S_IFBLK,
  characterDevice: constants.S_IFCHR,
};

/** Without set-user-id until it has its owner. Throws the system's refusal; the reason is returned where this host has no way to make a node of this kind, `undefined` when it was made as `name` (plain ASCII). */
export function makeSpecialFile(directory: Directory, name: string, node: DeviceNode | PlainNode): string | undefined {
  const mknodat = libc()?.mknodat;
  if (mknodat === undefined) return makeByCommand(directory, name, node);
  const rdev = "rdev" in node ? node.rdev : 0n;
  mknodat(directory.fd, Buffer.from(`${name}\0`), FORMATS[node.type] | 0o600, rdev);
  return undefined;
}

/** Node has no mknod(2); coreutils has. */
function makeByCommand(directory: Directory, name: string, node: DeviceNode | PlainNode): string | undefined {
  if (node.type === "socket") return "sockets are made by the program that listens on them";
  // The child reaches our open directory through our own process's entry.
  const base = directory.base.toString("latin1").replace("/proc/self/", `/proc/${process.pid}/`);
  const isDevice = "rdev" in node;
  const command = isDevice ? "mknod" : "mkfifo";
  const device = isDevice
    ? [node.type === "blockDevice" ? "b" : "c", String(majorOf(node.rdev)), String(minorOf(node.rdev))]
    : [];
  const mode = (node.mode & 0o777).toString(8);
  const { status, stderr, error } = spawnSync(command, ["-m", mode, "--", base + name, ...device], {
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (error !== undefined) return `${command}: ${error.message}`;
  return status === 0 ? undefined : stderr.trim();
}

/** As Linux packs them: 12 + 20 bits of major, 8 + 24 bits of minor (makedev(3)). */
function majorOf(rdev: bigint): bigint {
  return ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n);
}

function minorOf(rdev: bigint): bigint {
  return (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
}
