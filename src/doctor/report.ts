// What an examination comes to, for people and for scripts: one entry a flow and address family (docs/doctor.md). The
// engine speaks of initiator and listener; here they become this host and the far one.

import type { PortRange, Text, Transport } from "../ports/flow.ts";
import { flowName, settingKey } from "../ports/port-map.ts";
import type { FirewallKind } from "./accept-lines.ts";
import type { Place } from "./cause.ts";
import { type CauseId, causeOf } from "./causes/causes.ts";
import type { Evidence, Family, IdleEvidence } from "./evidence.ts";
import type { Examined, Role, Sights, Subject } from "./examination.ts";
import { spans } from "./judge.ts";
import { refuserOf } from "./judge-hops.ts";
import { type MendingCommand, mendingCommands } from "./mending.ts";
import type { State } from "./verdict.ts";

export const WHERES = ["this-host", "between", "far-host"] as const;
export type Where = (typeof WHERES)[number];

export interface DoctorEntry {
  readonly flow: string;
  readonly family: Family;
  /** `manager-to-agent`, `agent-to-manager`. */
  readonly direction: string;
  readonly transport: Transport;
  /** `20300-20349`; empty for ICMP. */
  readonly ports: string;
  readonly from: string;
  readonly to: string;
  readonly state: State;
  readonly causes: readonly CauseId[];
  /** True: all causes hold. False: one of them does, and `nextTest` decides. */
  readonly proven: boolean;
  readonly where: readonly Where[];
  /** Of a range: what does not pass. */
  readonly failedPorts: string;
  /** What became of connections that were left idle for `seconds` and for four times as long; null where that was not tried. */
  readonly idle: { readonly seconds: number; readonly shortLives: boolean; readonly longLives: boolean } | null;
  /** Routers on the way to one port that fails, and who refused it; null where nobody looked, or could. */
  readonly hops: {
    readonly port: number;
    readonly path: readonly { readonly hop: number; readonly address: string }[];
    /** Null where nothing refused, or it cannot be told who. */
    readonly refusedBy: string | null;
  } | null;
  readonly evidence: readonly Text[];
  readonly nextTest: Text | null;
  readonly commands: readonly { readonly where: Where; readonly firewall: FirewallKind | ""; readonly command: Text }[];
}

export function entriesOf(
  examined: readonly Examined[],
  { nearRole, sights }: { readonly nearRole: Role; readonly sights: Sights },
): DoctorEntry[] {
  return examined.map((each) => entryOf(each, nearRole, sights));
}

function entryOf({ subject, evidence, verdict }: Examined, nearRole: Role, sights: Sights): DoctorEntry {
  const farRole: Role = nearRole === "manager" ? "agent" : "manager";
  const isOutgoing = subject.initiator === "near";
  const [from, to]: readonly [Role, Role] = isOutgoing ? [nearRole, farRole] : [farRole, nearRole];
  const whereOf = (place: Place): Where => {
    if (place === "between") return "between";
    return (place === "initiator") === isOutgoing ? "this-host" : "far-host";
  };
  const fromAddress = initiatorAddress(
    subject,
    evidence.listener.sawFrom,
    isOutgoing ? sights.near.addresses : sights.far?.addresses,
  );
  const context = { subject, verdict, idle: evidence.idle, fromAddress, to, sights };
  const commands = distinct(
    verdict.state === "open" ? [] : verdict.causes.flatMap((cause) => commandsFor(cause, context)),
  );
  return {
    flow: flowName(subject.flow),
    family: subject.family,
    direction: `${from}-to-${to}`,
    transport: subject.transport,
    ports: subject.transport === "icmp" ? "" : spans(subject.ports),
    from: fromAddress,
    to: evidence.destination,
    state: verdict.state,
    causes: verdict.causes,
    proven: verdict.isProven,
    where: [...new Set(verdict.where.map(whereOf))],
    failedPorts: verdict.failedPorts.length === 0 ? "" : spans(verdict.failedPorts),
    idle: evidence.idle && pickIdle(evidence.idle),
    hops: pickHops(evidence),
    evidence: verdict.evidence,
    nextTest: verdict.nextTest,
    commands: commands.map(({ place, firewall, command }) => ({ where: whereOf(place), firewall, command })),
  };
}

