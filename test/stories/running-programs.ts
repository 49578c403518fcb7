import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, onTestFailed, onTestFinished } from "vitest";
import { AGENT_LISTENS } from "../../src/agent/settings.ts";
import { MANAGER_LISTENS } from "../../src/manager/settings.ts";
import { findFreePorts, proposeLastingPorts } from "../../src/net/free-port.ts";
import { readSystemPorts } from "../../src/ports/ephemeral-ports.ts";
import type { FlowKey } from "../../src/ports/port-map.ts";
import { pause, systemClock } from "../../src/runtime/clock.ts";
import { systemRandom } from "../../src/runtime/random.ts";

// Commands of ours as an operator starts them, each the head of a process group as in a terminal, and what the system
// knows of them: their children, their sockets, their memory. Linux only: it is read from /proc.

export const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));
export const LAUNCHER = join(PACKAGE, "bin/rusuban.js");
export const LOOPBACK = "127.0.0.1";
const POLL_MS = 20;
/** For what takes a few seconds here, on a machine that is busy with other tests. */
const PATIENCE_MS = 60_000;

/** Asks until there is an answer. */
export async function eventually<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = PATIENCE_MS,
): Promise<T> {
  const deadline = systemClock.monotonic() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (systemClock.monotonic() > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
    await pause(systemClock, POLL_MS);
  }
}

export type Register = (end: () => Promise<void>) => void;

/**
 * What is registered with the function returned ends when all tests of the file or suite have: last first. To be called
 * where those are declared, because Vitest hears of no afterAll from within a hook or a test.
 */
export function endAfterAll(): Register {
  const ends: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });
  return (end) => void ends.push(end);
}

/** A folder of the running test, or of all of them with `register` of endAfterAll. */
export async function createFolder(register: Register = onTestFinished): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "rusuban-story-"));
  register(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface CommandOptions {
  /** Settings and places of its own; nothing of the tests' settings is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** What stands before the arguments: a runtime and the launcher. */
  readonly command?: readonly string[];
  /** Ends it, whatever becomes of the test. */
  readonly register?: Register;
}

export interface CommandEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A command that runs, and what it has said so far. */
export class RunningCommand {
  readonly pid: number;
  readonly ended: Promise<CommandEnd>;
  readonly startedAt = systemClock.monotonic();
  stdout = "";
  stderr = "";
  hasEnded = false;

  constructor(args: readonly string[], { env = {}, command = [process.execPath, LAUNCHER], register }: CommandOptions) {
    const inherited = Object.entries(process.env).filter(
      ([key]) => !/^(RUSUBAN_|VITEST|NODE_|XDG_|LC_|LANG)/.test(key),
    );
    const [program = "", ...before] = command;
    const child: ChildProcess = spawn(program, [...before, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      env: { ...Object.fromEntries(inherited), NO_COLOR: "1", ...env },
    });
    this.pid = child.pid ?? 0;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.ended = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", () => {
        this.hasEnded = true;
      });
      // "close": all it said has been heard, also by those who share its terminal.
      child.once("close", (code, signal) => resolve({ code, signal }));
    });
    this.ended.catch(() => {});
    (register ?? onTestFinished)(async () => {
      this.signalGroup("SIGKILL");
      await this.ended.catch(() => {});
    });
  }

  /** As a terminal does it: to the command and all that it has started. */
  signalGroup(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal);
    } catch {
      // All of them are gone.
    }
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Until it has printed `text`; throws where it ends before. */
  async says(text: string): Promise<void> {
    await eventually(`"${text}"`, () => {
      if (this.stdout.includes(text)) return true;
      if (this.hasEnded) throw new Error(`it ended without saying "${text}":\n${this.stdout}\n${this.stderr}`);
      return false;
    });
  }

  /** Log lines (JSON) that hold all of `parts`. */
  logLines(...parts: readonly string[]): string[] {
    return this.stderr.split("\n").filter((line) => parts.every((part) => line.includes(part)));
  }

  async logs(...parts: readonly string[]): Promise<string> {
    return eventually(`a log line with ${parts.join(", ")}`, () => this.logLines(...parts)[0]);
  }
}

/** Starts `rusuban ARGS`. Where the test fails, what it said is printed. */
export function start(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  const running = new RunningCommand(args, options);
  if (options.register === undefined) {
    onTestFailed(() => {
      process.stdout.write(`\n--- rusuban ${args.join(" ")} ---\n${running.stdout}\n${running.stderr}\n---\n`);
    });
  }
  return running;
}

