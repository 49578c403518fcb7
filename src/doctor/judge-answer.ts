// A TCP connection came about: who was it that answered, and does it carry what it should?

import { isLoopback, isOneOf } from "./address-text.ts";
import { arrivalOf } from "./arrival.ts";
import type { CauseId } from "./causes/causes.ts";
import type { Attempt, Evidence, TemporaryPort } from "./evidence.ts";
import { holdingOf } from "./listeners.ts";
import { oneOf, open, proven, unknown, type Verdict } from "./verdict.ts";
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
    case "unfinished":
      return { ...largeOrSlow(seen), state: "partly" };
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
    case "lost":
    case "unheard":
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
  // What counts connections here is the listener's kernel, which does so however busy its programs are.
  const arrival = arrivalOf(evidence);
  if (arrival === "not-arrived") return swallowed(seen);
  const isNobodys = holding === "nobody" || holding === "own-loopback" || holding === "own-other-family";
  if (opened === undefined && isNobodys) return swallowed(seen);
  if (attempt.proof === "unheard") return unknown(seen, TESTS.busyHere);
  const isLargeLost = attempt.proof === "lost" && evidence.bulkNearby === "stalls";
  if (isLargeLost && opened === undefined) return proven("mtu-black-hole", "between", [...seen, LARGE_LOST]);
  if (opened !== undefined) return judgeMuteTest(evidence, { seen, opened, isLost: attempt.proof === "lost" });
  if (holding === "own" && arrival === "delivered") return judgeMuteOwn(evidence, attempt, seen);
  const causes: [CauseId, CauseId, ...CauseId[]] = [
    "proxy-accepts-nothing-forwarded",
    "mtu-black-hole",
    "program-unresponsive",
  ];
  if (holding !== "own") causes.push("port-taken");
  return oneOf(causes, ["between", "listener"], { evidence: seen, nextTest: TESTS.bothEnds });
}

/** A listener of the test's own, for which a few bytes are enough: no packet of it is large. */
function judgeMuteTest(
  evidence: Evidence,
  { seen, opened, isLost }: { seen: Verdict["evidence"]; opened: TemporaryPort; isLost: boolean },
): Verdict {
  if (isLost) return { ...proven("packet-loss", "between", [...seen, UNACKNOWLEDGED]), state: "partly" };
  const causes: [CauseId, CauseId, ...CauseId[]] = ["program-unresponsive", "packet-loss"];
  if (opened.accepted === 0 && arrivalOf(evidence) !== "delivered") causes.push("proxy-accepts-nothing-forwarded");
  return oneOf(causes, ["listener", "between"], { evidence: seen, nextTest: TESTS.busy });
}

/** The listener's kernel has the connection, and of our program's answer nothing is here. */
function judgeMuteOwn(evidence: Evidence, { proof }: Attempt, seen: Verdict["evidence"]): Verdict {
  const { bulkNearby } = evidence;
  if (bulkNearby === "stalls") return proven("mtu-black-hole", "between", [...seen, LARGE_LOST]);
  if (proof === "lost") {
    // Connections are made, and the few packets behind them vanish: of two kilobytes the first packet is a full one.
    if (bulkNearby === "passes") return proven("packet-loss", "between", [...seen, UNACKNOWLEDGED, LARGE_PASSES]);
    return oneOf(["mtu-black-hole", "packet-loss"], ["between"], {
      evidence: [...seen, UNACKNOWLEDGED],
      nextTest: TESTS.bulk,
    });
  }
  if (bulkNearby === "passes") return proven("program-unresponsive", "listener", [...seen, LARGE_PASSES]);
  return largeOrSlow(seen);
}

/** Nothing is lost on the way there: what answers is slow, or what it answers is too large for the way back. */
function largeOrSlow(seen: Verdict["evidence"]): Verdict {
  return oneOf(["mtu-black-hole", "program-unresponsive"], ["between", "listener"], {
    evidence: seen,
    nextTest: TESTS.busy,
  });
}

const ONE_COMPUTER = text(
  "both programs are on one computer and use its loopback: other computers cannot come this way",
  "両プログラムは同じコンピュータ上にあり、ループバックで通信している(他のコンピュータからはこの経路で接続できない)",
);

const LARGE_LOST = text(
  "between these two a small answer comes and a large one stalls",
  "この両者の間では小さな応答は届き、大きな応答は途中で止まる",
);

const LARGE_PASSES = text("between these two a large answer comes whole", "この両者の間では大きな応答も最後まで届く");

const UNACKNOWLEDGED = text(
  "what was sent on the connection was repeated and never acknowledged by the other kernel",
  "接続上で送ったデータは再送されたが、相手のカーネルから確認応答がない",
);

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
