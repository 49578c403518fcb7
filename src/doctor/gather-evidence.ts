import { familyOf, isNamedBy } from "./address-text.ts";
import { type Evidence, type Family, NOTHING_KNOWN } from "./evidence.ts";
import type { ExaminationNeeds, Sights } from "./examination.ts";
import { lastAttempts } from "./judge.ts";
import type { Trial } from "./trial.ts";

/** Everything known of one trial, in the form that the verdict takes. Signs of other flows are added afterwards. */
export function gatherEvidence(
  trial: Trial,
  { needs, sights, trials }: { needs: ExaminationNeeds; sights: Sights; trials: readonly Trial[] },
): Evidence {
  const { subject } = trial;
  const { family, transport } = subject;
  const isOutgoing = subject.initiator === "near";
  const [initiator, listener] = isOutgoing ? [sights.near, sights.far] : [sights.far, sights.near];
  const initiatorAddresses = initiator?.addresses ?? null;
  const ofFamily = (addresses: readonly string[]) => addresses.filter((address) => familyOf(address) === family);
  // Translation goes by addresses, not by ports: what one flow shows holds for the others of its direction.
  const alike = trials.filter((each) => each.subject.initiator === subject.initiator && each.subject.family === family);
  const sawFrom = [...new Set([...alike.flatMap((each) => each.sawFrom), ...ofFamily(listener?.sawPeerFrom ?? [])])];
  const ruleAddresses = listener?.ruleAddresses ?? null;
  const { farAheadMs } = sights;
  return {
    ...NOTHING_KNOWN,
    isPool: subject.isPool,
    transport,
    ports: subject.ports,
    family,
    destination: trial.address,
    attempts: trial.attempts,
    initiator: { addresses: initiatorAddresses, ...trial.way, sent: trial.sentByInitiator },
    listener: {
      platform: listener?.platform ?? "",
      addresses: listener?.addresses ?? null,
      sockets: listener?.sockets ?? null,
      temporary: trial.temporary.length > 0 || listener === null ? trial.temporary : untriedPorts(trial),
      gained: trial.gained,
      sent: trial.sentByListener,
      sawFrom,
      hasConnection: !isOutgoing && needs.hasConnection(subject.flow),
      revoked: needs.isRevoked,
      rulesNameInitiator:
        ruleAddresses === null || initiatorAddresses === null
          ? null
          : ofFamily(initiatorAddresses).some((own) => ruleAddresses.some((named) => isNamedBy(own, named))),
      routeBack: routeBack(trial, trials),
      problem: subject.problem,
    },
    isOneComputer: sights.isOneComputer,
    answersAt: trial.answersAt,
    clockAheadMs: farAheadMs === null ? null : isOutgoing ? farAheadMs : -farAheadMs,
    burst: trial.burst,
    series: trial.series,
    bulk: trial.bulk,
    losesNearby: trials.some(
      (each) => each.subject.family === family && lastAttempts(each.attempts).some(({ proof }) => proof === "lost"),
    ),
    bulkNearby: bulkNearby(family, trials),
    idle: trial.idle,
    hops: trial.hops,
    datagrams: trial.datagrams,
  };
}

/** A hole for large packets is one of the line: what any flow shows of it holds for the others. */
function bulkNearby(family: Family, trials: readonly Trial[]): Evidence["bulk"] {
  const found = trials.filter(({ subject }) => subject.family === family).map(({ bulk }) => bulk);
  return (["stalls", "unreturned", "passes"] as const).find((each) => found.includes(each)) ?? "untried";
}

/** The listener's own flows to the initiator, in this family, say whether it has a way there. */
function routeBack({ subject }: Trial, trials: readonly Trial[]): Evidence["listener"]["routeBack"] {
  const ways = trials
    .filter((each) => each.subject.initiator !== subject.initiator && each.subject.family === subject.family)
    .map(({ way }) => way.route);
  return ways.find((route) => route !== "unknown") ?? "unknown";
}

/** A port that was not opened for the test is as the socket table has it. */
function untriedPorts({ subject, attempts }: Trial) {
  if (attempts.length > 0 || subject.isPool) return [];
  return subject.ports.map((port) => ({ port, code: "UNTRIED", accepted: 0, proven: 0 }));
}
