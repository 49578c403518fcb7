import { HOST_STATES, type Host } from "../../model/host.ts";
import { readingMetrics } from "../../model/reading-metrics.ts";
import type { MetricFamily, Sample } from "../../wire/exposition.ts";
import type { AlertInbox, HostDirectory, Jobs, LatestReadings, ManagerFacts, Snapshots } from "../api/needs.ts";

// What a Prometheus sees of a manager and of all hosts that it minds. Names after prometheus.io/docs/practices/naming.

export interface MetricsNeeds {
  readonly manager: ManagerFacts;
  readonly hosts: Pick<HostDirectory, "list" | "countByState">;
  readonly readings: LatestReadings;
  readonly alerts: Pick<AlertInbox, "counts">;
  readonly jobs: Pick<Jobs, "countUnended">;
  readonly snapshots: Pick<Snapshots, "latestByHost" | "count">;
}

const HOSTS_PER_PAGE = 200;

/** Everything at this moment. Throws only where the database does. */
export async function collectManagerMetrics(needs: MetricsNeeds): Promise<MetricFamily[]> {
  const { manager } = needs;
  const [hosts, states, alerts, jobs, snapshotCount] = await Promise.all([
    allHosts(needs.hosts),
    needs.hosts.countByState(),
    needs.alerts.counts(),
    needs.jobs.countUnended(),
    needs.snapshots.count(),
  ]);
  const minded = hosts.filter(({ state }) => state !== "revoked");
  const latest = await latestSnapshots(minded, needs.snapshots);
  return [
    gauge("rusuban_build_info", "The manager's version.", [{ labels: { version: manager.version }, value: 1 }]),
    gauge("rusuban_start_time_seconds", "When the manager started.", [{ value: manager.startedAtMs / 1_000 }]),
    gauge(
      "rusuban_listening",
      "Whether a declared port is open.",
      manager.flows().map(({ flow, listening }) => ({ labels: { flow }, value: listening ? 1 : 0 })),
    ),
    gauge(
      "rusuban_hosts",
      "Hosts by state.",
      HOST_STATES.map((state) => ({ labels: { state }, value: states[state] })),
    ),
    gauge("rusuban_alerts_open", "Alerts that nobody has acknowledged.", bySeverity(alerts.openBySeverity)),
    gauge(
      "rusuban_jobs",
      "Backups and restores that have not ended.",
      Object.entries(jobs).map(([state, value]) => ({ labels: { state }, value })),
    ),
    gauge("rusuban_snapshots", "Snapshots in the store.", [{ value: snapshotCount }]),
    gauge(
      "rusuban_host_up",
      "Whether the host is up: 0 where it is unreachable, or not heard of yet.",
      minded.map(({ name, state }) => ({ labels: { host: name }, value: state === "up" ? 1 : 0 })),
    ),
    gauge(
      "rusuban_host_last_seen_timestamp_seconds",
      "The latest sign of life.",
      minded.flatMap(({ name, lastSeenAtMs }) =>
        lastSeenAtMs === null ? [] : [{ labels: { host: name }, value: lastSeenAtMs / 1_000 }],
      ),
    ),
    gauge("rusuban_host_last_snapshot_timestamp_seconds", "When the latest snapshot of the host was finished.", latest),
    ...readingMetrics(minded.map(({ id, name }) => ({ host: name, readings: needs.readings.of(id)?.readings ?? [] }))),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: "gauge", samples };
}

function bySeverity(counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([severity, value]) => ({ labels: { severity }, value }));
}

async function allHosts(directory: MetricsNeeds["hosts"]): Promise<Host[]> {
  const hosts: Host[] = [];
  let after: string | undefined;
  do {
    const page = await directory.list({ limit: HOSTS_PER_PAGE, after, states: undefined, text: undefined });
    hosts.push(...page.items);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return hosts;
}

async function latestSnapshots(hosts: readonly Host[], snapshots: MetricsNeeds["snapshots"]): Promise<Sample[]> {
  const latest = await snapshots.latestByHost(hosts.map(({ id }) => id));
  return hosts.flatMap(({ id, name }) => {
    const snapshot = latest.get(id);
    return snapshot === undefined ? [] : [{ labels: { host: name }, value: snapshot.finishedAtMs / 1_000 }];
  });
}
