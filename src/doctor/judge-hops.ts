// What the lives of packets add to a verdict: who refused, and how far packets come. Only what can be known: a drop by
// the last router that answers looks like a drop by the host behind it.

import type { HopsEvidence } from "./evidence.ts";
import { proven, type Verdict } from "./verdict.ts";
import { text } from "./words.ts";

/** Who refused, where that can be known. */
export interface Refuser {
  readonly place: "between" | "listener";
  /** Null where only its distance is known. */
  readonly address: string | null;
}

/** Systems begin with one of these (RFC 1700 says 64; Windows 128; network devices 255). */
const FIRST_TTLS = [64, 128, 255];

/** Routers between here and whoever sent it. */
function distanceOf(ttl: number): number {
  return (FIRST_TTLS.find((first) => first >= ttl) ?? ttl) - ttl;
}

/**
 * An ICMP error names its sender. A reset bears the address of the host, whoever sent it: what is left of its life is
 * compared with that of an answer which was the host's own. The same: no router on the way can have sent it. Nearer: the
 * router at that distance did.
 */
export function refuserOf({ refusal, hostTtl, path }: HopsEvidence, destination: string): Refuser | null {
  if (refusal === null || refusal.kind === "answer") return null;
  if (refusal.kind === "icmp") {
    return { place: refusal.from === destination ? "listener" : "between", address: refusal.from };
  }
  if (hostTtl === null) return null;
  if (refusal.ttl === hostTtl) return { place: "listener", address: destination };
  const [distance, hostDistance] = [distanceOf(refusal.ttl), distanceOf(hostTtl)];
  // Farther than the host, or as far with another first life: nothing that can be understood.
  if (distance >= hostDistance) return null;
  return { place: "between", address: path.find(({ hop }) => hop === distance + 1)?.address ?? null };
}

export function withHops(verdict: Verdict, hops: HopsEvidence | null, destination: string): Verdict {
  if (hops === null || verdict.state === "open") return verdict;
  const refuser = refuserOf(hops, destination);
  const seen = [...verdict.evidence, ...linesOf(hops, refuser)];
  const mayBeBetween = verdict.causes.includes("middle-reject");
  if (verdict.isProven || refuser === null || !mayBeBetween) return { ...verdict, evidence: seen };
  if (refuser.place === "between") {
    const { state, failedPorts, causes } = verdict;
    const hole = causes.filter((cause) => cause === "data-port-hole");
    return { ...proven([...hole, "middle-reject"], "between", seen), state, failedPorts };
  }
  const causes = verdict.causes.filter((cause) => cause !== "middle-reject");
  const where = verdict.where.filter((place) => place !== "between");
  const isProven = causes.length === 1;
  return { ...verdict, causes, where, isProven, evidence: seen, nextTest: isProven ? null : verdict.nextTest };
}

function linesOf({ missing, path, refusal, hostTtl, port }: HopsEvidence, refuser: Refuser | null) {
  if (missing.includes("root")) {
    return [
      text(
        "the hops were not looked at: that takes root at the manager, traceroute and nmap (apt install traceroute nmap)",
        "ホップは調べていない(マネージャを root で実行し、traceroute と nmap が必要: apt install traceroute nmap)",
      ),
    ];
  }
  const lines = [];
  if (missing.length > 0) {
    const line = `apt install ${missing.join(" ")}`;
    lines.push(
      text(`the hops were looked at in part only: ${line}`, `ホップの調査は一部のみ(${line} で全て調査できる)`),
    );
  }
  const last = path.at(-1);
  if (last !== undefined && (refusal === null || refusal.kind === "answer")) {
    lines.push(
      text(
        `packets to port ${port} come as far as ${last.address} (hop ${last.hop}), and nothing answers beyond: they are lost when it forwards them, or behind it`,
        `ポート ${port} へのパケットは ${last.address}(${last.hop} ホップ目)まで届き、その先は応答がない。そこでの転送時か、その先で失われている`,
      ),
    );
  }
  if (refusal?.kind === "icmp") {
    lines.push(text(`the ICMP error came from ${refusal.from}`, `ICMP エラーの送信元は ${refusal.from}`));
  }
  if (refusal?.kind === "reset") {
    const own = hostTtl === null ? "" : `, and ${hostTtl} of the host's own answers`;
    const ownJa = hostTtl === null ? "" : `、ホスト自身の応答の TTL は ${hostTtl}`;
    const by = refuser === null ? "" : `: ${refuser.address ?? "a router on the way"} sent it`;
    const byJa = refuser === null ? "" : `。送信したのは ${refuser.address ?? "途中のルータ"}`;
    lines.push(text(`the reset's TTL is ${refusal.ttl}${own}${by}`, `リセットの TTL は ${refusal.ttl}${ownJa}${byJa}`));
  }
  return lines;
}
