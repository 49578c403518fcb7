// Where do packets get lost? A burst of connections is begun and given up while both ends' counters are read before and
// after. Subjects that fail in the same way are counted together first, because all of them or none arriving says it for
// each; only where that is not clear they are counted one by one, for as long as there is time.

import { arrivalOf } from "./arrival.ts";
import { FAMILIES, type Family, type Gained, NOTHING_KNOWN, type Sent } from "./evidence.ts";
import type { End } from "./examination.ts";
import type { Counted, Helper, PortSpan } from "./helper.ts";
import { lastAttempts } from "./judge.ts";
import { DOCTOR_LIMITS } from "./limits.ts";
import type { TimeLeft } from "./time-left.ts";
import type { Trial } from "./trial.ts";

/** So many packets of one kind at once are no chance. */
const BURST_LENGTH = 12;
/** Below the second after which a SYN is repeated, so that each connection is one packet. */
const BURST_MS = 900;
const PING_TIMES = 5;
/** A process each, which a busy computer starts late: what was never sent must not count as lost. */
const PING_MS = 2_500;

interface Needs {
  readonly near: Helper;
  readonly far: Helper | null;
  readonly hasTimeFor: TimeLeft;
  /** Both ends have the same counters. */
  readonly isOneComputer: boolean;
}

export async function countArrivals(trials: readonly Trial[], needs: Needs): Promise<void> {
  const groups = groupsOf(trials.filter(isFailing));
  const begunBy = (end: End) => groups.filter(([first]) => first?.subject.initiator === end);
  if (needs.isOneComputer) return countGroups(groups, needs);
  // What the two directions add to the counters of one host can be told apart: what it receives, and what it sends.
  await Promise.all((["near", "far"] as const).map((end) => countGroups(begunBy(end), needs)));
}

async function countGroups(groups: readonly (readonly Trial[])[], needs: Needs): Promise<void> {
  for (const group of groups) {
    const families = FAMILIES.map((family) => group.filter(({ subject }) => subject.family === family));
    const count = (each: readonly Trial[]) => countFamily(each, needs);
    // A host counts its resets and accepted connections for both families together; where neither plays a part, the two
    // are counted at once.
    if (group.every(hasTcpTrace)) for (const each of families) await count(each);
    else await Promise.all(families.map(count));
  }
}

function hasTcpTrace(trial: Trial): boolean {
  return failingAttempts(trial).some(({ code }) => code === "ECONNREFUSED" || code === "");
}

async function countFamily(group: readonly Trial[], needs: Needs): Promise<void> {
  const isLate = () =>
    !needs.hasTimeFor(group.some(({ subject }) => subject.transport === "icmp") ? PING_MS : BURST_MS);
  if (group.length === 0 || isLate()) return;
  await countGroup(group, needs);
  if (group.length === 1 || group.every(isClear)) return;
  for (const trial of group) {
    if (isLate()) return;
    await countGroup([trial], needs);
  }
}

const MUTE = new Set(["silent", "lost", "unheard", "closed", "not-tls", "foreign"]);

function isFailing({ attempts }: Trial): boolean {
  return lastAttempts(attempts).some(({ code, proof }) => (code === "" ? MUTE.has(proof) : code !== "UNTRIED"));
}

function isClear(trial: Trial): boolean {
  const evidence = { ...NOTHING_KNOWN, transport: trial.subject.transport };
  const { gained, sentByInitiator } = trial;
  const arrival = arrivalOf({
    ...evidence,
    initiator: { ...evidence.initiator, sent: sentByInitiator },
    listener: { ...evidence.listener, gained },
  });
  return arrival !== "unclear";
}

/** What fails alike, in one direction. */
function groupsOf(trials: readonly Trial[]): Trial[][] {
  const groups = new Map<string, Trial[]>();
  for (const trial of trials) {
    const { subject } = trial;
    const codes = [...new Set(failingAttempts(trial).map(({ code, proof }) => `${code} ${proof}`))].sort().join();
    const key = `${subject.initiator} ${subject.transport} ${codes}`;
    groups.set(key, [...(groups.get(key) ?? []), trial]);
  }
  return [...groups.values()];
}

