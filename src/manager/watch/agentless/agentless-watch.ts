import type { HostFacts } from "../../../model/host.ts";
import type { HostReadings } from "../../../model/reading.ts";
import type { PingResult } from "../../../net/ping.ts";
import { resolveName } from "../../../net/resolve-name.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { Log } from "../../../runtime/log.ts";
import type { Random } from "../../../runtime/random.ts";
import { type Service, withTimeout } from "../../../runtime/service.ts";
import type { AgentlessList, AgentlessOrder } from "./agentless-list.ts";
import { createCimXmlMeans } from "./cim-xml-means.ts";
import type { CheckResult, Means } from "./means.ts";
import { createPingMeans } from "./ping-means.ts";
import { createPoller } from "./poller.ts";
import { createSnmpMeans } from "./snmp-means.ts";
import type { Target } from "./target.ts";
import { createWsmanMeans } from "./wsman-means.ts";

// The servers that run no agent of ours: kept in a list, polled, and checked when somebody asks why one does not answer.

/** Of a whole check: a person waits for it. */
const CHECK_TIMEOUT_MS = 25_000;

export interface AgentlessWatch extends Service {
  /** Looked at from now on. Undefined where another host has the name. */
  add(order: AgentlessOrder): Promise<Target | undefined>;
  remove(hostId: string): void;
  /** What works on the way to the server, and what does not; undefined for a host with an agent. */
  check(hostId: string): Promise<readonly CheckResult[] | undefined>;
}

export interface AgentlessNeeds {
  readonly list: AgentlessList;
  readonly ping: (address: string) => Promise<PingResult>;
  readonly intervalMs: number;
  readonly failuresMax: number;
  readonly onLook: (hostId: string, look: { facts: Partial<HostFacts>; readings: HostReadings }) => void;
  readonly onDown: (target: Target, why: { readonly ping: string; readonly reason: string }) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export function createAgentlessWatch(needs: AgentlessNeeds): AgentlessWatch {
  const { list, clock, random } = needs;
  const meansOf = (target: Target): Means => {
    if (target.means === "wsman") return createWsmanMeans(target, { clock, random });
    if (target.means === "cim-xml") return createCimXmlMeans(target, { clock });
    if (target.means === "snmp") return createSnmpMeans(target);
    return createPingMeans(target.address, needs.ping);
  };
  const poller = createPoller({
    ...needs,
    meansOf,
    onLook: ({ hostId }, look) => needs.onLook(hostId, look),
  });
  return {
    ...poller,
    name: "agentless-watch",
    async start() {
      for (const target of await list.all()) poller.add(target);
      await poller.start();
    },
    async add(order) {
      const target = await list.add(order);
      if (target !== undefined) poller.add(target);
      return target;
    },
    async check(hostId) {
      const target = await list.find(hostId);
      if (target === undefined) return undefined;
      const means = meansOf(target);
      const stop = new AbortController();
      try {
        const [named, pinged, rest] = await Promise.all([
          resolveName(target.address),
          needs.ping(target.address),
          withTimeout(means.check(stop.signal), { what: "the check", timeoutMs: CHECK_TIMEOUT_MS, clock }),
        ]);
        return [
          { step: "name", passed: named.found, what: named.what },
          { step: "ping", passed: pinged.reachable ?? null, what: pinged.reachable ? "answers" : pinged.reason },
          ...rest,
        ];
      } finally {
        stop.abort();
        means.close();
      }
    },
  };
}
