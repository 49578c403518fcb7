// A TCP connection came about: who was it that answered, and does it carry what it should?

import { isLoopback, isOneOf } from "./address-text.ts";
import { arrivalOf } from "./arrival.ts";
import type { CauseId } from "./causes/causes.ts";
import type { Attempt, Evidence } from "./evidence.ts";
import { holdingOf } from "./listeners.ts";
import { oneOf, open, proven, type Verdict } from "./verdict.ts";
import { TESTS, text, tried } from "./words.ts";

/** Two clocks that differ by more than this disagree about a certificate; half a minute is what a query's way may take. */
const CLOCKS_DIFFER_MS = 30_000;

export function judgeAnswer(evidence: Evidence, attempt: Attempt): Verdict {
  const seen = [tried(attempt)];
  switch (attempt.proof) {
    case "ours":
    case "none": // Nothing was asked beyond the connection.
      return open(
        [...seen, ...(isLoopback(evidence.destination) ? [ONE_COMPUTER] : []), ...translationLines(evidence)],
        translations(evidence),
      );
    case "stalled":
      return { ...proven("mtu-black-hole", "between", seen), state: "partly" };
    case "not-yet-valid":
      return clockOff(evidence, seen);
    case "expired":
      if (evidence.clockAheadMs === null) {
        return oneOf(["certificate-expired", "clock-off"], ["listener", "initiator"], {
          evidence: seen,
          nextTest: TESTS.clocks,
        });
      }
      if (clocksDiffer(evidence)) return clockOff(evidence, seen);
      return proven("certificate-expired", "listener", [...seen, ...clockLines(evidence)]);
    case "other-peer":
      return proven("name-elsewhere", "initiator", seen);
    case "refused-us":
      return judgeRefusedUs(evidence, seen);
    case "foreign":
      return judgeForeign(evidence, attempt);
    case "not-tls":
    case "silent":
    case "closed":
      return judgeMute(evidence, attempt);
  }
}

/** Two clocks that disagree do not say which of them is right. */
function clockOff(evidence: Evidence, seen: Verdict["evidence"]): Verdict {
  return { ...proven("clock-off", "initiator", [...seen, ...clockLines(evidence)]), where: ["initiator", "listener"] };
}

/** The listener took our connection, and not us. */
function judgeRefusedUs(evidence: Evidence, seen: Verdict["evidence"]): Verdict {
  const { revoked } = evidence.listener;
  if (revoked === true) return proven("certificate-revoked", "initiator", seen);
  if (clocksDiffer(evidence)) return clockOff(evidence, seen);
  const causes: CauseId[] = ["certificate-expired"];
  if (evidence.clockAheadMs === null) causes.push("clock-off");
  if (revoked === null) causes.push("certificate-revoked");
  // Whoever listens there may wait for another than us.
  const [first, second = "name-elsewhere", ...more] = causes;
  if (first === undefined) throw new Error("assertion failed: a cause was put in");
  return oneOf([first, second, ...more], ["initiator", "listener"], { evidence: seen, nextTest: TESTS.listenerLog });
}

/** Another authority's certificate. */
function judgeForeign(evidence: Evidence, attempt: Attempt): Verdict {
  const { holding, owner } = holdingOf(evidence, attempt.port);
  const seen = [tried(attempt)];
  switch (holding) {
    case "own":
      return proven("tls-interception", "between", [
        ...seen,
        text(
          `our program has the port there (${owner}), and shows another certificate`,
          `ポートは Rusuban が使用中(${owner})で、別の証明書を使っている`,
        ),
      ]);
    case "other":
      return proven("port-taken", "listener", [
        ...seen,
        text(`another program has the port: ${owner}`, `別のプログラムがポートを使用: ${owner}`),
      ]);
    case "nobody":
    case "own-loopback":
    case "own-other-family":
      // Nobody there could have answered.
      return proven("tls-interception", "between", seen);
    case "hidden":
    case "unknown":
      return oneOf(["tls-interception", "port-taken", "name-elsewhere"], ["between", "listener", "initiator"], {
        evidence: seen,
        nextTest: TESTS.fingerprint,
      });
  }
}

