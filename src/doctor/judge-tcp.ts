// One port of a TCP flow: from what was seen to what is so. Each branch is a row of the table in docs/doctor.md. The
// order matters: what one end knows of itself goes before what the other concludes from silence.

import { isOneOf } from "./address-text.ts";
import { type Arrival, arrivalOf, wasKept } from "./arrival.ts";
import type { CauseId } from "./causes/causes.ts";
import type { Attempt, Evidence } from "./evidence.ts";
import { judgeAnswer } from "./judge-answer.ts";
import { holdingOf } from "./listeners.ts";
import { oneOf, proven, type Verdict } from "./verdict.ts";
import { counted, TESTS, text, tried } from "./words.ts";

/** Longer than a router's own refusal takes, shorter than the three tries of ARP (measured: 3.07 s). */
const NEIGHBOUR_MS = 2_500;

const REFUSED = new Set(["ECONNREFUSED"]);
const UNREACHABLE = new Set(["EHOSTUNREACH", "ENETUNREACH", "EACCES", "ENOPROTOOPT", "EHOSTDOWN", "ENONET"]);
const NO_NAME = new Set(["ENOTFOUND", "EAI_AGAIN"]);
const NO_ADDRESS = new Set(["EADDRNOTAVAIL", "EAFNOSUPPORT"]);

/** The verdict on the port of this attempt. */
export function judgeTcp(evidence: Evidence, attempt: Attempt): Verdict {
  const { code } = attempt;
  if (code === "") return judgeAnswer(evidence, attempt);
  if (NO_NAME.has(code)) return proven("name-not-resolved", "initiator", [tried(attempt)]);
  if (code === "EPERM") return proven("own-output-blocked", "initiator", [tried(attempt)]);
  if (NO_ADDRESS.has(code)) return proven(otherFamilyOnly(evidence), "initiator", [tried(attempt)]);
  const { route } = evidence.initiator;
  if (route === "missing" && code === "ENETUNREACH")
    return proven(noWay(evidence), "initiator", [tried(attempt), noRouteLine(evidence)]);
  if (REFUSED.has(code)) return judgeRefused(evidence, attempt);
  if (UNREACHABLE.has(code)) return judgeUnreachable(evidence, attempt);
  return judgeSilence(evidence, attempt);
}

/** Family without an address of its own: the way exists in this family only at the other end. */
function otherFamilyOnly({ family }: Evidence): CauseId {
  return family === "ipv6" ? "ipv4-only" : "ipv6-only";
}

export function noWay(evidence: Evidence): CauseId {
  const { addresses } = evidence.initiator;
  const hasFamily =
    addresses === null || addresses.some((address) => address.includes(":") === (evidence.family === "ipv6"));
  return hasFamily ? "no-route" : otherFamilyOnly(evidence);
}

function noRouteLine({ destination }: Evidence) {
  return text(`no entry of the routing table covers ${destination}`, `経路表に ${destination} に該当する経路がない`);
}

function judgeRefused(evidence: Evidence, attempt: Attempt): Verdict {
  const { gained } = evidence.listener;
  const seen = [tried(attempt), ...(gained === null ? [] : [counted(gained)])];
  const { holding, owner } = holdingOf(evidence, attempt.port);
  const missing = serviceMissing(evidence, attempt.port);
  const arrival = arrivalOf(evidence);
  switch (arrival) {
    case "kept":
      return keptIn(seen);
    case "not-arrived":
      return withService(middleReject(evidence, seen), missing);
    case "undelivered": {
      // A host sends some ICMP errors only, then one a second; its firewall's resets have no such limit (measured).
      const { burst } = evidence;
      const isIcmp = burst !== null && burst.refused < burst.sent * 0.8;
      const cause = isIcmp ? "host-firewall-reject-icmp" : "host-firewall-reject-reset";
      return withService(brokenByNat(evidence, cause, seen) ?? proven(cause, "listener", seen), missing);
    }
    case "delivered":
    case "unclear":
    case "unknown":
      break;
  }
  if (missing !== undefined) {
    // A listener that was opened for the test was refused, too: something rejects besides.
    const opened = evidence.listener.temporary.find(({ port, code }) => port === attempt.port && code === "");
    if (opened === undefined || arrival === "delivered")
      return proven(missing, "listener", [...seen, ownerLine(holding, owner)]);
    return oneOf(
      ["host-firewall-reject-reset", "host-firewall-reject-icmp", "middle-reject"],
      ["listener", "between"],
      {
        evidence: seen,
        nextTest: arrival === "unclear" ? TESTS.quiet : TESTS.bothEnds,
      },
    );
  }
  if (holding === "own" || holding === "hidden") {
    // As in middleReject: by IPv6 the initiator's own rules may have refused it.
    const isPerhapsOwn = evidence.family === "ipv6";
    return oneOf(
      [
        "host-firewall-reject-reset",
        "host-firewall-reject-icmp",
        "middle-reject",
        ...(isPerhapsOwn ? (["own-output-blocked"] as const) : []),
      ],
      isPerhapsOwn ? ["listener", "between", "initiator"] : ["listener", "between"],
      {
        evidence: [...seen, ownerLine(holding, owner)],
        nextTest: arrival === "unclear" ? TESTS.quiet : TESTS.bothEnds,
      },
    );
  }
  return oneOf(
    ["not-listening", "loopback-only", "host-firewall-reject-reset", "host-firewall-reject-icmp", "middle-reject"],
    ["listener", "between"],
    { evidence: seen, nextTest: TESTS.bothEnds },
  );
}