export interface Finished extends CommandEnd {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `rusuban ARGS` to its end. */
export async function run(args: readonly string[], options: CommandOptions = {}): Promise<Finished> {
  const running = start(args, options);
  const end = await running.ended;
  return { ...end, stdout: running.stdout, stderr: running.stderr };
}

export type Ports = Readonly<Record<FlowKey, number>>;

/** Writes the settings of both programs into a data folder: loopback, ports that nobody has, and what is asked for. */
export async function writeSettings(
  data: string,
  {
    ports: own = {},
    manager = "",
    agent = "",
    level = "warn",
  }: {
    /** Instead of free ones. */
    readonly ports?: Partial<Record<FlowKey, number>>;
    /** Further lines of TOML, before all tables. */
    readonly manager?: string;
    readonly agent?: string;
    readonly level?: string;
  } = {},
): Promise<Ports> {
  const flows = [...MANAGER_LISTENS, ...AGENT_LISTENS];
  const propose = proposeLastingPorts(await readSystemPorts((path) => readFile(path, "utf8")), systemRandom);
  const free = await findFreePorts({ host: LOOPBACK, count: flows.length, propose });
  const ports = { ...Object.fromEntries(flows.map((flow, index) => [flow, free[index]])), ...own } as Ports;
  const text = (listens: readonly FlowKey[], more: string) =>
    [
      more,
      `[listen]\nhost = "${LOOPBACK}"\n[log]\nlevel = "${level}"\n[ports]`,
      ...listens.map((flow) => `${flow} = ${ports[flow]}`),
      "",
    ].join("\n");
  await mkdir(data, { recursive: true, mode: 0o700 });
  await writeFile(join(data, "manager.toml"), text(MANAGER_LISTENS, manager), { mode: 0o600 });
  await writeFile(join(data, "agent.toml"), text(AGENT_LISTENS, agent), { mode: 0o600 });
  return ports;
}

/** A directory worth backing up, readable by everybody. */
export async function createProtected(folder: string): Promise<string> {
  const protect = join(folder, "protected");
  await mkdir(protect, { recursive: true });
  await chmod(folder, 0o755);
  await writeFile(join(protect, "a.txt"), "what must not be lost\n");
  return protect;
}

/** Processes whose parent this is, with their arguments. */
export async function childrenOf(pid: number): Promise<readonly { readonly pid: number; readonly args: string }[]> {
  const children: { pid: number; args: string }[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    // proc(5): the second field may hold spaces and parentheses; the state and the parent's id follow the last of them.
    const stat = await readFile(`/proc/${entry}/stat`, "utf8").catch(() => "");
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (Number(parent) !== pid || state === "Z") continue;
    const args = await readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => "");
    children.push({ pid: Number(entry), args: args.replaceAll("\0", " ") });
  }
  return children;
}

/** The two programs under a `rusuban up`. */
export async function programsOf(up: RunningCommand): Promise<{ readonly manager: number; readonly agent: number }> {
  return eventually("a manager and an agent", async () => {
    const children = await childrenOf(up.pid);
    const manager = children.find(({ args }) => args.includes(" manager run "))?.pid;
    const agent = children.find(({ args }) => args.includes(" agent run "))?.pid;
    return manager !== undefined && agent !== undefined && { manager, agent };
  });
}

/** A zombie has ended; only nobody has asked how. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
}

/** Memory that a process has in RAM, in MiB. */
export async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

export interface ListeningSocket {
  readonly pid: number;
  readonly transport: "tcp" | "udp";
  /** As people write it: 127.0.0.1, ::. */
  readonly address: string;
  readonly port: number;
}

/** Every socket on which these processes take connections or datagrams, found through its inode (proc(5), net/tcp). */
export async function listeningSockets(pids: readonly number[]): Promise<readonly ListeningSocket[]> {
  const owner = new Map<string, number>();
  for (const pid of pids) {
    for (const descriptor of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => "");
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode !== undefined) owner.set(inode, pid);
    }
  }
  const sockets: ListeningSocket[] = [];
  for (const table of ["tcp", "tcp6", "udp", "udp6"]) {
    const transport = table.startsWith("tcp") ? "tcp" : "udp";
    const text = await readFile(`/proc/net/${table}`, "utf8").catch(() => "");
    for (const line of text.split("\n").slice(1)) {
      const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
      const pid = owner.get(inode);
      // 0A: listening; a UDP socket that is bound and not connected is 07 (net/tcp_states.h).
      if (pid === undefined || state !== (transport === "tcp" ? "0A" : "07")) continue;
      const [address = "", port = ""] = local.split(":");
      sockets.push({ pid, transport, address: readableAddress(address), port: Number.parseInt(port, 16) });
    }
  }
  return sockets;
}

/** Words of 32 bits in the machine's byte order, which is little-endian wherever Node 24 runs. */
function readableAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, "hex").reverse()]);
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.every((byte) => byte === 0)) return "::";
  if (bytes.slice(0, 12).join() === "0,0,0,0,0,0,0,0,0,0,255,255") return `::ffff:${bytes.slice(12).join(".")}`;
  return Buffer.from(bytes).toString("hex").match(/.{4}/g)?.join(":") ?? "";
}
