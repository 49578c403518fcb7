// A manager in memory for tests: the contract's routes over a few hosts, alerts, jobs and snapshots. Every request and
// every reply is checked against the route's schemas, so a command that asks or reads wrongly fails here as it would there.

import type { Account } from "../api/account-routes.ts";
import { ApiError } from "../api/api-error.ts";
import { type ApiClient, createClient, type Transport } from "../api/client.ts";
import { formatMessage } from "../api/event-stream.ts";
import type { HostOverview, ReadingHistory } from "../api/host-routes.ts";
import type { GroupOverview, Maintenance } from "../api/maintenance-routes.ts";
import type { Route } from "../api/route.ts";
import { type ApiHeard, type ApiReply, ROUTES, type RouteName } from "../api/routes.ts";
import type { InboxAlert } from "../model/alert.ts";
import type { Job, JobLogLine } from "../model/job.ts";
import type { HostReadings } from "../model/reading.ts";
import type { Snapshot, SnapshotEntry } from "../model/snapshot.ts";
import { flowOf } from "../ports/port-map.ts";
import { sampleHost, sampleJob } from "./sample-data.ts";

type Handlers = { readonly [N in RouteName]?: (heard: ApiHeard<N>) => ApiReply<N> };

/** One connection to the event stream: messages, and then its end, an error, or silence until the reader leaves. */
export interface EventConnection {
  readonly messages: readonly (readonly [id: string, data: { readonly kind: string; readonly alert?: unknown }])[];
  readonly ending: "end" | "silence" | Error;
}

export interface MemoryManager {
  readonly api: ApiClient;
  /** What `api` speaks through. */
  readonly transport: Transport;
  hosts: HostOverview[];
  readings: HostReadings | null;
  groups: GroupOverview[];
  maintenance: Maintenance[];
  /** Of every host alike. */
  history: Omit<ReadingHistory, "hostId">[];
  alerts: InboxAlert[];
  snapshots: Snapshot[];
  entries: SnapshotEntry[];
  jobs: Job[];
  /** What each further look at a job shows: applied one by one. */
  jobSteps: Partial<Job>[];
  logLines: JobLogLine[];
  eventConnections: EventConnection[];
  /** Handlers that stand in for the usual ones. */
  overrides: Handlers;
  /** Errors that the transport throws instead of answering, one a request; undefined lets one through. */
  failures: (Error | undefined)[];
  /** Every request that was understood: `backupStart` and what it carried. */
  readonly heard: {
    readonly route: RouteName;
    readonly params: unknown;
    readonly query: unknown;
    readonly body: unknown;
  }[];
  /** The one request of a route. */
  heardOnce(route: RouteName): { readonly params: unknown; readonly query: unknown; readonly body: unknown };
}

export const JOB_ID = "0193b000-0000-7000-8000-00000000000a";
const OWN_THRESHOLDS = {
  memory: { warning: 0.8, critical: null },
  fileSystems: { "/archive": { warning: null, critical: null } },
};
const ALL_THRESHOLDS = {
  ...{ fileSystem: { warning: 0.85, critical: 0.95 }, load: { warning: 4, critical: 12 } },
  ...{ processor: { warning: null, critical: null } },
  ...OWN_THRESHOLDS,
};

const QUEUED: Partial<Job> = {
  state: "queued",
  startedAtMs: null,
  progress: { files: 0, bytes: 0, bytesSent: 0, problems: 0, current: "" },
};
export const TEST_ALERT_IDS = ["0193c000-0000-7000-8000-000000000001", "0193c000-0000-7000-8000-000000000002"] as const;