/** What the listener's socket table says is missing; undefined where our program listens, or nobody knows. */
export function serviceMissing(evidence: Evidence, port: number): CauseId | undefined {
  const opened = evidence.listener.temporary.find((each) => each.port === port);
  const { holding } = holdingOf(evidence, port);
  if (opened?.code === "EADDRINUSE" && holding !== "own") return "port-taken";
  switch (holding) {
    case "nobody":
      return opened?.code === "" ? undefined : "not-listening";
    case "own-loopback":
      return "loopback-only";
    case "own-other-family":
      return otherFamilyOnly(evidence);
    case "other":
      return "port-taken";
    case "own":
    case "hidden":
    case "unknown":
      return undefined;
  }
}

/** The filter, and what is missing behind it: both hold. */
function withService(verdict: Verdict, missing: CauseId | undefined): Verdict {
  if (missing === undefined || !verdict.isProven) return verdict;
  return {
    ...verdict,
    causes: [...verdict.causes, missing],
    where: [...new Set([...verdict.where, "listener" as const])],
  };
}

function ownerLine(holding: string, owner: string) {
  const who = owner === "" ? "" : `: ${owner}`;
  const words: Record<string, readonly [string, string]> = {
    nobody: ["the socket table has no listener on the port", "ソケット一覧にそのポートの待ち受けがない"],
    "own-loopback": [`the socket table has it on the loopback only${who}`, `ソケット一覧ではループバックのみ${who}`],
    "own-other-family": [
      `the socket table has it for the other family only${who}`,
      `ソケット一覧では他方のファミリのみ${who}`,
    ],
    other: [`another program has the port${who}`, `別のプログラムがポートを使用${who}`],
    own: [`our program listens there${who}`, `Rusuban が待ち受けている${who}`],
    hidden: ["a program listens there; root can see which", "何らかのプログラムが待ち受けている(root なら確認可能)"],
  };
  const [en, ja] = words[holding] ?? ["the socket table was not seen", "ソケット一覧は未確認"];
  return text(en, ja);
}

/** The host's own firewall stops it, and the address is translated: perhaps its rule names the other address. */
function brokenByNat(
  evidence: Evidence,
  cause: CauseId,
  seen: readonly ReturnType<typeof tried>[],
): Verdict | undefined {
  const { addresses } = evidence.initiator;
  const translated = evidence.listener.sawFrom.filter((from) => addresses !== null && !isOneOf(from, addresses));
  const [from] = translated;
  if (from === undefined) return undefined;
  const evidenceLines = [
    ...seen,
    text(
      `the host sees the initiator as ${from}, which is none of its own addresses (${addresses?.join(", ")})`,
      `ホストからは接続元が ${from} に見えるが、接続元のアドレス(${addresses?.join(", ")})ではない`,
    ),
  ];
  if (evidence.listener.rulesNameInitiator === true) {
    const line = text("the host's rules name the untranslated address", "ホストの規則は変換前のアドレスを指定している");
    return proven("address-rule-broken-by-nat", "listener", [...evidenceLines, line]);
  }
  if (evidence.listener.rulesNameInitiator === false) return proven(cause, "listener", evidenceLines);
  return oneOf(["address-rule-broken-by-nat", cause], ["listener"], {
    evidence: evidenceLines,
    nextTest: TESTS.natRule,
  });
}

