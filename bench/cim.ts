import { fork, spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { reasonOf } from "../src/runtime/errors.ts";
import { measureObjects } from "./cim-objects.ts";
import { createQuestions, type Protocol, type Server } from "./cim-questions.ts";
import { type Answered, type Rest, renderCim } from "./cim-report.ts";

// The agent's doors beside other people's servers: the same enumerations over TLS, asked in the same way. Linux only.
//   node bench/cim.ts [--peer 'NAME=cim-xml+https://[USER@]HOST:PORT[/PATH][#PID]']… [--rest PID --minutes 3] [--write]
// A peer is a server that already runs here (OpenPegasus, sfcb, openwsman …): they need a repository and settings of their
// own, so none is started. Its password is RUSUBAN_CIM_PASSWORD. Without --peer none is compared, and the report says so.
// --rest measures an agent that has nothing to do. --write writes docs/benchmarks-cim.md.

const { values: options } = parseArgs({
  options: {
    peer: { type: "string", multiple: true, default: [] },
    rest: { type: "string" },
    minutes: { type: "string", default: "3" },
    seconds: { type: "string", default: "4" },
    write: { type: "boolean", default: false },
  },
});

const PROCESSES = 1_000;
const QUESTIONS = [
  ["one operating system", "CIM_OperatingSystem"],
  ["all file systems", "CIM_FileSystem"],
  [`${PROCESSES.toLocaleString("en")} processes`, "CIM_Process"],
] as const;
/** Kept busy by so many clients at once: more than the machine has processors for. */
const CLIENTS = 4;
const WARM_UP_TURNS = 5;
const TICKS_PER_SECOND = 100;
const ACCOUNT = { name: "bench", password: "for the benchmark only" };

/** User and system time of a process and of all its threads, in seconds. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) * 1024;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function measureRest(pid: number, minutes: number): Promise<Rest> {
  const before = processorSeconds(pid);
  const startedAt = performance.now();
  await pause(minutes * 60_000);
  const share = (processorSeconds(pid) - before) / ((performance.now() - startedAt) / 1_000);
  return { minutes, share, residentBytes: residentBytes(pid) };
}

/** Our own doors, each time a process that nobody has asked anything yet. */
async function startOurs(): Promise<{ servers: Record<Protocol, Server>; stop(): void }> {
  const child = fork(fileURLToPath(new URL("cim-server.ts", import.meta.url)), {
    env: { ...process.env, RUSUBAN_BENCH_ACCOUNT: `${ACCOUNT.name}:${ACCOUNT.password}` },
  });
  const ports = await new Promise<Record<Protocol, number>>((resolve, reject) => {
    child.once("message", (message) => resolve(message as Record<Protocol, number>));
    child.once("exit", (code) => reject(new Error(`bench/cim-server.ts ended with ${code}`)));
  });
  const server = (protocol: Protocol): Server => ({
    ...{ name: "rusuban", protocol, host: "127.0.0.1", port: ports[protocol], pid: child.pid },
    path: protocol === "wsman" ? "/wsman" : "/cimom",
    account: `${ACCOUNT.name}:${ACCOUNT.password}`,
  });
  return { servers: { "cim-xml": server("cim-xml"), wsman: server("wsman") }, stop: () => child.disconnect() };
}

function parsePeer(text: string): Server {
  const [, name = "", protocol = "", address = ""] = /^([^=]+)=(cim-xml|wsman)\+(https:.+)$/.exec(text) ?? [];
  if (name === "") throw new Error(`${text}: NAME=cim-xml+https://HOST:PORT or NAME=wsman+https://HOST:PORT`);
  const url = new URL(address);
  const user = decodeURIComponent(url.username);
  return {
    ...{ name, protocol: protocol as Protocol, host: url.hostname, port: Number(url.port) },
    path: url.pathname !== "/" ? url.pathname : protocol === "wsman" ? "/wsman" : "/cimom",
    account: user === "" ? undefined : `${user}:${process.env.RUSUBAN_CIM_PASSWORD ?? ""}`,
    pid: url.hash === "" ? undefined : Number(url.hash.slice(1)),
  };
}

/** The first question of all, with connection, handshake and account. */
async function coldMs(className: string, protocol: Protocol): Promise<number> {
  const ours = await startOurs();
  const questions = createQuestions(ours.servers[protocol], 1);
  try {
    const startedAt = performance.now();
    await questions.ask(className);
    return performance.now() - startedAt;
  } finally {
    questions.close();
    ours.stop();
  }
}

async function measure(server: Server, className: string, title: string, seconds: number): Promise<Answered> {
  const one = createQuestions(server, 1);
  const many = createQuestions(server, CLIENTS);
  try {
    let asked = await one.ask(className);
    for (let turn = 1; turn < WARM_UP_TURNS; turn += 1) asked = await one.ask(className);
    const times: number[] = [];
    const end = performance.now() + seconds * 1_000;
    while (performance.now() < end) {
      const startedAt = performance.now();
      await one.ask(className);
      times.push(performance.now() - startedAt);
    }
    const before = server.pid === undefined ? undefined : processorSeconds(server.pid);
    const startedAt = performance.now();
    let count = 0;
    await Promise.all(
      Array.from({ length: CLIENTS }, async () => {
        while (performance.now() < startedAt + seconds * 1_000) {
          await many.ask(className);
          count += 1;
        }
      }),
    );
    const took = (performance.now() - startedAt) / 1_000;
    const cpu = before === undefined ? undefined : processorSeconds(server.pid ?? 0) - before;
    return {
      ...{ title, server: server.name, protocol: server.protocol, ...asked },
      warmMs: times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN,
      perSecond: count / took,
      processorMs: cpu === undefined ? undefined : (cpu / count) * 1_000,
    };
  } finally {
    one.close();
    many.close();
  }
}

/** Real processes, so that every server reads as many. */
function crowd(): () => void {
  const present = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).length;
  const children = Array.from({ length: Math.max(0, PROCESSES - present) }, () =>
    spawn("sleep", ["3600"], { stdio: "ignore" }),
  );
  return () => {
    for (const child of children) child.kill();
  };
}

