// From evidence to verdict: a pure function, total, and the only place where anything is concluded. It never guesses:
// what cannot be told apart is named together with the test that would decide.

import type { CauseId } from "./causes/causes.ts";
import type { Attempt, Evidence, IdleEvidence } from "./evidence.ts";
import { judgeDestination } from "./judge-destination.ts";
import { withHops } from "./judge-hops.ts";
import { judgePing, judgeUdp } from "./judge-other.ts";
import { judgeTcp, serviceMissing } from "./judge-tcp.ts";
import { oneOf, open, proven, unknown, type Verdict } from "./verdict.ts";
import { TESTS, text } from "./words.ts";

export function judge(evidence: Evidence): Verdict {
  const verdict = judgeDestination(evidence, withoutService(evidence, judgeAttempts(evidence)));
  if (verdict.state === "open") return withTakenPorts(evidence, judgeQuality(evidence, verdict));
  return withHops(verdict, evidence.hops, evidence.destination);
}

/** Ports of a pool that somebody else has are not tried: nobody could listen there. */
function withTakenPorts({ isPool, ports, listener }: Evidence, verdict: Verdict): Verdict {
  const taken = (listener.sockets ?? []).filter(({ port, holder }) => holder === "other" && ports.includes(port));
  const [first] = taken;
  if (!isPool || first === undefined || verdict.state !== "open") return verdict;
  const failedPorts = [...new Set(taken.map(({ port }) => port))];
  const line = text(
    `another program has ${spans(failedPorts)}: ${first.owner}`,
    `別のプログラムが ${spans(failedPorts)} を使用: ${first.owner}`,
  );
  return { ...proven("port-taken", "listener", [...verdict.evidence, line]), state: "partly", failedPorts };
}

/** The way is free, and only a listener of the test's own was at its end. */
function withoutService(evidence: Evidence, verdict: Verdict): Verdict {
  const isOurs = evidence.listener.temporary.some(({ code }) => code === "");
  if (verdict.state !== "open" || evidence.isPool || !isOurs) return verdict;
  const line = text(
    "a listener that was opened for the test was reached: the way is free, and the program is missing",
    "試験用に開いた待ち受けには届いた。経路は通じており、プログラムが待ち受けていない",
  );
  return proven("not-listening", "listener", [...verdict.evidence, line]);
}

function judgeAttempts(evidence: Evidence): Verdict {
  const last = lastAttempts(evidence.attempts);
  if (last.length === 0) return judgeUntried(evidence);
  const judgeOne = { tcp: judgeTcp, udp: judgeUdp, icmp: judgePing }[evidence.transport];
  const error = last.find(({ code }) => ICMP_ERRORS.has(code))?.code;
  const verdicts = last.map((attempt) => {
    const verdict = judgeOne(evidence, attempt);
    const mayBeLimited = error !== undefined && attempt.code === "ETIMEDOUT";
    if (!mayBeLimited) return { port: attempt.port, verdict };
    return { port: attempt.port, verdict: perhapsLimited(verdict, judgeOne(evidence, { ...attempt, code: error })) };
  });
  const [first] = verdicts;
  return verdicts.length === 1 && first !== undefined ? first.verdict : judgeRange(verdicts);
}

const ICMP_ERRORS = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EACCES"]);

/** Of many refused packets only some get an ICMP error: a port that timed out beside refused ones may be refused as well. */
function perhapsLimited(asSilence: Verdict, asRefusal: Verdict): Verdict {
  const [first, second, ...more] = [...new Set([...asRefusal.causes, ...asSilence.causes])];
  if (first === undefined || second === undefined) return asSilence;
  const where = [...new Set([...asRefusal.where, ...asSilence.where])];
  return oneOf([first, second, ...more], where, { evidence: asSilence.evidence, nextTest: TESTS.oneByOne });
}

/** Of each port the last try: an earlier one that failed is told by the series. */
export function lastAttempts(attempts: readonly Attempt[]): Attempt[] {
  return [...new Map(attempts.map((attempt) => [attempt.port, attempt])).values()];
}

/** Nobody could try: only the listener itself can be asked. */
function judgeUntried(evidence: Evidence): Verdict {
  const { listener } = evidence;
  if (listener.revoked === true) {
    return proven("certificate-revoked", "initiator", [
      text("the manager has revoked this host", "マネージャがこのホストを失効させている"),
    ]);
  }
  if (listener.hasConnection) {
    return open([
      text(
        "the listener has a proven connection of this flow right now",
        "待ち受け側に、このフローの認証済み接続が現在ある",
      ),
    ]);
  }
  if (listener.problem !== "") return proven("port-taken", "listener", [text(listener.problem, listener.problem)]);
  const missing = listener.sockets === null ? undefined : missingEverywhere(evidence);
  if (missing !== undefined) {
    return proven(missing, "listener", [
      text("the listener's own socket table says so", "待ち受け側のソケット一覧による"),
    ]);
  }
  if (evidence.transport === "udp") {
    return unknown(
      [
        text(
          "a listener of another protocol answers no datagram of ours, so none was sent",
          "別のプロトコルの待ち受けはこちらのデータグラムに応答しないため、送信していない",
        ),
      ],
      TESTS.ownProtocol,
    );
  }
  return unknown(
    [text("nobody at the initiating end could try it", "接続元から試すことができなかった")],
    TESTS.bothEnds,
  );
}

