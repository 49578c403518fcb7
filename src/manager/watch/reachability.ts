import type { Alert } from "../../model/alert.ts";
import { describePing, type PingResult } from "../../net/ping.ts";
import { type Clock, every } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { createUuid, type Random } from "../../runtime/random.ts";
import type { Service } from "../../runtime/service.ts";

// Hosts that fall silent, and hosts that come back. Silence alone is no verdict: the host is asked first, by ping and at
// its control port, and the alert says what each of them answered, because "the agent has stopped" and "nothing answers
// there" send people to different places.

export interface ReachabilityNeeds {
  /** Hosts without a sign of life for longer than this. */
  readonly silent: (silentMs: number) => readonly string[];
  /** Marks a host unreachable that is silent still; true where that is news. */
  readonly miss: (hostId: string) => boolean;
  readonly find: (
    hostId: string,
  ) => Promise<{ readonly name: string; readonly address: string; readonly lastSeenAtMs: number | null } | undefined>;
  readonly ping: (address: string) => Promise<PingResult>;
  /** Whether the agent's control port takes an authenticated connection, and if not, why. */
  readonly knock: (hostId: string) => Promise<{ readonly open: boolean; readonly reason: string }>;
  readonly raise: (hostId: string, alert: Alert) => Promise<void>;
  /** Looks into what stands in the way, and logs it; not waited for. */
  readonly explain: (hostId: string) => void;
  readonly onChange: (hostId: string) => void;
  readonly unreachableSeconds: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export const UNREACHABLE_CONDITION = "host.unreachable";
/** The detail of that alert from which the outage is counted. */
export const LAST_SIGN_DETAIL = "last sign of life";
export const HOST_COMPONENT = "host";
/** Hosts asked at once: a failed switch silences many. */
const ASKED_AT_ONCE_MAX = 32;

export function createReachability(needs: ReachabilityNeeds): Service {
  const { clock, unreachableSeconds } = needs;
  let stop = () => {};
  let looking: Promise<void> = Promise.resolve();
  return {
    name: "reachability",
    async start() {
      const intervalMs = Math.max(1_000, (unreachableSeconds * 1_000) / 5);
      stop = every(clock, intervalMs, () => {
        looking = lookOnce(needs);
        return looking;
      });
    },
    async stop() {
      stop();
      await looking;
    },
  };
}

async function lookOnce(needs: ReachabilityNeeds): Promise<void> {
  const silent = [...needs.silent(needs.unreachableSeconds * 1_000)];
  const workers = Array.from({ length: Math.min(ASKED_AT_ONCE_MAX, silent.length) }, async () => {
    for (let hostId = silent.shift(); hostId !== undefined; hostId = silent.shift()) {
      try {
        await judge(hostId, needs);
      } catch (error) {
        needs.log.error({ hostId, reason: reasonOf(error) }, "could not judge whether the host is reachable");
      }
    }
  });
  await Promise.all(workers);
}

async function judge(hostId: string, needs: ReachabilityNeeds): Promise<void> {
  const host = await needs.find(hostId);
  if (host === undefined) return;
  const [pinged, knocked] = await Promise.all([needs.ping(host.address), needs.knock(hostId)]);
  // It answers with its own certificate: the machine and its agent live, only the way from it to the manager is shut.
  const isHalfOpen = knocked.open;
  if (!needs.miss(hostId)) return;
  needs.onChange(hostId);
  needs.explain(hostId);
  const cause = isHalfOpen
    ? "its agent answers the manager but does not reach it: a firewall may block its way to the manager"
    : pinged.reachable
      ? "the machine answers ping, its agent does not: the agent may have stopped, or a firewall blocks its ports"
      : "neither the machine nor its agent answers";
  const alert = createUnreachableAlert(
    host,
    {
      severity: isHalfOpen ? "major" : "critical",
      cause,
      ping: describePing(pinged),
      asked: [{ name: "backup-control port", value: knocked.open ? "answers" : knocked.reason }],
    },
    needs,
  );
  await needs.raise(hostId, alert);
}

/** The alert of a host that does not answer, whatever it was asked by; `asked` says what each of that answered. */
export function createUnreachableAlert(
  host: { readonly name: string; readonly address: string; readonly lastSeenAtMs: number | null },
  found: Pick<Alert, "severity"> & {
    readonly cause: string;
    readonly ping: string;
    readonly asked: Alert["details"];
  },
  { clock, random }: Pick<ReachabilityNeeds, "clock" | "random">,
): Alert {
  const lastSign = host.lastSeenAtMs === null ? "never" : new Date(host.lastSeenAtMs).toISOString();
  return {
    id: createUuid({ clock, random }),
    raisedAtMs: clock.now(),
    severity: found.severity,
    category: "communication",
    kind: "raised",
    component: HOST_COMPONENT,
    condition: UNREACHABLE_CONDITION,
    summary: `${host.name} is unreachable: ${found.cause}`,
    details: [
      { name: "address", value: host.address },
      { name: "ping", value: found.ping },
      ...found.asked,
      { name: LAST_SIGN_DETAIL, value: lastSign },
    ],
  };
}

/** The alert that ends an unreachable host's, with the length of the outage. */
export function createBackAlert(
  { name, downSinceMs }: { readonly name: string; readonly downSinceMs: number },
  { clock, random }: Pick<ReachabilityNeeds, "clock" | "random">,
): Alert {
  const seconds = Math.max(0, Math.round((clock.now() - downSinceMs) / 1_000));
  return {
    id: createUuid({ clock, random }),
    raisedAtMs: clock.now(),
    severity: "information",
    category: "communication",
    kind: "cleared",
    component: HOST_COMPONENT,
    condition: UNREACHABLE_CONDITION,
    summary: `${name} is back after ${formatDuration(seconds)}`,
    details: [{ name: "unreachable for", value: `${seconds} s` }],
  };
}

function formatDuration(seconds: number): string {
  if (seconds < 120) return `${seconds} seconds`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} minutes`;
  return `${Math.round(seconds / 3_600)} hours`;
}
