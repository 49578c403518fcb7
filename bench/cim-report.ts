import type { ObjectsRow } from "./cim-objects.ts";
import type { Asked, Protocol } from "./cim-questions.ts";
import { figure, table } from "./markdown-table.ts";

// What was measured, as Markdown.

export interface Answered extends Asked {
  readonly title: string;
  readonly server: string;
  readonly protocol: Protocol;
  /** Of a process that nobody has asked anything yet; undefined where that is not ours to make. */
  readonly coldMs?: number;
  readonly warmMs: number;
  readonly perSecond: number;
  readonly processorMs: number | undefined;
}

export interface Rest {
  readonly minutes: number;
  /** Of one processor. */
  readonly share: number;
  readonly residentBytes: number;
}

export interface CimReport {
  readonly machine: readonly string[];
  readonly peers: readonly string[];
  readonly answered: readonly Answered[];
  /** Peers that did not get through a measurement, and why. */
  readonly failures: readonly string[];
  readonly objects: readonly ObjectsRow[];
  readonly rest: Rest | undefined;
  readonly clients: number;
  readonly seconds: number;
}

const PROTOCOLS: Readonly<Record<Protocol, string>> = { "cim-xml": "CIM-XML", wsman: "WS-Management" };

export function renderCim(report: CimReport): string {
  const { machine, peers, answered, failures, objects, rest, clients, seconds } = report;
  return [
    "# Benchmarks of CIM and WS-Management",
    "Written by `npm run bench:cim -- --write`; do not edit. The figures belong to the machine below and to nothing else; the ratios travel better.",
    machine.map((line) => `- ${line}`).join("\n"),
    "## Enumerations over TLS",
    peers.length === 0
      ? "No other server was compared: none was named by `--peer`."
      : `Compared with ${peers.join(", ")}, which ran on the same machine.`,
    `Each row is one enumeration with all properties, asked again and again for ${seconds} s over one open connection (median), then for ${seconds} s by ${clients} clients at once (answers a second). Cold is the first question to a process just started, with connection, handshake and account. Processor time is the server's own, for each answer: it hardly depends on what else the machine does, while all other times do. The bytes tell how much each has to say of the same thing: servers differ in what they know.`,
    table(
      [
        "what",
        "protocol",
        "server",
        "instances",
        "KiB",
        "cold ms",
        "warm ms",
        "a second",
        "processor ms",
        "processor µs each",
      ],
      answered.map((each) => [
        ...[each.title, PROTOCOLS[each.protocol], each.server, String(each.instances), (each.bytes / 1024).toFixed(1)],
        ...[figure(each.coldMs, 0), figure(each.warmMs, 2), figure(each.perSecond, 1), figure(each.processorMs, 2)],
        figure(
          each.processorMs === undefined || each.instances === 0
            ? undefined
            : (each.processorMs / each.instances) * 1_000,
          0,
        ),
      ]),
    ),
    ...ratios(answered),
    ...(failures.length === 0 ? [] : [`Not measured: ${failures.join("; ")}.`]),
    "## The object manager without a wire",
    "Each class of this machine: cold is the first question of a fresh manager, warm the median of 15.",
    table(
      ["class", "instances", "cold ms", "warm ms", "warm processor ms"],
      objects.map((each) => [
        ...[each.title, String(each.instances), figure(each.coldMs, 1), figure(each.warmMs, 2)],
        figure(each.warmCpuMs, 2),
      ]),
    ),
    "## At rest",
    rest === undefined
      ? "Not measured: `--rest PID` names an agent that has nothing to do."
      : `An enrolled agent that looks at its host every 10 s and serves every port used **${(rest.share * 100).toFixed(2)} %** of one processor over ${rest.minutes} minutes (to reach: under 1 %), and ${(rest.residentBytes / 2 ** 20).toFixed(0)} MiB of memory.`,
    "",
  ].join("\n\n");
}

/** Ours against each peer, where both had something to say. */
function ratios(answered: readonly Answered[]): string[] {
  const rows = answered
    .filter((each) => each.server !== "rusuban" && each.instances > 0)
    .flatMap((peer) => {
      const ours = answered.find(
        (each) => each.server === "rusuban" && each.title === peer.title && each.protocol === peer.protocol,
      );
      if (ours === undefined) return [];
      return [
        [
          ...[peer.title, PROTOCOLS[peer.protocol], peer.server, figure(ours.warmMs / peer.warmMs, 2)],
          ...[figure(ours.perSecond / peer.perSecond, 2), figure(ours.bytes / peer.bytes, 2)],
          figure(
            ours.processorMs === undefined || peer.processorMs === undefined
              ? undefined
              : ours.processorMs / peer.processorMs,
            2,
          ),
        ],
      ];
    });
  if (rows.length === 0) return [];
  return [
    "Ours divided by theirs: below 1 is better for time, above 1 for answers a second.",
    table(["what", "protocol", "against", "warm time", "answers a second", "bytes", "processor time"], rows),
  ];
}