function missingEverywhere(evidence: Evidence): CauseId | undefined {
  const ports = evidence.listener.temporary.map(({ port }) => port);
  const causes = ports.map((port) => serviceMissing(evidence, port));
  return causes.length > 0 && causes.every((cause) => cause !== undefined) ? causes[0] : undefined;
}

/** Many ports of one flow: all the same, or holes. */
function judgeRange(verdicts: readonly { readonly port: number; readonly verdict: Verdict }[]): Verdict {
  const failed = verdicts.filter(({ verdict }) => verdict.state !== "open");
  const [passed] = verdicts.filter(({ verdict }) => verdict.state === "open");
  const [first] = failed;
  if (first === undefined) return summed(verdicts.map(({ verdict }) => verdict));
  const failedPorts = failed.map(({ port }) => port);
  const worst = summed(failed.map(({ verdict }) => verdict));
  const lines = [
    text(
      `${failed.length} of ${verdicts.length} ports do not pass: ${spans(failedPorts)}`,
      `${verdicts.length} ポート中 ${failed.length} ポートが通らない: ${spans(failedPorts)}`,
    ),
    ...worst.evidence,
  ];
  // Where nobody could say what is with some of them, there is nothing to call a hole.
  if (passed === undefined || worst.state === "unknown") return { ...worst, evidence: lines, failedPorts };
  // Another program on a port of the pool, or a bad line, is no hole in a firewall.
  const isHole = !worst.causes.every((cause) => cause === "port-taken" || cause === "mtu-black-hole");
  return {
    ...worst,
    state: "partly",
    causes: isHole ? ["data-port-hole", ...worst.causes] : worst.causes,
    evidence: lines,
    failedPorts,
  };
}

/** What several verdicts on ports of one flow come to; their evidence is told once for each kind. */
function summed(verdicts: readonly Verdict[]): Verdict {
  const kinds = new Map<string, Verdict>();
  for (const verdict of verdicts) {
    const kind = `${verdict.state} ${verdict.causes.join()}`;
    if (!kinds.has(kind)) kinds.set(kind, verdict);
  }
  // What is known of some ports counts before what is not of others.
  const [first, ...others] = [...kinds.values()].sort(
    (a, b) => Number(b.causes.length > 0) - Number(a.causes.length > 0),
  );
  if (first === undefined) throw new Error("assertion failed: a range has ports");
  if (others.length === 0) return first;
  const all = [first, ...others];
  return {
    state: first.state,
    causes: [...new Set(all.flatMap(({ causes }) => causes))],
    isProven: all.every(({ isProven, causes: list }) => isProven || list.length === 0),
    where: [...new Set(all.flatMap(({ where }) => where))],
    evidence: all.flatMap(({ evidence }) => evidence.slice(0, 2)),
    nextTest: all.find(({ nextTest }) => nextTest !== null)?.nextTest ?? null,
    failedPorts: [],
  };
}

/** `20300-20304, 20310`. */
export function spans(ports: readonly number[]): string {
  const sorted = [...ports].sort((a, b) => a - b);
  const parts: { from: number; to: number }[] = [];
  for (const port of sorted) {
    const last = parts.at(-1);
    if (last !== undefined && port === last.to + 1) last.to = port;
    else parts.push({ from: port, to: port });
  }
  return parts.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
}

/** Cut by silence: by whoever forgets in that time. An end's own firewall is named where its timeout says so. */
function judgeIdle(verdict: Verdict, idle: IdleEvidence): Verdict {
  const { seconds, shortLives, initiatorForgetsS, listenerForgetsS } = idle;
  const cutAfterS = shortLives ? 4 * seconds : seconds;
  const line = shortLives
    ? text(
        `a connection idle for ${seconds} s lives, one idle for ${4 * seconds} s is cut, and one that was kept busy meanwhile lives`,
        `${seconds} 秒無通信の接続は維持され、${4 * seconds} 秒無通信の接続は切断された(通信を続けた接続は維持された)`,
      )
    : text(
        `a connection idle for ${seconds} s is cut, and one that was kept busy meanwhile lives`,
        `${seconds} 秒無通信の接続は切断された(通信を続けた接続は維持された)`,
      );
  const forgets = (afterS: number | null) => afterS !== null && afterS <= cutAfterS;
  const ends = [
    ...(forgets(initiatorForgetsS) ? [["initiator", initiatorForgetsS] as const] : []),
    ...(forgets(listenerForgetsS) ? [["listener", listenerForgetsS] as const] : []),
  ];
  const lines = ends.map(([end, afterS]) =>
    text(
      `the ${end}'s own host forgets silent connections after ${afterS} s (nf_conntrack_tcp_timeout_established)`,
      `${end === "initiator" ? "接続元" : "待ち受け側"}ホスト自身が無通信の接続を ${afterS} 秒で忘れる(nf_conntrack_tcp_timeout_established)`,
    ),
  );
  const where: Verdict["where"] = ends.length === 0 ? ["between"] : [...ends.map(([end]) => end), "between"];
  return { ...proven("idle-cut", "between", [...verdict.evidence, line, ...lines]), where, state: "partly" };
}