function judgeUnreachable(evidence: Evidence, attempt: Attempt): Verdict {
  const { gained } = evidence.listener;
  const { neighbour } = evidence.initiator;
  const seen = [tried(attempt), ...(gained === null ? [] : [counted(gained)])];
  const arrival = arrivalOf(evidence);
  // Only IPv6 shows the kind; IPv4 tells "prohibited" as EHOSTUNREACH, like "host unreachable" (measured).
  const isProhibited = attempt.code === "EACCES";
  const mayBeProhibited = attempt.code === "EHOSTUNREACH" && evidence.family === "ipv4";
  if (neighbour === "silent") {
    const line = text(
      `${evidence.destination} is on the same segment and does not answer to its address`,
      `${evidence.destination} は同一セグメントだが、アドレス解決に応答しない`,
    );
    return proven("host-down", "listener", [...seen, line]);
  }
  if (arrival === "undelivered") {
    const cause = isProhibited ? "admin-prohibited" : "host-firewall-reject-icmp";
    const broken = brokenByNat(evidence, cause, seen);
    if (broken !== undefined) return broken;
    if (!mayBeProhibited) return proven(cause, "listener", seen);
    return oneOf(["admin-prohibited", "host-firewall-reject-icmp"], ["listener"], {
      evidence: seen,
      nextTest: TESTS.icmpKind,
    });
  }
  if (arrival === "kept") return keptIn(seen);
  if (arrival === "not-arrived") {
    if (isProhibited) return proven(["admin-prohibited", "middle-reject"], "between", seen);
    if (attempt.tookMs >= NEIGHBOUR_MS && attempt.code === "EHOSTUNREACH") {
      return oneOf(["host-down", "middle-reject"], ["listener", "between"], { evidence: seen, nextTest: TESTS.route });
    }
    return middleReject(evidence, seen);
  }
  if (isProhibited) {
    return oneOf(["admin-prohibited", "middle-reject"], ["listener", "between"], {
      evidence: seen,
      nextTest: TESTS.bothEnds,
    });
  }
  if (attempt.code === "ENETUNREACH") {
    return oneOf(["no-route", "middle-reject", "host-firewall-reject-icmp"], ["between", "listener"], {
      evidence: seen,
      nextTest: TESTS.route,
    });
  }
  const rejected: [CauseId, CauseId, ...CauseId[]] = mayBeProhibited
    ? ["middle-reject", "host-firewall-reject-icmp", "admin-prohibited"]
    : ["middle-reject", "host-firewall-reject-icmp"];
  if (evidence.hostAnswers !== true) rejected.push("host-down");
  return oneOf(rejected, ["between", "listener"], { evidence: seen, nextTest: TESTS.bothEnds });
}

