// A manager's fleet in memory, for the tests of the API and of the console: real behaviour, no database, no agents.
// Never used outside tests.

import { type InboxAlert, SEVERITIES, type Severity } from "../../model/alert.ts";
import type { Host } from "../../model/host.ts";
import type { Job, JobLogLine } from "../../model/job.ts";
import type { HostReadings } from "../../model/reading.ts";
import type { Snapshot, SnapshotEntry } from "../../model/snapshot.ts";
import type { Subscription } from "../../model/subscription.ts";
import type { Clock } from "../../runtime/clock.ts";
import { groupStates } from "../watch/group-states.ts";
import type { EventHub } from "./event-hub.ts";
import type { IndicationDesk } from "./indication-handlers.ts";
import { createMemoryExaminations } from "./memory-examinations-fixture.ts";
import { createMemoryMaintenance } from "./memory-maintenance-fixture.ts";
import type {
  Agentless,
  AlertInbox,
  BackupOrder,
  EnrolmentTokens,
  Examinations,
  Groups,
  HostDirectory,
  Jobs,
  LatestReadings,
  MaintenanceWindows,
  Page,
  PageQuery,
  ReadingHistory,
  RestoreOrder,
  Snapshots,
  TestAlerts,
} from "./needs.ts";
import { decodeNumberPosition, encodePosition } from "./position.ts";

export interface MemoryFleet {
  readonly hosts: HostDirectory;
  readonly readings: LatestReadings;
  readonly alerts: AlertInbox;
  readonly testAlerts: TestAlerts;
  readonly examinations: Examinations;
  readonly jobs: Jobs;
  readonly snapshots: Snapshots;
  readonly tokens: EnrolmentTokens;
  readonly history: ReadingHistory;
  readonly agentless: Agentless;
  readonly groups: Groups;
  readonly indications: IndicationDesk;
  readonly maintenance: MaintenanceWindows;
  /** What the rest of a manager would do: each puts a thing in place and publishes it. */
  putHost(host: Host): void;
  putReadings(hostId: string, readings: HostReadings): void;
  putAlert(alert: InboxAlert): void;
  putJob(job: Job, log?: readonly JobLogLine[]): void;
  putSnapshot(snapshot: Snapshot, entries?: readonly SnapshotEntry[]): void;
  /** Orders of restores as the API handed them on. */
  readonly restores: RestoreOrder[];
}

