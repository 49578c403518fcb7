// A laboratory of network namespaces: computers with their own cards, addresses, firewalls and open ports, on this
// machine and unseen by it. Names are unique to the process that made them; dispose() ends what was started inside and
// removes all of it. Needs root and iproute2.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { rm } from "node:fs/promises";

export interface Finished {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Killed after so long (default 60 s): a command that hangs fails its test, not the run. */
  readonly timeoutMs?: number;
}

/** Where commands run: a namespace, or a namespace with some files of its own. */
export interface Place {
  /** As `ip netns` knows it. */
  readonly name: string;
  /** Runs a command to its end; a failure is an answer, not an error. */
  run(command: string, args?: readonly string[], options?: RunOptions): Promise<Finished>;
  /** Runs lines of shell, stopping at the first that fails; throws with what it said. Answers with stdout. */
  sh(script: string, options?: RunOptions): Promise<string>;
  /** Runs lines of an ES module in Node.js, its own arguments from process.argv[1] on; throws where it fails. */
  node(source: string, args?: readonly string[], options?: RunOptions): Promise<string>;
  /** Starts a program that goes on; dispose() kills it. */
  start(command: string, args?: readonly string[], options?: Pick<RunOptions, "env">): ChildProcess;
}

export interface Computer extends Place {
  /**
   * The same computer with files of its own: `binds` puts one path over another, `tmpfs` lays an empty folder over a
   * path. Nothing of it is seen outside, and the rest of this machine's /etc can only be read there.
   */
  withOwnFiles(files: {
    readonly binds?: readonly (readonly [from: string, over: string])[];
    readonly tmpfs?: readonly string[];
    /** Folders that only this place needs: dispose() removes them. */
    readonly discards?: readonly string[];
  }): Promise<Place>;
}

export interface Lab {
  computer(name: string): Promise<Computer>;
  /** A cable between two computers; each end gets a card named after the other computer, with these addresses. */
  connect(
    a: Computer,
    b: Computer,
    addresses: { readonly a: readonly string[]; readonly b: readonly string[] },
  ): Promise<void>;
  dispose(): Promise<void>;
}

/** The programs of the list that are not here, and "root" where that is missing; empty where a lab can be built. */
export function missingForLab(programs: readonly string[] = []): string[] {
  const isRoot = process.getuid?.() === 0;
  const isThere = (program: string) => spawnSync("sh", ["-c", 'command -v "$1"', "sh", program]).status === 0;
  return [
    ...(isRoot ? [] : ["root"]),
    ...["ip", "unshare", "nsenter", ...programs].filter((program) => !isThere(program)),
  ];
}

const RUN_TIMEOUT_MS = 60_000;

export async function createLab(): Promise<Lab> {
  const prefix = `rsb-${process.pid}-${randomBytes(3).toString("hex")}`;
  const names: string[] = [];
  const discards: string[] = [];
  const children = new Set<ChildProcess>();
  const outside = placeOf("", [], children);

  return {
    async computer(name) {
      const full = `${prefix}-${name}`;
      await outside.sh(`ip netns add ${full}`);
      names.push(full);
      const place = placeOf(full, ["ip", "netns", "exec", full], children);
      // Without duplicate address detection, which keeps every new IPv6 address unusable for a second.
      await place.sh("sysctl -qw net.ipv6.conf.default.accept_dad=0; ip link set lo up");
      return {
        ...place,
        withOwnFiles(files) {
          discards.push(...(files.discards ?? []));
          return withOwnFiles(place, files, children);
        },
      };
    },
    async connect(a, b, addresses) {
      const [cardOfA, cardOfB] = [b, a].map(({ name }) => name.slice(prefix.length + 1).slice(0, 15));
      await outside.sh(`ip link add ${cardOfA} netns ${a.name} type veth peer name ${cardOfB} netns ${b.name}`);
      await Promise.all([addCard(a, cardOfA, addresses.a), addCard(b, cardOfB, addresses.b)]);
    },
    async dispose() {
      await Promise.all([...children].map(end));
      for (const name of names.splice(0)) {
        // What the ended programs had started themselves.
        await outside.sh(`ip netns pids ${name} | xargs -r kill -9; ip netns delete ${name}`);
      }
      await Promise.all(discards.splice(0).map((path) => rm(path, { recursive: true, force: true })));
    },
  };
}

/** Manager - firewall - agent, IPv4 and IPv6, each reaching the other through the one in the middle. */
export interface RoutedLab extends Lab {
  readonly manager: Computer;
  readonly firewall: Computer;
  readonly agent: Computer;
}

