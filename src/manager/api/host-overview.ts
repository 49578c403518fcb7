import { GAUGES_MAX, type HostOverview } from "../../api/host-routes.ts";
import type { Host } from "../../model/host.ts";
import { READING_STATES, type Reading, worstState } from "../../model/reading.ts";
import type { Subscription } from "../../model/subscription.ts";
import type { Agentless, AlertInbox, LatestReadings, Snapshots } from "./needs.ts";

export interface HostOverviewNeeds {
  readonly readings: LatestReadings;
  readonly alerts: Pick<AlertInbox, "openByHost">;
  readonly snapshots: Pick<Snapshots, "latestByHost">;
  readonly agentless: Pick<Agentless, "subscriptionOf">;
}

/** Hosts with what a person wants to see of them first; two queries for a whole page. */
export async function describeHosts(
  hosts: readonly Host[],
  { readings, alerts, snapshots, agentless }: HostOverviewNeeds,
): Promise<HostOverview[]> {
  const ids = hosts.map((host) => host.id);
  const [open, latest] = await Promise.all([alerts.openByHost(ids), snapshots.latestByHost(ids)]);
  return hosts.map((host) => {
    const look = readings.of(host.id);
    const snapshot = latest.get(host.id);
    return {
      ...host,
      ports: { ...host.ports },
      readingState: look === undefined ? null : worstState(look.readings.map((reading) => reading.state)),
      readAtMs: look?.readAtMs ?? null,
      gauges: chooseGauges(look?.readings ?? []),
      openAlerts: open.get(host.id)?.count ?? 0,
      worstOpenSeverity: open.get(host.id)?.worst ?? null,
      lastSnapshot: snapshot === undefined ? null : { id: snapshot.id, finishedAtMs: snapshot.finishedAtMs },
      subscription: shown(agentless.subscriptionOf(host.id)),
    };
  });
}

/** What else the manager knows of it is a secret. */
function shown(subscription: Subscription | undefined): HostOverview["subscription"] {
  if (subscription === undefined) return null;
  const { state, reason, checkedAtMs, expiresAtMs } = subscription;
  return { state, reason, checkedAtMs, expiresAtMs };
}

/** The measures that say how much of something is in use. */
const IN_USE = new Set(["used", "busy"]);

/**
 * Ratios in use, worst first, so that what fills up is among the few that are shown; otherwise as the host ordered them.
 * Other ratios (inodes, errors) only when something is wrong with them.
 */
export function chooseGauges(readings: readonly Reading[]): Reading[] {
  return readings
    .filter(({ unit, measure, state }) => unit === "ratio" && (IN_USE.has(measure) || state !== "ok"))
    .sort((a, b) => READING_STATES[b.state] - READING_STATES[a.state])
    .slice(0, GAUGES_MAX);
}
