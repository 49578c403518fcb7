// What was measured, as Markdown.

import { cpus, release, totalmem } from "node:os";
import { VERSION } from "../src/runtime/package.ts";
import { mebibytes, table } from "./markdown-table.ts";

/** One minute of the whole fleet by the world's clock. `late`: looks that came more than a fifth after their time. */
export interface Minute {
  readonly minute: number;
  readonly cpuSeconds: number;
  readonly looks: number;
  readonly late: number;
  readonly connections: number;
  readonly handshakes: number;
  readonly requests: number;
  readonly subscribed: number;
  readonly rss: number;
  readonly load: string;
}

/** `again`: what the manager put off or a connection lost, and was sent again. `committed`: in the database afterwards. */
export interface IndicationTurn {
  /** In one request. */
  readonly batch: number;
  readonly seconds: number;
  readonly acknowledged: number;
  readonly again: number;
  readonly refused: number;
  readonly committed: number;
  readonly managerSeconds: number;
  readonly load: string;
}

/** Looks and indications so far; bytes after the heap was collected. */
export interface HourPoint {
  readonly minute: number;
  readonly looks: number;
  readonly told: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly databaseBytes: number;
}

type Said = Readonly<Record<string, number>>;

export interface Report {
  readonly hosts: number;
  readonly subscriptions: number;
  readonly hourHosts: number;
  readonly factor: number;
  readonly lines: number;
  readonly loadBefore: string;
  readonly minutes: {
    readonly measured: readonly Minute[];
    readonly pings: { readonly spawned: number; readonly shared: number; readonly rss: number };
    readonly said: Said;
  };
  readonly indications: { readonly singles: readonly IndicationTurn[]; readonly batches: readonly IndicationTurn[] };
  readonly hour: {
    readonly points: readonly HourPoint[];
    readonly lost: number;
    readonly subscribed: number;
    readonly load: string;
    readonly said: Said;
  };
}

