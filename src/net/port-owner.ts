// Who has a port? Linux answers in two steps (proc(5)): /proc/net/tcp gives a socket's inode and user, and some
// process's /proc/<pid>/fd links to that inode. Without privilege only one's own processes can be looked into.

import { readdir, readFile, readlink } from "node:fs/promises";
import { basename } from "node:path";

export interface PortOwner {
  readonly command: string;
  readonly pid: number;
}

const TCP_LISTEN = "0A"; // net/tcp_states.h
const UDP_UNCONNECTED = "07";

/** The process that listens on `port`, "hidden" when it is another user's and cannot be seen, or undefined when nobody does. */
export async function findPortOwner({
  port,
  transport = "tcp",
  procDirectory = "/proc",
}: {
  port: number;
  transport?: "tcp" | "udp";
  procDirectory?: string;
}): Promise<PortOwner | "hidden" | undefined> {
  const state = transport === "tcp" ? TCP_LISTEN : UDP_UNCONNECTED;
  const tables = await Promise.all(
    [transport, `${transport}6`].map((name) => readText(`${procDirectory}/net/${name}`)),
  );
  const inodes = new Set(tables.flatMap((table) => inodesOf(table ?? "", { port, state })));
  if (inodes.size === 0) return undefined;
  const links = new Set([...inodes].map((inode) => `socket:[${inode}]`));
  for (const entry of await list(procDirectory)) {
    if (!/^\d+$/.test(entry)) continue;
    if (await hasOpen(`${procDirectory}/${entry}/fd`, links)) {
      return { command: await commandOf(`${procDirectory}/${entry}`), pid: Number(entry) };
    }
  }
  return "hidden";
}

/** The program's file name. `comm` is what the process calls itself, and less telling: Node's is "MainThread". */
async function commandOf(directory: string): Promise<string> {
  try {
    return basename(await readlink(`${directory}/exe`)).replace(/ \(deleted\)$/, "");
  } catch {
    return (await readText(`${directory}/comm`))?.trim() || "a process";
  }
}

function inodesOf(table: string, { port, state }: { port: number; state: string }): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table.split("\n").flatMap((line) => {
    const [, local, , rowState, , , , , , inode] = line.trim().split(/\s+/);
    return local?.endsWith(suffix) && rowState === state && inode !== undefined ? [inode] : [];
  });
}

async function hasOpen(directory: string, links: ReadonlySet<string>): Promise<boolean> {
  for (const descriptor of await list(directory)) {
    try {
      if (links.has(await readlink(`${directory}/${descriptor}`))) return true;
    } catch {
      // Closed since it was listed.
    }
  }
  return false;
}

async function list(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch {
    return []; // Ended since it was listed, or another user's.
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}