/** Ports that failed first and passed when they were tried again. */
function recoveredPorts(attempts: readonly Attempt[]): number[] {
  const passed = new Set(lastAttempts(attempts).flatMap(({ code, port }) => (code === "" ? [port] : [])));
  const failed = attempts.filter(({ code, port }) => code !== "" && passed.has(port)).map(({ port }) => port);
  return [...new Set(failed)];
}

function onceFailed(verdict: Verdict, ports: readonly number[]): Verdict {
  const line = text(
    `${ports.length} ports failed at first and passed when tried again: ${spans(ports)}`,
    `${ports.length} ポートが最初は失敗し、再試行で成功した: ${spans(ports)}`,
  );
  return {
    ...oneOf(["packet-loss", "rate-limit"], ["between", "listener"], {
      evidence: [...verdict.evidence, line],
      nextTest: TESTS.repeat,
    }),
    state: "partly",
  };
}

/** One failure may be chance; a limit that lets a tenth through is still a limit. */
const FAILURES_MIN = 2;
const LATER_PASSES = 0.1;
const LATER_MIN = 5;

/** It is open: does it stay so, for many connections and for idle ones? */
function judgeQuality(evidence: Evidence, verdict: Verdict): Verdict {
  const { series, idle, bulk } = evidence;
  if (bulk === "stalls") {
    const line = text("a small answer came and a large one stalled", "小さな応答は届き、大きな応答は途中で止まった");
    return { ...proven("mtu-black-hole", "between", [...verdict.evidence, line]), state: "partly" };
  }
  if (bulk === "untried" && evidence.isPool && evidence.transport === "tcp" && evidence.losesNearby) {
    const line = text(
      "small answers came; larger ones were not tried for lack of time, and on another flow what was sent is never acknowledged",
      "小さな応答は届いた。大きな応答は時間不足で試していないが、別のフローでは送信データに確認応答がない",
    );
    return {
      ...oneOf(["mtu-black-hole", "packet-loss"], ["between"], {
        evidence: [...verdict.evidence, line],
        nextTest: TESTS.bulk,
      }),
      state: "partly",
    };
  }
  if (bulk === "unreturned") {
    const line = text(
      "a small answer came; a large one was sent and taken, and did not come back in time",
      "小さな応答は届いた。大きなデータは受け取られたが、時間内に戻らなかった",
    );
    return {
      ...oneOf(["mtu-black-hole", "program-unresponsive"], ["between", "listener"], {
        evidence: [...verdict.evidence, line],
        nextTest: TESTS.busy,
      }),
      state: "partly",
    };
  }
  if (idle !== null && !(idle.shortLives && idle.longLives)) {
    return judgeIdle(verdict, idle);
  }
  const failures = series.filter((passes) => !passes).length;
  const recovered = recoveredPorts(evidence.attempts);
  if (failures < FAILURES_MIN) return recovered.length < FAILURES_MIN ? verdict : onceFailed(verdict, recovered);
  const line = text(
    `of ${series.length} connections in a row ${failures} failed: ${series.map((passes) => (passes ? "+" : "-")).join("")}`,
    `連続 ${series.length} 接続のうち ${failures} 本が失敗: ${series.map((passes) => (passes ? "+" : "-")).join("")}`,
  );
  const later = series.slice(series.indexOf(false));
  const laterPasses = later.filter((passes) => passes).length;
  const seen = [...verdict.evidence, line];
  if (series[0] === true && later.length >= LATER_MIN && laterPasses <= LATER_PASSES * later.length) {
    return { ...proven("rate-limit", "between", seen), where: ["between", "listener"], state: "partly" };
  }
  if (laterPasses >= FAILURES_MIN) return { ...proven("packet-loss", "between", seen), state: "partly" };
  return {
    ...oneOf(["rate-limit", "packet-loss"], ["between", "listener"], { evidence: seen, nextTest: TESTS.repeat }),
    state: "partly",
  };
}