const peers = options.peer.map(parsePeer);
const seconds = Number(options.seconds);
const load = loadavg()[0] ?? Number.NaN;
const rest = options.rest === undefined ? undefined : await measureRest(Number(options.rest), Number(options.minutes));
const objects = await measureObjects();
const answered: Answered[] = [];
const failures: string[] = [];
for (const [title, className] of QUESTIONS) {
  const leave = className === "CIM_Process" ? crowd() : () => {};
  try {
    for (const protocol of ["cim-xml", "wsman"] as const) {
      const cold = await coldMs(className, protocol);
      const ours = await startOurs();
      answered.push({ ...(await measure(ours.servers[protocol], className, title, seconds)), coldMs: cold });
      ours.stop();
      for (const peer of peers.filter((each) => each.protocol === protocol)) {
        try {
          answered.push(await measure(peer, className, title, seconds));
        } catch (error) {
          // A peer that falls over is told, and the others are measured all the same.
          failures.push(`${peer.name} (${protocol}), ${title}: ${reasonOf(error)}`);
        }
      }
    }
  } finally {
    leave();
  }
}
const text = renderCim({
  machine: [
    `processor: ${cpus().length} × ${cpus()[0]?.model}`,
    `kernel ${release()}, Node ${process.version}`,
    `load average before: ${load.toFixed(1)}; after: ${(loadavg()[0] ?? Number.NaN).toFixed(1)}`,
  ],
  peers: [...new Set(peers.map(({ name }) => name))],
  ...{ answered, failures, objects, rest, clients: CLIENTS, seconds },
});
if (options.write) writeFileSync(new URL("../docs/benchmarks-cim.md", import.meta.url), text);
else console.log(text);
process.exit(0);
