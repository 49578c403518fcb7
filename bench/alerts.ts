// How many alerts a second one manager commits durably, and how soon a raised alert can be seen.
//
//   node bench/alerts.ts [--alerts N] [--sessions N] [--profile]
//
// Two processes, as in life: the manager (this one: receiver, inbox, a real database file) and the agents (a child: real
// sessions over loopback TCP). Three measurements:
//   wire     prepared alerts through several sessions, as fast as the manager's windows allow;
//   spool    one agent's full spool, drained by its reporter;
//   latency  an idle agent raises one alert at a time: from `raise` to the moment the manager's watchers are told,
//            by the machine's own monotonic clock, which both processes share.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openSpool } from "../src/agent/reporting/open-spool.ts";
import { createReporter } from "../src/agent/reporting/reporter.ts";
import { openDatabase } from "../src/database/open-database.ts";
import { createInbox } from "../src/manager/alerts/inbox.ts";
import { createLatestReadings } from "../src/manager/alerts/latest-readings.ts";
import { createReportReceiver } from "../src/manager/alerts/receiver.ts";
import type { Alert } from "../src/model/alert.ts";
import { Channel } from "../src/net/channel.ts";
import { openReportSession } from "../src/protocols/report/client.ts";
import { REPORT_RECORD_BYTES_MAX } from "../src/protocols/report/messages.ts";
import { systemClock as clock, pause } from "../src/runtime/clock.ts";
import { createLog } from "../src/runtime/create-log.ts";
import { createUuid, systemRandom as random } from "../src/runtime/random.ts";
import type { Channel as RecordChannel } from "../src/wire/channel.ts";
import { encodeRecord, RecordReader } from "../src/wire/record.ts";

const IDLE_TIMEOUT_MS = 90_000;
const LATENCY_ALERTS = 300;
const log = createLog({ level: "warn", pretty: true, name: "bench" });

const { values: options } = parseArgs({
  options: {
    alerts: { type: "string", default: "200000" },
    sessions: { type: "string", default: "4" },
    agents: { type: "boolean", default: false },
  },
});

type Order =
  | { readonly do: "wire"; readonly port: number; readonly alerts: number; readonly sessions: number }
  | { readonly do: "spool"; readonly port: number; readonly alerts: number; readonly file: string }
  | { readonly do: "latency"; readonly port: number; readonly file: string };
type Answer = { readonly kind: "ready" } | { readonly kind: "done"; readonly cpuSeconds: number };

if (options.agents) process.once("message", (order: Order) => void obey(order));
else await measure();

function recordsOver(socket: Socket): RecordChannel {
  socket.setNoDelay(true);
  const channel = new Channel({
    socket,
    destination: { flow: "managerReport", host: "127.0.0.1", port: socket.remotePort ?? 0 },
    encode: encodeRecord,
    reader: new RecordReader({ bytesMax: REPORT_RECORD_BYTES_MAX }),
    idleTimeoutMs: IDLE_TIMEOUT_MS,
    clock,
  });
  return { send: (record) => channel.send(record), records: channel, close: () => void channel.close() };
}

// ---- the agents' process

async function dial(port: number, hostIndex: number): Promise<RecordChannel> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(Buffer.from([hostIndex])); // In life the certificate says who it is.
  return recordsOver(socket);
}

/** A mix as in life: every fourth opens a condition and the next closes it, the rest are events. */
function alertOf(index: number): Alert {
  const kind = index % 4 === 0 ? "raised" : index % 4 === 1 ? "cleared" : "event";
  return {
    id: createUuid({ clock, random }),
    raisedAtMs: clock.now(),
    severity: kind === "cleared" ? "information" : "warning",
    category: "environment",
    kind,
    component: `file system /var/lib/data-${Math.floor(index / 4) % 1_000}`,
    condition: "filesystem.filling",
    summary: `file system /var/lib/data-${index} is 91 % full: 12.3 GB of 140 GB are free`,
    details: [
      { name: "free", value: "12.3 GB" },
      { name: "type", value: "ext4" },
    ],
  };
}

async function obey(order: Order): Promise<void> {
  const say = (answer: Answer) => process.send?.(answer);
  if (order.do === "wire") {
    const perSession = Math.floor(order.alerts / order.sessions);
    const prepared = Array.from({ length: order.sessions }, () =>
      Array.from({ length: perSession }, (_, n) => alertOf(n)),
    );
    say({ kind: "ready" });
    await once(process, "message");
    const before = process.cpuUsage();
    await Promise.all(prepared.map((alerts, index) => tellAll(order.port, index, alerts)));
    say({ kind: "done", cpuSeconds: cpuSeconds(process.cpuUsage(before)) });
    return;
  }
  const spool = await openSpool({ file: order.file, clock, random, log });
  const reporter = createReporter({
    spool,
    connect: () => dial(order.port, 0),
    agentVersion: "bench",
    answerDoctor: async (body) => body,
    clock,
    random,
    log,
  });
  if (order.do === "spool") {
    for (let start = 0; start < order.alerts; start += 5_000) {
      await reporter.raise(Array.from({ length: 5_000 }, (_, n) => alertOf(start + n)));
    }
    say({ kind: "ready" });
    await once(process, "message");
    const before = process.cpuUsage();
    await reporter.start();
    while (spool.counts().alerts > 0) await pause(clock, 5);
    say({ kind: "done", cpuSeconds: cpuSeconds(process.cpuUsage(before)) });
  } else {
    await reporter.start();
    say({ kind: "ready" });
    await once(process, "message");
    const before = process.cpuUsage();
    for (let n = 0; n < LATENCY_ALERTS; n++) {
      await pause(clock, 5 + random(1).readUInt8() / 8);
      const alert = { ...alertOf(2), summary: String(process.hrtime.bigint()) };
      await reporter.raise([alert]);
      await reporter.committed(alert.id);
    }
    say({ kind: "done", cpuSeconds: cpuSeconds(process.cpuUsage(before)) });
  }
  await reporter.stop();
  spool.close();
}

