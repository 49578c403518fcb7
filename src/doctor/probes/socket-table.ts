// Who listens where: Linux' /proc/net/tcp, tcp6, udp, udp6 (proc(5)) say which sockets there are, and /proc/PID/fd whose
// they are. Without privilege only one's own processes can be looked into; the others are "hidden".

import { readdir, readFile, readlink } from "node:fs/promises";
import { basename } from "node:path";
import type { Family, ListeningSocket } from "../evidence.ts";
import type { HalfOpen, PortSpan } from "../helper.ts";
import { DOCTOR_LIMITS } from "../limits.ts";

/** Processes that are looked into together: a busy program has a turn for each group, and not for each descriptor. */
const AT_ONCE = 32;
const LISTEN = "0A"; // net/tcp_states.h
const SYN_RECV = "03";
const UDP_UNCONNECTED = "07";

export interface SocketTable {
  readonly sockets: readonly ListeningSocket[];
  readonly halfOpen: readonly HalfOpen[];
}

export interface SocketTableNeeds {
  readonly procDirectory?: string;
  /** Whether a process is one of ours. */
  readonly isOwn: (pid: number) => boolean | Promise<boolean>;
}

/** The listeners and half-open connections on these ports; null where this system has no such table. */
export async function readSocketTable(
  spans: readonly PortSpan[],
  { procDirectory = "/proc", isOwn }: SocketTableNeeds,
): Promise<SocketTable | null> {
  const rows = await readRows(spans, procDirectory);
  if (rows === null) return null;
  const listening = rows.filter(({ state }) => state !== SYN_RECV).slice(0, DOCTOR_LIMITS.socketsToldMax);
  const owners = await findOwners(new Set(listening.map(({ inode }) => inode)), { procDirectory, isOwn });
  return { sockets: withoutDuplicates(listening.map((row) => toSocket(row, owners))), halfOpen: halfOpenOf(rows) };
}

/** Half-open connections alone: no process is looked into. */
export async function readHalfOpen(spans: readonly PortSpan[], procDirectory = "/proc"): Promise<HalfOpen[]> {
  return spans.length === 0 ? [] : halfOpenOf((await readRows(spans, procDirectory)) ?? []);
}

async function readRows(spans: readonly PortSpan[], procDirectory: string): Promise<Row[] | null> {
  const rows: Row[] = [];
  for (const transport of ["tcp", "udp"] as const) {
    for (const family of ["ipv4", "ipv6"] as const) {
      const path = `${procDirectory}/net/${transport}${family === "ipv6" ? "6" : ""}`;
      const text = await readFile(path, "utf8").catch(() => undefined);
      if (text === undefined && family === "ipv4") return null;
      const isWanted = (port: number) =>
        spans.some((span) => span.transport === transport && span.from <= port && port <= span.to);
      for (const line of (text ?? "").split("\n").slice(1, DOCTOR_LIMITS.socketRowsMax)) {
        const row = parseRow(line, family);
        if (row !== undefined && isWanted(row.port) && isTold(row, transport)) rows.push(row);
      }
    }
  }
  return rows;
}

interface Row {
  readonly family: Family;
  readonly address: string;
  readonly port: number;
  readonly state: string;
  readonly inode: string;
}

function isTold({ state }: Row, transport: "tcp" | "udp"): boolean {
  return transport === "udp" ? state === UDP_UNCONNECTED : state === LISTEN || state === SYN_RECV;
}

function parseRow(line: string, family: Family): Row | undefined {
  const [, local = "", , state = "", , , , , , inode = ""] = line.trim().split(/\s+/);
  const [address = "", port = ""] = local.split(":");
  if (port === "") return undefined;
  return { family, address: readAddress(address), port: Number.parseInt(port, 16), state, inode };
}

/** The kernel prints 32-bit words as this machine holds them: on all that Node.js runs on but a few, backwards. */
function readAddress(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).reverse()).map((byte) => Number.parseInt(byte, 16));
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
  );
  if (groups.slice(0, 5).every((group) => group === "0") && groups[5] === "ffff") return bytes.slice(12).join(".");
  const text = groups.join(":");
  return text === "0:0:0:0:0:0:0:0" ? "::" : text === "0:0:0:0:0:0:0:1" ? "::1" : text;
}

function toSocket({ family, address, port, inode }: Row, owners: ReadonlyMap<string, Owner>): ListeningSocket {
  const owner = owners.get(inode);
  return {
    family,
    address,
    // What Linux does unless the program asked for IPv6 only (ipv6(7)), which this table does not show; where it did,
    // it has a socket for IPv4 as well, or the probe by IPv4 says so.
    alsoIpv4: family === "ipv6" && address === "::",
    port,
    holder: owner === undefined ? "hidden" : owner.isOwn ? "own" : "other",
    owner: owner === undefined ? "" : `${owner.command} (pid ${owner.pid})`,
  };
}

function withoutDuplicates(sockets: readonly ListeningSocket[]): ListeningSocket[] {
  return [...new Map(sockets.map((socket) => [JSON.stringify(socket), socket])).values()];
}

function halfOpenOf(rows: readonly Row[]): HalfOpen[] {
  const counts = new Map<string, HalfOpen>();
  for (const { family, port, state, address } of rows) {
    if (state !== SYN_RECV) continue;
    // A listener for both families has its IPv4 connections in the table of IPv6.
    const real = address.includes(":") ? family : "ipv4";
    const key = `${real} ${port}`;
    counts.set(key, { family: real, port, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()].slice(0, DOCTOR_LIMITS.socketsToldMax);
}

interface Owner {
  readonly pid: number;
  readonly command: string;
  readonly isOwn: boolean;
}

async function findOwners(
  inodes: ReadonlySet<string>,
  { procDirectory, isOwn }: { procDirectory: string; isOwn: SocketTableNeeds["isOwn"] },
): Promise<Map<string, Owner>> {
  const owners = new Map<string, Owner>();
  const wanted = new Map([...inodes].map((inode) => [`socket:[${inode}]`, inode]));
  const processes = (await list(procDirectory)).filter((entry) => /^\d+$/.test(entry));
  // Most of what is asked for is this program's own: thousands of other processes are then not looked into.
  const own = `${process.pid}`;
  const others = processes.filter((each) => each !== own);
  const groups = [processes.filter((each) => each === own)];
  for (let from = 0; from < others.length; from += AT_ONCE) groups.push(others.slice(from, from + AT_ONCE));
  for (const group of groups) {
    if (owners.size === wanted.size) break;
    await Promise.all(
      group.map(async (entry) => {
        const directory = `${procDirectory}/${entry}`;
        const descriptors = await list(`${directory}/fd`);
        const links = await Promise.all(descriptors.map((each) => readlink(`${directory}/fd/${each}`).catch(() => "")));
        const held = links.map((link) => wanted.get(link)).filter((inode) => inode !== undefined);
        if (held.length === 0) return;
        const pid = Number(entry);
        const owner = { pid, command: await commandOf(directory), isOwn: await isOwn(pid) };
        for (const inode of held) if (!owners.has(inode)) owners.set(inode, owner);
      }),
    );
  }
  return owners;
}

/** The program's file name; `comm`, which a process may choose, where that cannot be read. */
async function commandOf(directory: string): Promise<string> {
  const path = await readlink(`${directory}/exe`).catch(() => "");
  if (path !== "") return basename(path).replace(/ \(deleted\)$/, "");
  return (await readFile(`${directory}/comm`, "utf8").catch(() => "a process")).trim();
}

async function list(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch(() => []); // Ended since it was listed, or another user's.
}