function failingAttempts(trial: Trial) {
  return lastAttempts(trial.attempts).filter(({ code, proof }) => code !== "" || MUTE.has(proof));
}

async function countGroup(group: readonly Trial[], { near, far }: Needs): Promise<void> {
  const [first] = group;
  if (first === undefined) return;
  const { family } = first.subject;
  const [initiator, listener] = first.subject.initiator === "near" ? [near, far] : [far, near];
  if (initiator === null) return;
  const spans = group.flatMap(spansOf);
  const read = () => Promise.all([initiator.count([]), listener?.count(spans) ?? null]);
  const before = await read();
  await Promise.all(
    group.map(async (trial) => {
      trial.burst = await burst(trial, initiator);
    }),
  );
  const sent = group.reduce((sum, trial) => sum + (trial.burst?.sent ?? 0), 0);
  const after = await read();
  const sentByInitiator = sentBetween(before[0], after[0], family, sent);
  for (const trial of group) {
    trial.sentByInitiator = sentByInitiator;
    if (before[1] === null || after[1] === null) continue;
    trial.gained = gainedBetween(before[1], after[1], family, sent);
    trial.sentByListener = sentBetween(before[1], after[1], family, sent);
  }
}

function spansOf({ subject }: Trial): PortSpan[] {
  const { transport } = subject;
  if (transport === "icmp") return [];
  return subject.ports.map((port) => ({ transport, from: port, to: port })).slice(0, DOCTOR_LIMITS.portsMax);
}

/** How many packets that begin something were sent, and how many of them were refused at once. */
async function burst(
  trial: Trial,
  initiator: Helper,
): Promise<{ readonly sent: number; readonly refused: number; readonly passed: number }> {
  const { subject, address } = trial;
  const ports = [...new Set(failingAttempts(trial).map(({ port }) => port))];
  const order = { flow: subject.flow, address, secret: Buffer.alloc(0), bulkBytes: 0, timeoutMs: BURST_MS };
  if (subject.transport === "icmp") {
    const ping = { ...order, timeoutMs: PING_MS, kind: "ping", ports: [], times: PING_TIMES } as const;
    const { attempts } = await initiator.dial(ping);
    return { sent: PING_TIMES, refused: 0, passed: attempts.filter(({ code }) => code === "").length };
  }
  const times = Math.max(1, Math.ceil(BURST_LENGTH / ports.length));
  const kind = subject.transport === "udp" ? "datagrams" : "connect";
  const { attempts } = await initiator.dial({ ...order, kind, ports, times });
  const withCode = (wanted: string) => attempts.filter(({ code }) => code === wanted).length;
  return { sent: ports.length * times, refused: withCode("ECONNREFUSED"), passed: withCode("") };
}

function gainedBetween(before: Counted, after: Counted, family: Family, sent: number): Gained | null {
  const [a, b] = [before.counters, after.counters];
  if (a === null || b === null) return null;
  const halfOpen = (sight: Counted) =>
    sight.halfOpen.filter((each) => each.family === family).reduce((sum, { count }) => sum + count, 0);
  const gain = (name: "received" | "delivered" | "unreachables" | "echos" | "echoReplies") =>
    b[family][name] - a[family][name];
  return {
    sent,
    received: gain("received"),
    delivered: gain("delivered"),
    unreachables: gain("unreachables"),
    echos: gain("echos"),
    echoReplies: gain("echoReplies"),
    resets: b.resets - a.resets,
    accepted: b.accepted - a.accepted,
    halfOpen: Math.max(0, halfOpen(after) - halfOpen(before)),
  };
}

function sentBetween(before: Counted, after: Counted, family: Family, probes: number): Sent | null {
  const [a, b] = [before.counters?.[family], after.counters?.[family]];
  if (a === undefined || b === undefined) return null;
  const kept = a.left === null || b.left === null ? null : b.asked - a.asked - (b.left - a.left);
  return { probes, kept };
}