function pickHops({ hops, destination }: Evidence): DoctorEntry["hops"] {
  if (hops === null || hops.missing.includes("root")) return null;
  return { port: hops.port, path: hops.path, refusedBy: refuserOf(hops, destination)?.address ?? null };
}

function pickIdle({ seconds, shortLives, longLives }: IdleEvidence): DoctorEntry["idle"] {
  return { seconds, shortLives, longLives };
}

/** The address that rules have to name: as the listener sees it, where that is known. */
function initiatorAddress({ family }: Subject, sawFrom: readonly string[], own: readonly string[] | undefined): string {
  const inFamily = (own ?? []).filter((address) => address.includes(":") === (family === "ipv6"));
  return sawFrom[0] ?? inFamily[0] ?? "";
}

function commandsFor(
  cause: CauseId,
  context: {
    readonly subject: Subject;
    readonly verdict: Examined["verdict"];
    readonly idle: Examined["evidence"]["idle"];
    readonly fromAddress: string;
    readonly to: Role;
    readonly sights: Sights;
  },
): MendingCommand[] {
  const { subject, verdict, idle, fromAddress, to, sights } = context;
  const isOutgoing = subject.initiator === "near";
  const { mend, places } = causeOf(cause);
  const ports = verdict.failedPorts.length > 0 ? verdict.failedPorts : subject.ports;
  const facts = {
    flow: flowName(subject.flow),
    family: subject.family,
    transport: subject.transport,
    ports: subject.transport === "icmp" ? [] : rangesOf(ports),
    from: fromAddress === "" ? "ADDRESS" : fromAddress,
    to: subject.addresses[0] ?? "ADDRESS",
    setting: settingKey(subject.flow),
    idleLivesS: idle === null ? null : idle.shortLives ? idle.seconds : 0,
    program: `rusuban ${to} run`,
  };
  return verdict.where
    .filter((place) => (places as readonly Place[]).includes(place))
    .flatMap((place) => {
      const isNear = place !== "between" && (place === "initiator") === isOutgoing;
      const sight = isNear ? sights.near : sights.far;
      const firewall = sight?.platform === "win32" ? "windows" : (sight?.firewall ?? "");
      return mendingCommands(mend, place, facts, place === "between" ? "" : firewall);
    });
}

function rangesOf(ports: readonly number[]): PortRange[] {
  return spans(ports)
    .split(", ")
    .map((span) => {
      const [from = "0", to = from] = span.split("-");
      return { from: Number(from), to: Number(to) };
    });
}

function distinct(commands: readonly MendingCommand[]): MendingCommand[] {
  return [...new Map(commands.map((each) => [`${each.place} ${each.command.en}`, each])).values()];
}

/** One line for a log: `backup-control to 10.77.2.20 port 10000 (IPv4): closed: … (far-host): command`. */
export function lineOf(entry: DoctorEntry, language: "en" | "ja" = "en"): string {
  const { flow, to, ports, family, state, causes, proven, where } = entry;
  const titles = causes.map((cause) => causeOf(cause).title[language]);
  const what =
    titles.length === 0 ? state : `${state}: ${titles.join(proven ? "; " : language === "en" ? " or " : " または ")}`;
  const place = where.length === 0 ? "" : ` (${where.join(", ")})`;
  const [mend] = entry.commands;
  const toDo = entry.proven ? (mend?.command ?? entry.nextTest) : (entry.nextTest ?? mend?.command);
  const next = toDo?.[language] ?? "";
  const port = ports === "" ? "" : ` port ${ports}`;
  return `doctor: ${flow} to ${to}${port} (${family === "ipv4" ? "IPv4" : "IPv6"}): ${what}${place}${next === "" ? "" : `; ${next}`}`;
}