/** Accepted, and nothing of ours behind it. */
function judgeMute(evidence: Evidence, attempt: Attempt): Verdict {
  const { holding, owner } = holdingOf(evidence, attempt.port);
  const opened = evidence.listener.temporary.find(({ port, code }) => port === attempt.port && code === "");
  const seen = [tried(attempt)];
  if (holding === "other" && opened === undefined) {
    return proven("port-taken", "listener", [
      ...seen,
      text(`another program has the port: ${owner}`, `別のプログラムがポートを使用: ${owner}`),
    ]);
  }
  if (opened !== undefined || holding === "nobody" || holding === "own-loopback" || holding === "own-other-family") {
    if ((opened?.accepted ?? 0) === 0) return swallowed(seen);
    if (isLargeLost(evidence)) return proven("mtu-black-hole", "between", [...seen, LARGE_LOST]);
    return oneOf(["mtu-black-hole", "packet-loss"], ["between"], { evidence: seen, nextTest: TESTS.repeat });
  }
  const arrival = arrivalOf(evidence);
  if (holding === "own" && arrival === "not-arrived") return swallowed(seen);
  if (holding === "own" && arrival === "delivered") {
    // The listener has the connection, and what it says does not come through whole.
    if (isLargeLost(evidence)) return proven("mtu-black-hole", "between", [...seen, LARGE_LOST]);
    return oneOf(["mtu-black-hole", "packet-loss"], ["between"], { evidence: seen, nextTest: TESTS.bulk });
  }
  const causes: [CauseId, CauseId, ...CauseId[]] = ["proxy-accepts-nothing-forwarded", "mtu-black-hole"];
  if (holding !== "own") causes.push("port-taken");
  return oneOf(causes, ["between", "listener"], { evidence: seen, nextTest: TESTS.bothEnds });
}

const ONE_COMPUTER = text(
  "both programs are on one computer and use its loopback: other computers cannot come this way",
  "両プログラムは同じコンピュータ上にあり、ループバックで通信している(他のコンピュータからはこの経路で接続できない)",
);

const LARGE_LOST = text(
  "between these two a small answer comes and a large one stalls",
  "この両者の間では小さな応答は届き、大きな応答は途中で止まる",
);

function isLargeLost({ bulk, largeStalls }: Evidence): boolean {
  return bulk === "stalls" || largeStalls;
}

function swallowed(seen: Verdict["evidence"]): Verdict {
  return proven("proxy-accepts-nothing-forwarded", "between", [
    ...seen,
    text("the listener's host has accepted no connection", "待ち受け側ホストは接続を受け付けていない"),
  ]);
}

/** Address translation that does no harm so far, and that rules have to know of. */
function translations({ destination, initiator, listener }: Evidence): CauseId[] {
  const { addresses } = initiator;
  const isTranslated = (from: string) => addresses !== null && !isOneOf(from, addresses);
  const isForwarded = listener.addresses !== null && !isOneOf(destination, listener.addresses);
  return [
    ...(listener.sawFrom.some(isTranslated) ? (["source-nat"] as const) : []),
    ...(isForwarded ? (["destination-nat"] as const) : []),
  ];
}

function translationLines(evidence: Evidence) {
  const { destination, initiator, listener } = evidence;
  return translations(evidence).map((cause) =>
    cause === "source-nat"
      ? text(
          `the listener saw ${listener.sawFrom.join(", ")}; the initiator's own addresses are ${initiator.addresses?.join(", ")}`,
          `待ち受け側から見えたアドレスは ${listener.sawFrom.join(", ")}、接続元のアドレスは ${initiator.addresses?.join(", ")}`,
        )
      : text(
          `${destination} was dialled; the listener's own addresses are ${listener.addresses?.join(", ")}`,
          `接続先は ${destination}、待ち受け側のアドレスは ${listener.addresses?.join(", ")}`,
        ),
  );
}

function clocksDiffer({ clockAheadMs }: Evidence): boolean {
  return clockAheadMs !== null && Math.abs(clockAheadMs) > CLOCKS_DIFFER_MS;
}

function clockLines({ clockAheadMs }: Evidence) {
  if (clockAheadMs === null) return [];
  const seconds = Math.round(clockAheadMs / 1_000);
  return [
    text(
      `the listener's clock is ${seconds} s ahead of the initiator's`,
      `待ち受け側の時計は接続元より ${seconds} 秒進んでいる`,
    ),
  ];
}