async function tellAll(port: number, hostIndex: number, alerts: readonly Alert[]): Promise<void> {
  let committed = 0;
  let wake = () => {};
  const session = await openReportSession({
    channel: await dial(port, hostIndex),
    clock,
    agentVersion: "bench",
    onAsk: async (body) => body,
    onCommitted(ids) {
      committed += ids.length;
      wake();
    },
    onRefused(id, reason) {
      throw new Error(`${id} was refused: ${reason}`);
    },
  });
  for (let told = 0; committed < alerts.length; ) {
    const batch = alerts.slice(told, told + Math.min(session.room, 256));
    told += batch.length;
    if (batch.length > 0) await session.tellAlerts(batch);
    else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  session.close();
}

// ---- the manager's process

async function measure(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "rusuban-bench-alerts-"));
  const hosts = Array.from({ length: Number(options.sessions) }, (_, n) => `host-${n}`);
  const file = join(folder, "manager.db");
  const database = await openDatabase({ file, clock, log });
  for (const id of hosts) {
    await database
      .insertInto("hosts")
      .values({ id, name: id, facts: "{}", address: "", ports: "{}", enrolled_at_ms: 0 })
      .execute();
  }
  let seen = 0;
  let commits = 0;
  let onSummary = (_: string) => {};
  const inbox = createInbox({
    database,
    clock,
    log,
    onAlerts(alerts) {
      commits += 1;
      for (const alert of alerts) if (alert.state === "open" || alert.kind !== "raised") seen += 1;
      for (const { summary } of alerts) onSummary(summary);
    },
  });
  const readings = createLatestReadings({ onReadings() {} });
  const receiver = createReportReceiver({ inbox, readings, clock, log, onSeen() {} });
  const server = createServer((socket) => {
    socket.once("readable", () => {
      const first = socket.read(1) as Buffer;
      void receiver.serve(recordsOver(socket), hosts[first[0] ?? 0] ?? "");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  console.log(
    `node ${process.version}, SQLite ${process.versions.sqlite}, ${cpus().length} × ${cpus()[0]?.model.trim()}, ` +
      `synchronous=FULL on ${folder}`,
  );

  async function run(order: Order): Promise<{ wallSeconds: number; managerCpu: number; agentsCpu: number }> {
    const child: ChildProcess = fork(import.meta.filename, ["--agents"], {
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    child.send(order);
    await once(child, "message");
    const before = process.cpuUsage();
    const startedAt = clock.monotonic();
    child.send("go");
    const [answer] = (await once(child, "message")) as [Extract<Answer, { kind: "done" }>];
    const wallSeconds = (clock.monotonic() - startedAt) / 1_000;
    const managerCpu = cpuSeconds(process.cpuUsage(before));
    child.disconnect();
    await once(child, "exit");
    return { wallSeconds, managerCpu, agentsCpu: answer.cpuSeconds };
  }

  const count = Number(options.alerts);
  for (const sessions of new Set([hosts.length, 1])) {
    commits = 0;
    const before = (await inbox.counts()).byState;
    const { wallSeconds, managerCpu, agentsCpu } = await run({ do: "wire", port, alerts: count, sessions });
    const after = (await inbox.counts()).byState;
    const stored = sum(after) - sum(before);
    console.log(
      `wire, ${sessions} sessions: ${rate(stored, wallSeconds)} durable alerts/s (${stored} in ${wallSeconds.toFixed(1)} s, ` +
        `${commits} commits, processor manager ${managerCpu.toFixed(1)} s, agents ${agentsCpu.toFixed(1)} s)`,
    );
  }

  const spooled = Math.min(count, 100_000);
  const drained = await run({ do: "spool", port, alerts: spooled, file: join(folder, "spool.db") });
  console.log(
    `spool, 1 agent: ${rate(spooled, drained.wallSeconds)} alerts/s until the spool is empty ` +
      `(${spooled} in ${drained.wallSeconds.toFixed(1)} s, processor manager ${drained.managerCpu.toFixed(1)} s, ` +
      `agent ${drained.agentsCpu.toFixed(1)} s)`,
  );

  const latenciesMs: number[] = [];
  onSummary = (summary) => {
    if (/^\d+$/.test(summary)) latenciesMs.push(Number(process.hrtime.bigint() - BigInt(summary)) / 1e6);
  };
  await run({ do: "latency", port, file: join(folder, "idle.db") });
  latenciesMs.sort((a, b) => a - b);
  const at = (part: number) => (latenciesMs[Math.ceil(latenciesMs.length * part) - 1] ?? Number.NaN).toFixed(1);
  console.log(
    `latency, idle: raised to visible p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms (${latenciesMs.length} alerts)`,
  );

  const pageAt = clock.monotonic();
  await inbox.page({ limit: 100, states: ["open"], severityMin: "warning" });
  const pageMs = clock.monotonic() - pageAt;
  const total = sum((await inbox.counts()).byState);
  console.log(
    `inbox: ${total} alerts in ${(statSync(file).size / 1e6).toFixed(0)} MB; a page of 100 takes ${pageMs.toFixed(1)} ms; ` +
      `peak memory of the manager ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB; ${seen} were told to watchers`,
  );
  await receiver.stop();
  await inbox.stop();
  server.close();
  await database.destroy();
  rmSync(folder, { recursive: true });
}

function cpuSeconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1e6;
}

function rate(count: number, seconds: number): string {
  return Math.round(count / seconds).toLocaleString("en");
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
