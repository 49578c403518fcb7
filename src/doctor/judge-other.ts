// Flows without connections: datagrams, which say nothing when they are lost, and ping.

import { arrivalOf } from "./arrival.ts";
import type { CauseId } from "./causes/causes.ts";
import type { Attempt, Evidence } from "./evidence.ts";
import { NO_ROUTE_BACK, noWay, serviceMissing } from "./judge-tcp.ts";
import { oneOf, open, proven, unknown, type Verdict } from "./verdict.ts";
import { counted, TESTS, text, tried } from "./words.ts";

export function judgeUdp(evidence: Evidence, attempt: Attempt): Verdict {
  const { datagrams, listener } = evidence;
  const seen = [
    tried(attempt),
    ...datagramLines(evidence),
    ...(listener.gained === null ? [] : [counted(listener.gained)]),
  ];
  const missing = serviceMissing(evidence, attempt.port);
  if (attempt.code === "EPERM") return proven("own-output-blocked", "initiator", seen);
  if (evidence.initiator.route === "missing") return proven(noWay(evidence), "initiator", seen);
  if ((datagrams?.received ?? 0) > 0) return judgeArrived(evidence, seen);
  const arrival = arrivalOf(evidence);
  if (attempt.code === "ECONNREFUSED") {
    if (arrival === "undelivered") return proven(["udp-refused", "host-firewall-reject-icmp"], "listener", seen);
    if (arrival === "not-arrived") return proven(["udp-refused", "middle-reject"], "between", seen);
    if (missing !== undefined) return proven(["udp-refused", missing], "listener", seen);
    if (arrival === "delivered") return proven(["udp-refused", "not-listening"], "listener", seen);
    const refused: [CauseId, CauseId, ...CauseId[]] = ["not-listening", "host-firewall-reject-icmp", "middle-reject"];
    return oneOf(refused, ["listener", "between"], { evidence: seen, nextTest: TESTS.bothEnds });
  }
  if (attempt.code === "EHOSTUNREACH" || attempt.code === "EACCES") {
    return proven("udp-refused", arrival === "undelivered" ? "listener" : "between", seen);
  }
  switch (arrival) {
    case "kept":
      return proven("own-output-blocked", "initiator", seen);
    case "undelivered":
      return proven("host-firewall-drop", "listener", seen);
    case "delivered":
      return missing === undefined ? unknown(seen, TESTS.bothEnds) : proven(missing, "listener", seen);
    case "not-arrived":
      return proven("udp-blocked", "between", seen);
    case "unclear":
    case "unknown":
      break;
  }
  if (listener.hasConnection)
    return open([...seen, text("the listener has heard from it", "待ち受け側で受信を確認済み")]);
  // A listener that was opened for the test has heard nothing: nothing came, or its own firewall kept it away.
  return oneOf(
    ["udp-blocked", "host-firewall-drop", ...(missing === undefined ? [] : [missing])],
    ["between", "listener"],
    {
      evidence: seen,
      nextTest: arrival === "unclear" ? TESTS.quiet : TESTS.bothEnds,
    },
  );
}

/** The listener has them. Whether answers come back matters only to flows that have any; it is said all the same. */
function judgeArrived({ datagrams }: Evidence, seen: Verdict["evidence"]): Verdict {
  const { sent, received } = datagrams ?? { sent: 0, received: 0 };
  const lost = sent - (received ?? 0);
  // One of ten may be lost by chance on any line.
  if (lost > Math.max(1, sent / 10)) return { ...proven("packet-loss", "between", seen), state: "partly" };
  return open(seen);
}

function datagramLines({ datagrams }: Evidence) {
  if (datagrams === null) return [];
  const { sent, received, answered } = datagrams;
  const heard = received === null ? text("unknown", "不明") : text(`${received}`, `${received}`);
  return [
    text(
      `${sent} numbered datagrams sent, ${heard.en} received there, ${answered} answers back`,
      `番号付きデータグラム: 送信 ${sent}、受信 ${heard.ja}、応答 ${answered}`,
    ),
  ];
}

export function judgePing(evidence: Evidence, attempt: Attempt): Verdict {
  const { listener, initiator } = evidence;
  const { gained } = listener;
  const seen = [tried(attempt), ...(gained === null ? [] : [counted(gained)])];
  if (attempt.code === "") return open(seen);
  const again = evidence.burst ?? { sent: 0, passed: 0 };
  if (again.passed > 0) {
    const { sent, passed } = again;
    const line = text(
      `of ${sent} that were sent afterwards ${passed} were answered`,
      `その後の ${sent} 回中 ${passed} 回は応答`,
    );
    if (2 * passed > sent) return open([...seen, line]);
    return { ...proven("packet-loss", "between", [...seen, line]), state: "partly" };
  }
  if (attempt.code === "ENOTFOUND") return proven("name-not-resolved", "initiator", seen);
  if (initiator.route === "missing") return proven(noWay(evidence), "initiator", seen);
  if (attempt.code === "UNTRIED") {
    return unknown(
      seen,
      text(
        "install ping on the initiator (Debian: iputils-ping)",
        "接続元に ping を導入してください(Debian: iputils-ping)",
      ),
    );
  }
  if (initiator.neighbour === "silent") return proven("host-down", "listener", seen);
  if (listener.routeBack === "missing")
    return proven(["ping-blocked", "no-route"], "listener", [...seen, NO_ROUTE_BACK]);
  switch (arrivalOf(evidence)) {
    case "kept":
      return proven(["ping-blocked", "own-output-blocked"], "initiator", seen);
    case "undelivered":
      return proven("ping-blocked", "listener", seen);
    case "delivered":
      return (gained?.echoReplies ?? 0) === 0
        ? proven("ping-blocked", "listener", seen)
        : proven(["ping-blocked", "missing-return-path"], "between", seen);
    case "not-arrived":
      return proven("ping-blocked", "between", seen);
    case "unclear":
    case "unknown":
      break;
  }
  if (evidence.hostAnswers === true) {
    return { ...proven("ping-blocked", "listener", seen), where: ["listener", "between"], nextTest: TESTS.bothEnds };
  }
  return oneOf(["ping-blocked", "host-down"], ["between", "listener"], { evidence: seen, nextTest: TESTS.console });
}