export function createMemoryManager(): MemoryManager {
  const manager: MemoryManager = {
    api: createClient(carry),
    transport: carry,
    hosts: [],
    readings: null,
    groups: [],
    maintenance: [],
    history: [],
    alerts: [],
    snapshots: [],
    entries: [],
    jobs: [],
    jobSteps: [],
    logLines: [],
    eventConnections: [],
    overrides: {},
    failures: [],
    heard: [],
    heardOnce(route) {
      const [only, ...others] = manager.heard.filter((each) => each.route === route);
      if (only === undefined || others.length > 0) throw new Error(`${route}: not asked exactly once`);
      return only;
    },
  };
  const handlers: Handlers = usualHandlers(manager);

  async function carry({ method, path, headers, body, signal }: Parameters<Transport>[0]): ReturnType<Transport> {
    const failure = manager.failures.shift();
    if (failure !== undefined) throw failure;
    const { name, route, request } = understand(method, path, body);
    manager.heard.push({ route: name, ...request });
    if (route.streams !== undefined) {
      if (headers.accept !== "text/event-stream") throw new Error(`events: accept is ${headers.accept}`);
      return { status: 200, headers: {}, body: streamOf(manager.eventConnections.shift(), signal) };
    }
    try {
      const handler = (manager.overrides[name] ?? handlers[name]) as ((heard: unknown) => unknown) | undefined;
      if (handler === undefined) throw new ApiError("internal", `${name}: no handler`);
      const reply = route.reply.parse(handler(request));
      return { status: route.status, headers: {}, body: bytesOf(route.status === 204 ? "" : JSON.stringify(reply)) };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { status: error.status, headers: {}, body: bytesOf(JSON.stringify(error.toEnvelope())) };
    }
  }
  return manager;
}