function judgeSilence(evidence: Evidence, attempt: Attempt): Verdict {
  const { gained, sent, platform } = evidence.listener;
  const seen = [tried(attempt), ...(gained === null ? [] : [counted(gained)])];
  const missing = serviceMissing(evidence, attempt.port);
  if (evidence.initiator.neighbour === "silent") return proven("host-down", "listener", seen);
  if (evidence.listener.routeBack === "missing") return proven("no-route", "listener", [...seen, NO_ROUTE_BACK]);
  const arrival = arrivalOf(evidence);
  if (comesBack(evidence, arrival)) {
    const line = text("tried again, an answer came", "再試行では応答があった");
    const rest = { evidence: [...seen, line], nextTest: TESTS.repeat };
    return { ...oneOf(["packet-loss", "rate-limit"], ["between", "listener"], rest), state: "partly" };
  }
  switch (arrival) {
    case "kept":
      return keptIn(seen);
    case "undelivered":
      return withService(
        brokenByNat(evidence, "host-firewall-drop", seen) ?? proven("host-firewall-drop", "listener", seen),
        missing,
      );
    case "delivered":
      if (sent !== null && wasKept({ ...sent, probes: Math.max(1, gained?.halfOpen ?? 1) })) {
        const line = text(
          "its answers did not leave it (OutRequests, OutTransmits)",
          "応答がホストから送出されていない(OutRequests、OutTransmits)",
        );
        return proven("own-output-blocked", "listener", [...seen, line]);
      }
      return proven("missing-return-path", "between", seen);
    case "not-arrived":
      return withService(notArrived(evidence, seen), missing);
    case "unclear":
      return oneOf(
        ["middle-drop", "middle-missing-rule", "host-firewall-drop", "missing-return-path"],
        ["between", "listener"],
        {
          evidence: seen,
          nextTest: TESTS.quiet,
        },
      );
    case "unknown":
      break;
  }
  // Windows answers nothing where nobody listens (its firewall's stealth mode).
  if (missing !== undefined && platform === "win32") return proven(missing, "listener", seen);
  const candidates: [CauseId, CauseId, ...CauseId[]] = [
    "middle-drop",
    "middle-missing-rule",
    "host-firewall-drop",
    "missing-return-path",
  ];
  if (evidence.initiator.sent === null || evidence.initiator.sent.kept === null) candidates.push("own-output-blocked");
  if (evidence.hostAnswers !== true) candidates.push("host-down");
  // The listener's host has been asked already, and could not count.
  const nextTest = evidence.listener.sockets === null ? TESTS.bothEnds : TESTS.capture;
  return oneOf(candidates, ["between", "listener"], { evidence: seen, nextTest });
}

/** While it was counted, connections were made or refused by the listener's own TCP: the way is there in both directions. */
function comesBack({ burst }: Evidence, arrival: Arrival): boolean {
  if (burst === null) return false;
  return burst.passed > 0 || (arrival === "delivered" && burst.refused > 0);
}

export const NO_ROUTE_BACK = text(
  "no entry of the listener's own routing table covers the initiator's address",
  "待ち受け側の経路表に、接続元のアドレスに該当する経路がない",
);

/** What the initiator's own rules refuse by IPv6 is counted as sent (measured), and looks like a refusal on the way. */
function middleReject(evidence: Evidence, seen: readonly ReturnType<typeof tried>[]): Verdict {
  if (evidence.family === "ipv4") return proven("middle-reject", "between", seen);
  return oneOf(["middle-reject", "own-output-blocked"], ["between", "initiator"], {
    evidence: seen,
    nextTest: TESTS.middleOrOwn,
  });
}

function keptIn(seen: readonly ReturnType<typeof tried>[]): Verdict {
  const line = text(
    "the initiator's own host counted them as asked for and not as sent (OutRequests, OutTransmits)",
    "接続元ホスト自身が、送信要求はあったが送出しなかったと数えている(OutRequests、OutTransmits)",
  );
  return proven("own-output-blocked", "initiator", [...seen, line]);
}

/** Nothing came to the listener's host, and its counters say so. */
function notArrived(evidence: Evidence, seen: readonly ReturnType<typeof tried>[]): Verdict {
  const { destination, initiator, listener } = evidence;
  const isItsOwn = listener.addresses === null || isOneOf(destination, listener.addresses);
  if (!isItsOwn) {
    const line = text(
      `${destination} is none of the listener's own addresses (${listener.addresses?.join(", ")})`,
      `${destination} は待ち受け側のアドレス(${listener.addresses?.join(", ")})ではない`,
    );
    return oneOf(["name-elsewhere", "middle-drop", "middle-missing-rule"], ["initiator", "between"], {
      evidence: [...seen, line],
      nextTest: TESTS.middleCounters,
    });
  }
  if (evidence.oppositeDirectionWorks === true && evidence.sameDirectionWorks === false) {
    const line = text(
      "no flow of this direction arrives, and the other direction works",
      "この方向のフローはどれも届かず、逆方向は通じている",
    );
    return proven("one-way-block", "between", [...seen, line]);
  }
  if (initiator.sent === null || initiator.sent.kept === null) {
    return oneOf(["middle-missing-rule", "middle-drop", "own-output-blocked"], ["between", "initiator"], {
      evidence: seen,
      nextTest: TESTS.middleOrOwn,
    });
  }
  return oneOf(["middle-missing-rule", "middle-drop"], ["between"], { evidence: seen, nextTest: TESTS.middleCounters });
}