export const ROUTED = {
  manager: ["10.77.1.10", "fd77:1::10"],
  agent: ["10.77.2.20", "fd77:2::20"],
} as const;

export async function createRoutedLab(): Promise<RoutedLab> {
  const lab = await createLab();
  const [manager, firewall, agent] = await Promise.all([
    lab.computer("manager"),
    lab.computer("firewall"),
    lab.computer("agent"),
  ]);
  await firewall.sh("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
  await lab.connect(manager, firewall, {
    a: ["10.77.1.10/24", "fd77:1::10/64"],
    b: ["10.77.1.1/24", "fd77:1::1/64"],
  });
  await lab.connect(agent, firewall, { a: ["10.77.2.20/24", "fd77:2::20/64"], b: ["10.77.2.1/24", "fd77:2::1/64"] });
  await manager.sh("ip route add default via 10.77.1.1; ip -6 route add default via fd77:1::1");
  await agent.sh("ip route add default via 10.77.2.1; ip -6 route add default via fd77:2::1");
  // A new cable carries IPv6 a moment later than it says.
  for (const address of ROUTED.agent) {
    await manager.sh(`for n in $(seq 50); do ping -c 1 -W 0.2 ${address} >/dev/null && exit; done; exit 1`);
  }
  return { ...lab, manager, firewall, agent };
}

async function addCard(place: Place, card: string | undefined, addresses: readonly string[]): Promise<void> {
  const lines = addresses.map((address) => `ip address add ${address} dev ${card}`);
  await place.sh([...lines, `ip link set ${card} up`].join("\n"));
}

async function withOwnFiles(
  place: Place,
  { binds = [], tmpfs = [] }: { binds?: readonly (readonly [string, string])[]; tmpfs?: readonly string[] },
  children: Set<ChildProcess>,
): Promise<Place> {
  const lines = [
    "mount --bind /etc /etc; mount -o remount,bind,ro /etc",
    ...tmpfs.map((path) => `mkdir -p '${path}'; mount -t tmpfs tmpfs '${path}'`),
    ...binds.map(([from, over]) => `mount --bind '${from}' '${over}'`),
  ];
  // This process keeps the mounts alive and is the address by which others enter.
  const keeper = place.start("unshare", ["--mount", "sh", "-ec", `${lines.join("\n")}\necho $$; exec sleep infinity`]);
  const pid = Number.parseInt(await firstLine(keeper), 10);
  return placeOf(place.name, ["nsenter", `--target=${pid}`, "--mount", "--net", "--"], children);
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = "";
  let problem = "";
  child.stderr?.on("data", (part) => {
    problem += part;
  });
  for await (const part of child.stdout ?? []) {
    text += part;
    if (text.includes("\n")) return text;
  }
  throw new Error(`ended before it said anything: ${problem}`);
}

function placeOf(name: string, prefix: readonly string[], children: Set<ChildProcess>): Place {
  const start: Place["start"] = (command, args = [], { env } = {}) => {
    const [program = command, ...rest] = [...prefix, command, ...args];
    const child = spawn(program, rest, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } });
    children.add(child);
    child.once("exit", () => children.delete(child));
    child.on("error", () => children.delete(child)); // Told by `run`; a program that goes on is missed by its test.
    child.stdin.on("error", () => {}); // It ended without reading all of its input.
    return child;
  };
  const run: Place["run"] = async (command, args = [], { input = "", timeoutMs = RUN_TIMEOUT_MS, ...options } = {}) => {
    const child = start(command, args, options);
    let [stdout, stderr] = ["", ""];
    child.stdout?.setEncoding("utf8").on("data", (part) => {
      stdout += part;
    });
    child.stderr?.setEncoding("utf8").on("data", (part) => {
      stderr += part;
    });
    const closed = once(child, "close");
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    child.stdin?.end(input);
    const [code] = await closed.finally(() => clearTimeout(timer));
    return { code, stdout, stderr };
  };
  const mustRun = async (what: string, finished: Promise<Finished>): Promise<string> => {
    const { code, stdout, stderr } = await finished;
    if (code !== 0) throw new Error(`${name}: exit code ${code} of:\n${what}\n${stdout}${stderr}`);
    return stdout;
  };
  return {
    name,
    run,
    start,
    sh: (script, options) => mustRun(script, run("sh", ["-ec", script], options)),
    node: (source, args = [], options) =>
      mustRun(source, run(process.execPath, ["--input-type=module", "--eval", source, ...args], options)),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}