function usualHandlers(manager: MemoryManager): Handlers {
  const hostOf = (ref: string) => {
    const host = manager.hosts.find(({ id, name }) => id === ref || name === ref);
    if (host === undefined) throw new ApiError("not-found", `host ${ref}: not known`);
    return host;
  };
  const idOf = (ref: string | undefined) => (ref === undefined ? undefined : hostOf(ref).id);
  const one = <T extends { readonly id: string }>(items: readonly T[], id: string) => {
    const item = items.find((each) => each.id === id);
    if (item === undefined) throw new ApiError("not-found", `${id}: not known`);
    return item;
  };
  return {
    hostList: ({ query }) =>
      pageOf(
        manager.hosts.filter(
          ({ state, name }) =>
            (query.state?.includes(state) ?? true) && (query.text === undefined || name.includes(query.text)),
        ),
        query,
      ),
    hostShow: ({ params }) => hostOf(params.host),
    hostReadings: ({ params }) => ({ hostId: hostOf(params.host).id, latest: manager.readings }),
    hostSeries: ({ params }) => ({
      hostId: hostOf(params.host).id,
      series: manager.history.map(({ component, measure, unit }) => ({ component, measure, unit })),
    }),
    hostHistory: ({ params, query }) => {
      const { id } = hostOf(params.host);
      const of = manager.history.find((one) => one.component === query.component && one.measure === query.measure);
      if (of === undefined) throw new ApiError("not-found", `no history of ${query.component} ${query.measure}`);
      return { hostId: id, ...of };
    },
    hostChange: ({ params, body }) => {
      const host = hostOf(params.host);
      const { name = host.name, group = host.group, watched = host.watched } = body;
      return { ...host, name, group, watched };
    },
    hostAdd: ({ body: { name, address, means } }) => sampleHost({ name, address, means }),
    hostDiscover: ({ body: { addresses } }) => ({
      found: addresses.map((address) => {
        const host = manager.hosts.find((one) => one.address === address);
        const means = [
          { means: "wsman" as const, port: flowOf("wsmanHttps").port ?? 0, certificate: "fingerprint 0a" },
        ];
        return { address, ping: host !== undefined, means: host ? means : [], hostName: host?.name ?? null };
      }),
    }),
    hostCheck: ({ params }) => ({
      hostId: hostOf(params.host).id,
      steps: [
        { step: "ping", passed: true, what: "answers" },
        { step: "port", passed: false, what: "refused" },
        { step: "path", passed: null, what: "not reached" },
      ],
    }),
    groupList: () => ({ items: manager.groups }),
    maintenanceList: () => ({ items: manager.maintenance }),
    maintenanceAdd: ({ body }) => ({
      id: "00000000-0000-4000-8000-000000000001",
      scope:
        body.host !== undefined
          ? { kind: "host", hostId: hostOf(body.host).id }
          : body.group !== undefined
            ? { kind: "group", group: body.group }
            : { kind: "all" },
      schedule: { kind: "once", fromMs: body.fromMs ?? NOW_MS, toMs: (body.fromMs ?? NOW_MS) + body.seconds * 1_000 },
      note: body.note ?? "",
      createdBy: "root",
      createdAtMs: NOW_MS,
      underWay: true,
      next: { fromMs: NOW_MS, toMs: NOW_MS + body.seconds * 1_000 },
    }),
    maintenanceEnd: ({ params }) => void one(manager.maintenance, params.id),
    hostThresholds: ({ params }) => ({
      hostId: hostOf(params.host).id,
      own: OWN_THRESHOLDS,
      effective: ALL_THRESHOLDS,
    }),
    hostThresholdsSet: ({ params, body }) => ({ hostId: hostOf(params.host).id, own: body, effective: ALL_THRESHOLDS }),
    hostNames: ({ params }) => {
      const { id, address } = hostOf(params.host);
      return { hostId: id, given: ["web1.example"], signed: [address, "web1.example"] };
    },
    hostNamesSet: ({ params, body }) => {
      const { id, address } = hostOf(params.host);
      return { hostId: id, given: body.names, signed: [address, ...body.names] };
    },
    accountList: () => ({ items: [sampleAccount("admin"), sampleAccount("tanaka", NOW_MS)] }),
    accountChange: ({ params, body }) => sampleAccount(params.account, body.disabled ? NOW_MS : null),
    hostIndications: ({ params, body }) => ({
      hostId: hostOf(params.host).id,
      subscription: body.subscribed
        ? { state: "waiting" as const, reason: "", checkedAtMs: null, expiresAtMs: null }
        : null,
    }),
    hostRemove: ({ params }) => void hostOf(params.host),
    hostToken: ({ body }) => ({
      token: "secret-token",
      line: "rusuban agent enroll secret-token",
      name: body.name ?? null,
      expiresAtMs: NOW_MS + (body.validSeconds ?? 86_400) * 1_000,
    }),
    alertList: ({ query }) => {
      const host = idOf(query.host);
      return pageOf(
        manager.alerts.filter(
          ({ state, hostId }) => (query.state?.includes(state) ?? true) && (host === undefined || host === hostId),
        ),
        query,
      );
    },
    alertShow: ({ params }) => one(manager.alerts, params.id),
    alertAcknowledge: ({ body }) => {
      const stateOf = (id: string) => manager.alerts.find((alert) => alert.id === id)?.state;
      return {
        acknowledged: body.ids.filter((id) => stateOf(id) === "open"),
        unchanged: body.ids.filter((id) => stateOf(id) !== "open" && stateOf(id) !== undefined),
        unknown: body.ids.filter((id) => stateOf(id) === undefined),
      };
    },
    alertTest: ({ body }) => ({ ids: TEST_ALERT_IDS.slice(0, body.count ?? 1) }),
    jobList: ({ query }) =>
      pageOf(
        manager.jobs.filter(
          ({ state, kind }) => (query.state?.includes(state) ?? true) && (query.kind ?? kind) === kind,
        ),
        query,
      ),
    jobShow: ({ params }) => {
      const job = one(manager.jobs, params.id);
      const shown = { ...job, ...manager.jobSteps.shift() };
      manager.jobs = manager.jobs.map((each) => (each.id === job.id ? shown : each));
      return shown;
    },
    jobLog: ({ params, query }) => {
      one(manager.jobs, params.id);
      const from = query.from ?? 0;
      const lines = manager.logLines.slice(from, from + (query.limit ?? 100));
      return { lines, next: from + lines.length, ended: true };
    },
    jobCancel: ({ params }) => one(manager.jobs, params.id),
    backupStart: ({ body }) => {
      const host = hostOf(body.host);
      const job = sampleJob({ id: JOB_ID, hostId: host.id, hostName: host.name, paths: body.paths, ...QUEUED });
      manager.jobs.unshift(job);
      return job;
    },
    restoreStart: ({ body }) => {
      const snapshot = one(manager.snapshots, body.snapshot);
      const { hostId, hostName } = snapshot;
      const job = sampleJob({ id: JOB_ID, kind: "restore", hostId, hostName, target: body.target, ...QUEUED });
      manager.jobs.unshift(job);
      return job;
    },
    snapshotList: ({ query }) => {
      const host = idOf(query.host);
      return pageOf(
        manager.snapshots.filter(({ hostId }) => host === undefined || host === hostId),
        query,
      );
    },
    snapshotShow: ({ params }) => {
      const [only, ...others] = manager.snapshots.filter(({ id }) => id.startsWith(params.snapshot));
      if (only === undefined) throw new ApiError("not-found", `snapshot ${params.snapshot}: not known`);
      if (others.length > 0) throw new ApiError("ambiguous", `snapshot ${params.snapshot}: fits several`);
      return only;
    },
    snapshotEntries: ({ query }) => pageOf(manager.entries, query),
    signInLink: ({ body }) => ({
      account: body.account,
      url: "https://manager.example.org:8443/#link=secret-link",
      token: "secret-link",
      expiresAtMs: NOW_MS + (body.validSeconds ?? 900) * 1_000,
    }),
  };
}

