// Is it the right computer that was dialled? A verdict on what stands in the way holds only where it is.

import { isLoopback, isOneOf } from "./address-text.ts";
import { arrivalOf } from "./arrival.ts";
import type { CauseId } from "./causes/causes.ts";
import type { Evidence } from "./evidence.ts";
import { oneOf, proven, type Verdict } from "./verdict.ts";
import { TESTS, text } from "./words.ts";

/** What is so whoever has the address. */
const OF_THE_INITIATOR: ReadonlySet<CauseId> = new Set([
  "own-output-blocked",
  "no-route",
  "name-elsewhere",
  "ipv4-only",
  "ipv6-only",
]);

export function judgeDestination(evidence: Evidence, verdict: Verdict): Verdict {
  const { destination, listener, attempts } = evidence;
  if (verdict.causes.includes("name-not-resolved")) return verdict;
  const isOurs = attempts.some(({ proof }) => proof === "ours");
  if (attempts.length === 0 || isOurs || evidence.destinationIsForwarded) return verdict;
  if (isLoopback(destination)) return evidence.isOneComputer === false ? onOwnLoopback(evidence) : verdict;
  if (verdict.state !== "closed" || listener.addresses === null || isOneOf(destination, listener.addresses)) {
    return verdict;
  }
  // What its own counters have seen came to the right one.
  const arrival = arrivalOf(evidence);
  if (arrival === "undelivered" || arrival === "delivered") return verdict;
  const seen = [
    ...verdict.evidence,
    text(
      `${destination} is none of the listener's own addresses (${listener.addresses.join(", ")})`,
      `${destination} は待ち受け側のアドレス(${listener.addresses.join(", ")})ではない`,
    ),
  ];
  if (evidence.answersAt !== "") {
    const line = text(`at ${evidence.answersAt} it answers`, `${evidence.answersAt} では応答する`);
    return proven("name-elsewhere", "initiator", [...seen, line]);
  }
  const [first, ...more] = verdict.causes;
  if (first === undefined || verdict.causes.some((cause) => OF_THE_INITIATOR.has(cause))) return verdict;
  const where = [...new Set(["initiator" as const, ...verdict.where])];
  const nextTest = verdict.nextTest ?? TESTS.fingerprint;
  return oneOf(["name-elsewhere", first, ...more], where, { evidence: seen, nextTest });
}

function onOwnLoopback({ destination }: Evidence): Verdict {
  return proven("name-elsewhere", "initiator", [
    text(
      `${destination} is the initiator's own loopback, and the listener is another computer`,
      `${destination} は接続元自身のループバックであり、待ち受け側は別のコンピュータである`,
    ),
  ]);
}