export function createMemoryFleet({ clock, hub }: { clock: Clock; hub: EventHub }): MemoryFleet {
  const hosts = new Map<string, Host>();
  const readings = new Map<string, HostReadings>();
  let alerts: InboxAlert[] = [];
  const jobs = new Map<string, { job: Job; log: readonly JobLogLine[] }>();
  const waiting = new Set<() => void>();
  const snapshots: { snapshot: Snapshot; entries: readonly SnapshotEntry[] }[] = [];
  const restores: RestoreOrder[] = [];
  const names = new Map<string, readonly string[]>();
  const subscribed = new Map<string, Subscription>();

  const fleet: MemoryFleet = {
    restores,
    putHost(host) {
      hosts.set(host.id, host);
      hub.publish({ kind: "host", host });
    },
    putReadings(hostId, look) {
      readings.set(hostId, look);
      hub.publish({ kind: "readings", hostId, readings: look });
    },
    putAlert(alert) {
      alerts = [alert, ...alerts.filter((other) => other.id !== alert.id || other.hostId !== alert.hostId)];
      hub.publish({ kind: "alert", alert });
    },
    putJob(job, log = jobs.get(job.id)?.log ?? []) {
      jobs.set(job.id, { job, log });
      hub.publish({ kind: "job", job });
      for (const wake of waiting) wake();
    },
    putSnapshot(snapshot, entries = []) {
      snapshots.unshift({ snapshot, entries });
      hub.publish({ kind: "snapshot", snapshot });
    },
    hosts: {
      async list({ states, text, ...query }) {
        const found = [...hosts.values()]
          .filter((host) => states === undefined || states.includes(host.state))
          .filter((host) => text === undefined || host.name.includes(text) || host.address.includes(text))
          .sort((a, b) => (a.name < b.name ? -1 : 1));
        return pageOf(found, query);
      },
      find: async (ref) => hosts.get(ref) ?? [...hosts.values()].find((host) => host.name === ref),
      async change(id, { name, group, watched }) {
        if ([...hosts.values()].some((host) => host.name === name && host.id !== id)) return undefined;
        const host = hosts.get(id);
        if (host === undefined) return undefined;
        const changed = {
          ...host,
          name: name ?? host.name,
          group: group ?? host.group,
          watched: watched ?? host.watched,
        };
        fleet.putHost(changed);
        return changed;
      },
      names: async ({ id, address }) => ({ given: names.get(id) ?? [], signed: [...(names.get(id) ?? []), address] }),
      async giveNames({ id }, given) {
        names.set(id, given);
      },
      async revoke(id) {
        const host = hosts.get(id);
        if (host !== undefined) fleet.putHost({ ...host, state: "revoked" });
      },
      async countByState() {
        const counts = { up: 0, unreachable: 0, unknown: 0, revoked: 0 };
        for (const host of hosts.values()) counts[host.state] += 1;
        return counts;
      },
    },
    readings: { of: (hostId) => readings.get(hostId) },
    alerts: {
      async list({ states, severityMin, hostId, text, ...query }) {
        const found = alerts
          .filter((alert) => states === undefined || states.includes(alert.state))
          .filter((alert) => severityMin === undefined || SEVERITIES[alert.severity] >= SEVERITIES[severityMin])
          .filter((alert) => hostId === undefined || alert.hostId === hostId)
          .filter((alert) => text === undefined || `${alert.summary} ${alert.component}`.includes(text));
        return pageOf(found, query);
      },
      find: async (id, hostId) =>
        alerts.filter((alert) => alert.id === id && (hostId === undefined || alert.hostId === hostId)),
      async acknowledge({ ids, hostId, by }) {
        const result = { acknowledged: [] as string[], unchanged: [] as string[], unknown: [] as string[] };
        for (const id of ids) {
          const found = alerts.filter((alert) => alert.id === id && (hostId === undefined || alert.hostId === hostId));
          const open = found.filter((alert) => alert.state === "open");
          if (found.length === 0) result.unknown.push(id);
          else if (open.length === 0) result.unchanged.push(id);
          else result.acknowledged.push(id);
          for (const alert of open) {
            const seen = {
              ...alert,
              state: "acknowledged" as const,
              acknowledgedAtMs: clock.now(),
              acknowledgedBy: by,
            };
            alerts = alerts.map((other) => (other === alert ? seen : other));
            hub.publish({ kind: "alert", alert: seen });
          }
        }
        return result;
      },
      async counts() {
        const byState = { open: 0, acknowledged: 0, cleared: 0 };
        const openBySeverity = { information: 0, warning: 0, minor: 0, major: 0, critical: 0, fatal: 0 };
        for (const alert of alerts) {
          byState[alert.state] += 1;
          if (alert.state === "open") openBySeverity[alert.severity] += 1;
        }
        return { byState, openBySeverity };
      },
      async openByHost(hostIds) {
        const found = new Map<string, { count: number; worst: Severity }>();
        for (const alert of alerts) {
          if (alert.state !== "open" || !hostIds.includes(alert.hostId)) continue;
          const known = found.get(alert.hostId);
          const worse = known === undefined || SEVERITIES[alert.severity] > SEVERITIES[known.worst];
          found.set(alert.hostId, { count: (known?.count ?? 0) + 1, worst: worse ? alert.severity : known.worst });
        }
        return found;
      },
    },
    examinations: createMemoryExaminations({ find: (hostId) => hosts.get(hostId), clock }),
    testAlerts: {
      async raise(hostId, ids) {
        for (const id of ids) {
          if (alerts.some((alert) => alert.id === id && alert.hostId === hostId)) continue;
          fleet.putAlert(testAlert(id, hosts.get(hostId), clock.now()));
        }
      },
    },
    jobs: {
      async list({ states, kind, hostId, ...query }) {
        const found = [...jobs.values()]
          .map(({ job }) => job)
          .reverse()
          .filter((job) => states === undefined || states.includes(job.state))
          .filter((job) => kind === undefined || job.kind === kind)
          .filter((job) => hostId === undefined || job.hostId === hostId);
        return pageOf(found, query);
      },
      find: async (id) => jobs.get(id)?.job,
      log: async (id, { from, limit }) => jobs.get(id)?.log.slice(from, from + limit) ?? [],
      changed: (_id, signal) =>
        new Promise((resolve) => {
          const wake = () => {
            waiting.delete(wake);
            resolve();
          };
          waiting.add(wake);
          signal.addEventListener("abort", wake, { once: true });
        }),
      async cancel(id) {
        const { job } = known(jobs.get(id));
        const canceled: Job = { ...job, state: "canceled", endedAtMs: clock.now() };
        fleet.putJob(canceled);
        return canceled;
      },
      async startBackup(order) {
        const job = queuedJob(`018f0000-0000-7000-8000-${String(jobs.size + 1).padStart(12, "0")}`, order, clock.now());
        fleet.putJob(job);
        return job;
      },
      async startRestore(order) {
        restores.push(order);
        const id = `018f0000-0000-7000-9000-${String(jobs.size + 1).padStart(12, "0")}`;
        const job: Job = {
          ...queuedJob(id, { ...order, paths: order.paths.map(String) }, clock.now()),
          kind: "restore",
          snapshotId: order.snapshot.id,
          target: order.target,
        };
        fleet.putJob(job);
        return job;
      },
      async countUnended() {
        const states = [...jobs.values()].map(({ job }) => job.state);
        return {
          queued: states.filter((state) => state === "queued").length,
          running: states.filter((state) => state === "running").length,
        };
      },
    },
    snapshots: {
      async list({ hostId, ...query }) {
        const found = snapshots.map(({ snapshot }) => snapshot);
        return pageOf(
          found.filter((snapshot) => hostId === undefined || snapshot.hostId === hostId),
          query,
        );
      },
      find: async (ref) => snapshots.find(({ snapshot }) => snapshot.id.startsWith(ref))?.snapshot,
      async latestByHost(hostIds) {
        const latest = new Map<string, Snapshot>();
        for (const { snapshot } of [...snapshots].reverse()) {
          if (hostIds.includes(snapshot.hostId)) latest.set(snapshot.hostId, snapshot);
        }
        return latest;
      },
      async entries(id, { path, ...query }) {
        const found = snapshots.find(({ snapshot }) => snapshot.id === id);
        if (found === undefined || !["", "/"].includes(path.toString())) return undefined;
        return pageOf([...found.entries], query);
      },
      count: async () => snapshots.length,
    },
    indications: {
      async change({ id }, isWanted) {
        if (isWanted) subscribed.set(id, { state: "waiting", reason: "", checkedAtMs: null, expiresAtMs: null });
        else subscribed.delete(id);
        return subscribed.get(id);
      },
    },
    groups: { states: async () => groupStates([...hosts.values()], (id) => readings.get(id)) },
    maintenance: createMemoryMaintenance(clock),
    agentless: {
      async add({ name, address, means }) {
        if ([...hosts.values()].some((host) => host.name === name)) return undefined;
        const number = 900 + hosts.size;
        const host: Host = {
          id: `00000000-0000-7000-8000-${String(number).padStart(12, "0")}`,
          ...{ name, address, means, group: "", watched: true, ports: {}, state: "unknown" },
          ...{ enrolledAtMs: clock.now(), lastSeenAtMs: null },
          facts: { hostname: address, platform: "unknown", operatingSystem: "", architecture: "", agentVersion: "" },
        };
        fleet.putHost(host);
        return host;
      },
      discover: async (addresses) =>
        addresses.map((address) => {
          const host = [...hosts.values()].find((one) => one.address === address);
          return { address, ping: host !== undefined, means: [], hostName: host?.name ?? null };
        }),
      thresholds: async (hostId) =>
        hosts.get(hostId)?.means === "agent" ? undefined : { own: {}, effective: EVERYWHERE },
      setThresholds: async (hostId, own) =>
        hosts.get(hostId)?.means === "agent" ? undefined : { own, effective: EVERYWHERE },
      subscriptionOf: (hostId) => subscribed.get(hostId),
      check: async (hostId) =>
        hosts.get(hostId)?.means === "agent" ? undefined : [{ step: "ping", passed: true, what: "answers" }],
    },
    history: {
      async seriesOf(hostId) {
        const all = readings.get(hostId)?.readings ?? [];
        return all.flatMap(({ component, measure, unit, value }) =>
          value === null ? [] : [{ component, measure, unit }],
        );
      },
      async read({ hostId, component, measure, fromMs, toMs, pointsMax }) {
        const latest = readings.get(hostId)?.readings ?? [];
        const found = latest.find((reading) => reading.component === component && reading.measure === measure);
        if (found === undefined || found.value === null) return undefined;
        const { unit, value } = found;
        const stepMs = Math.max(60_000, Math.ceil((toMs - fromMs) / (pointsMax - 1)));
        const points = Array.from({ length: Math.floor((toMs - fromMs) / stepMs) }, (_, index) => {
          const average = value * (1 + Math.sin(index / 9) / 10);
          return { atMs: fromMs + index * stepMs, average, minimum: average * 0.98, maximum: average * 1.02 };
        });
        return { unit, stepSeconds: Math.round(stepMs / 1_000), points };
      },
    },
    tokens: {
      async create({ validSeconds = 86_400 }) {
        const token = "ru1-c2VjcmV0LXRva2Vu";
        const line = `npx rusuban agent enroll manager.example ${token}`;
        return { token, line, expiresAtMs: clock.now() + validSeconds * 1_000 };
      },
    },
  };
  return fleet;
}