/** The slope of the straight line through the points by least squares, y for each x. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const above = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return above / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}

export function renderReport(report: Report): string {
  const { hosts, subscriptions, minutes, indications, hour, hourHosts, factor, lines, loadBefore } = report;
  // The first minute warms up.
  const steady = minutes.measured.slice(1);
  const looks = sum(steady, ({ looks }) => looks);
  const cpu = sum(steady, ({ cpuSeconds }) => cpuSeconds);
  const share = cpu / (60 * steady.length);
  const full = (cpu / looks) * hosts * (1 / 60);
  const late = hour.points.slice(hour.points.length / 2);
  const slope = (of: (point: HourPoint) => number) => slopeOf(late.map((point) => [point.minute, of(point)]));
  const last = hour.points.at(-1);
  return `${[
    "# Benchmarks of watching",
    "Written by `npm run bench:watch`; do not edit. The figures belong to the machine below and to the load that it had: processor time is the process's own, but on a machine that is busy otherwise every piece of work takes more of it than on a quiet one, and wall time says little.",
    "## Reached and to reach",
    table(
      ["what", "to reach", "measured", ""],
      [
        [`${hosts} servers polled each minute, share of one core`, "at most 33 %", percent(full), mark(full <= 1 / 3)],
        [
          `${subscriptions} subscriptions in place`,
          `${subscriptions}`,
          `${steady.at(-1)?.subscribed}`,
          mark(steady.at(-1)?.subscribed === subscriptions),
        ],
        ...indicationRows("one in a request", indications.singles),
        ...indicationRows("in batches", indications.batches),
        [
          "heap after collection, slope over the second half of the hour",
          "flat",
          `${signed(slope(({ heapUsed }) => heapUsed) / 1024)} KiB a minute`,
          "",
        ],
        ["resident set, the same", "flat", `${signed(slope(({ rss }) => rss) / 1024)} KiB a minute`, ""],
      ],
    ),
    "## The machine",
    [
      `- ${cpus().length} × ${cpus()[0]?.model ?? "?"}, ${mebibytes(totalmem())} of memory, Linux ${release()}`,
      `- Rusuban ${VERSION}, Node.js ${process.versions.node}, OpenSSL ${process.versions.openssl}`,
      `- load averages (1, 5, 15 minutes) before: ${loadBefore}; after: ${hour.load}`,
    ].join("\n"),
    "## How",
    `A whole manager runs in a process of its own, with its hosts in its database as \`rusuban host add\` writes them. The servers are simulated in a second process: each has an address of its own on the loopback network, and answers over TLS with our own agent's protocol code and canned facts (6 file systems, 8 processors, 11 sensors, 2 power supplies). A third of them speak CIM-XML, a third WS-Management, and a third say that they are Windows. They end a connection that is idle for 15 s, so that nearly every look shakes hands anew. A third process tells indications in the name of the subscribed servers.`,
    "## By the world's clock",
    `All subscriptions have been set up before, each after a ping, and the first minute warms up; the target's figure is that of the others: processor time for a look, times ${hosts} looks a minute.`,
    table(
      [
        "minute",
        "processor",
        "looks",
        "late",
        "ms for a look",
        "requests",
        "handshakes",
        "connections open",
        "subscriptions",
        "resident set",
        "load averages",
      ],
      minutes.measured.map((each) => [
        `${each.minute}`,
        `${each.cpuSeconds.toFixed(1)} s`,
        `${each.looks}`,
        `${each.late}`,
        ((each.cpuSeconds / each.looks) * 1_000).toFixed(1),
        `${each.requests}`,
        `${each.handshakes}`,
        `${each.connections}`,
        `${each.subscribed}`,
        mebibytes(each.rss),
        each.load,
      ]),
    ),
    `Measured share of a core as it went: ${percent(share)}. A look takes ${((cpu / looks) * 1_000).toFixed(1)} ms of the processor. ${saidText(minutes.said)}`,
    `A ping costs a process of ${mebibytes(minutes.pings.rss)} ${minutes.pings.spawned.toFixed(2)} ms of its processor where it forks by itself, and ${minutes.pings.shared.toFixed(2)} ms through the shell that forks for it.`,
    "## Indications",
    `Reliable indications (DSP1054) as CIM-XML export messages over HTTPS, ${lines} servers at once, each sending its next when the last was acknowledged, which the manager does after its database has committed: one in a request, as other people's servers tell them, and then in the batches in which our agents send what has piled up. A server that is put off (503) comes again after a second.`,
    table(
      [
        "in a request",
        "acknowledged",
        "wall",
        "a second",
        "manager's processor",
        "for 1,000",
        "sent again",
        "refused",
        "in the database",
        "load averages",
      ],
      [...indications.singles, ...indications.batches].map((turn) => [
        `${turn.batch}`,
        `${turn.acknowledged}`,
        `${turn.seconds.toFixed(1)} s`,
        count(turn.acknowledged / turn.seconds),
        `${turn.managerSeconds.toFixed(1)} s`,
        `${((turn.managerSeconds / turn.acknowledged) * 1_000).toFixed(2)} s`,
        `${turn.again}`,
        `${turn.refused}`,
        `${turn.committed}`,
        turn.load,
      ]),
    ),
    "The first turn of each kind warms up.",
    "## An hour",
    `${hourHosts} hosts, half of them subscribed at, by a clock that runs ${factor} times faster for the manager and the hosts: every look, renewal, write of history and clearing of an hour happens, and ${last?.told ?? 0} indications come. In the middle ${hour.lost} servers lose their subscriptions; at the end ${hour.subscribed} of ${Math.floor(hourHosts / 2)} are in place again. Bytes are after a collection of the heap.`,
    table(
      ["minute", "looks so far", "indications so far", "heap", "outside of it", "resident set", "database with log"],
      hour.points.map((point) => [
        `${point.minute}`,
        `${point.looks}`,
        `${point.told}`,
        mebibytes(point.heapUsed),
        mebibytes(point.external),
        mebibytes(point.rss),
        mebibytes(point.databaseBytes),
      ]),
    ),
    `Least squares over the second half: heap ${signed(slope(({ heapUsed }) => heapUsed) / 1024)} KiB a minute, resident set ${signed(slope(({ rss }) => rss) / 1024)} KiB a minute, database ${signed(slope(({ databaseBytes }) => databaseBytes) / 1024)} KiB a minute. The database grows until history has its days (\`history.minutesDays\`, \`history.mebibytes\`) and the inbox its bounds. ${hour.points.at(-1)?.looks} of ${hourHosts * 60} looks of the hour were made. ${saidText(hour.said)}`,
  ].join("\n\n")}\n`;
}

function indicationRows(how: string, turns: readonly IndicationTurn[]): string[][] {
  const warm = turns.slice(1);
  const acknowledged = sum(warm, (turn) => turn.acknowledged);
  const rate = acknowledged / sum(warm, ({ seconds }) => seconds);
  const paid = acknowledged / sum(warm, ({ managerSeconds }) => managerSeconds);
  return [
    [`indications committed a second, ${how}, wall time`, "5,000", count(rate), mark(rate >= 5_000)],
    [`indications a second that one core's processor time pays for, ${how}`, "5,000", count(paid), mark(paid >= 5_000)],
  ];
}

function saidText(said: Said): string {
  const times = new Map<string, number>();
  for (const [sentence, count] of Object.entries(said)) {
    if (sentence.includes("console's pages")) continue;
    // Without the address or count in it.
    const shape = sentence.replace(/\d[\d.]*/g, "…");
    times.set(shape, (times.get(shape) ?? 0) + count);
  }
  const lines = [...times];
  if (lines.length === 0) return "The manager warned of nothing.";
  return `The manager warned: ${lines.map(([sentence, count]) => `${sentence} (${count} times)`).join("; ")}.`;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

function mark(isReached: boolean): string {
  return isReached ? "reached" : "**not reached**";
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function signed(value: number): string {
  return `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(1)}`;
}