export const NOW_MS = Date.UTC(2026, 10, 22, 9, 30, 0);

function pageOf<T>(
  items: readonly T[],
  { limit = 50, after }: { limit?: number | undefined; after?: string | undefined },
) {
  const start = after === undefined ? 0 : Number(after.replace("at-", ""));
  const end = start + limit;
  return { items: items.slice(start, end), next: end < items.length ? `at-${end}` : null };
}

function understand(method: string, path: string, body: string | undefined) {
  const url = new URL(path, "https://manager.invalid");
  for (const [name, route] of Object.entries(ROUTES) as [RouteName, Route][]) {
    const names = [...route.path.matchAll(/:(\w+)/g)].map(([, parameter]) => parameter ?? "");
    const match = new RegExp(`^${route.path.replace(/:\w+/g, "([^/]+)")}$`).exec(url.pathname);
    if (match === null || route.method !== method) continue;
    const params = Object.fromEntries(
      names.map((parameter, index) => [parameter, decodeURIComponent(match[index + 1] ?? "")]),
    );
    const query = Object.fromEntries(
      [...new Set(url.searchParams.keys())].map((key) => {
        const values = url.searchParams.getAll(key);
        return [key, values.length === 1 ? values[0] : values];
      }),
    );
    const request = {
      params: route.params?.parse(params),
      query: route.query?.strict().parse(query),
      body: route.body?.strict().parse(JSON.parse(body ?? "null")),
    };
    return { name, route, request };
  }
  throw new Error(`${method} ${path}: no such route`);
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

async function* streamOf(
  connection: EventConnection | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const { messages, ending } = connection ?? { messages: [], ending: "silence" as const };
  for (const [id, data] of messages) {
    yield* bytesOf(formatMessage({ id, event: data.kind, data: JSON.stringify(data) }));
  }
  if (ending instanceof Error) throw ending;
  if (ending === "end") return;
  await new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason));
  });
}

function sampleAccount(name: string, disabledAtMs: number | null = null): Account {
  const sessions = disabledAtMs === null ? 1 : 0;
  const lastUsedAtMs = sessions === 0 ? null : NOW_MS;
  return { name, role: "operator", hasPassword: true, createdAtMs: NOW_MS, disabledAtMs, sessions, lastUsedAtMs };
}