function pageOf<T>(items: readonly T[], { limit, after }: PageQuery): Page<T> {
  const from = after === undefined ? 0 : decodeNumberPosition(after);
  const next = from + limit < items.length ? encodePosition(from + limit) : null;
  return { items: items.slice(from, from + limit), next };
}

const EVERYWHERE = {
  ...{ fileSystem: { warning: 0.85, critical: 0.95 }, memory: { warning: 0.9, critical: 0.97 } },
  ...{ load: { warning: 4, critical: 12 }, processor: { warning: null, critical: null }, fileSystems: {} },
};

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("assertion failed: the API looks before it asks");
  return value;
}

function testAlert(id: string, host: Host | undefined, now: number): InboxAlert {
  return {
    id,
    raisedAtMs: now,
    severity: "information",
    category: "software",
    kind: "event",
    component: "rusuban agent",
    condition: "test",
    summary: "This is a test alert.",
    details: [],
    hostId: host?.id ?? "",
    hostName: host?.name ?? "",
    receivedAtMs: now,
    state: "open",
    acknowledgedAtMs: null,
    acknowledgedBy: null,
    clearedAtMs: null,
  };
}

function queuedJob(id: string, order: Pick<BackupOrder, "host" | "paths" | "requestedBy">, now: number): Job {
  return {
    id,
    kind: "backup",
    hostId: order.host.id,
    hostName: order.host.name,
    state: "queued",
    requestedBy: order.requestedBy,
    paths: order.paths,
    snapshotId: null,
    target: null,
    createdAtMs: now,
    startedAtMs: null,
    endedAtMs: null,
    progress: { files: 0, bytes: 0, bytesSent: 0, problems: 0, current: "" },
    reason: null,
  };
}
