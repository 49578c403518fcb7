import type { DoctorReport, IdleExamination } from "../../api/doctor-routes.ts";
import type { OverwriteRule } from "../../api/job-routes.ts";
import type { ListeningFlow } from "../../api/status-routes.ts";
import type { AlertState, InboxAlert, Severity } from "../../model/alert.ts";
import type { Host, HostMeans, HostState } from "../../model/host.ts";
import type { Job, JobKind, JobLogLine, JobState } from "../../model/job.ts";
import type { MaintenanceSchedule, MaintenanceScope, MaintenanceWindow } from "../../model/maintenance.ts";
import type { HostReadings, ReadingState, ReadingUnit } from "../../model/reading.ts";
import type { Snapshot, SnapshotEntry } from "../../model/snapshot.ts";

import type { Subscription } from "../../model/subscription.ts";
import type { HostThresholds } from "../../model/thresholds.ts";
import type { AgentlessOrder } from "../watch/agentless/agentless-list.ts";
import type { CheckStep } from "../watch/agentless/means.ts";
import type { JudgedBy } from "../watch/threshold-desk.ts";

// What the API asks of the rest of the manager. A thing that is not there is undefined; what a caller did wrong is thrown
// as ApiError with the contract's code (`ambiguous`, `conflict`); a ConnectError becomes `host-unreachable`.

export interface PageQuery {
  readonly limit: number;
  /** The `next` of the page before, unchanged; see position.ts for reading it. */
  readonly after: string | undefined;
}

export interface Page<T> {
  readonly items: T[];
  readonly next: string | null;
}

export interface HostDirectory {
  /** By name. */
  list(query: PageQuery & HostFilter): Promise<Page<Host>>;
  /** By id or by name. */
  find(idOrName: string): Promise<Host | undefined>;
  /** What is left out stays. Undefined where another host has the name. */
  change(
    id: string,
    changes: { name?: string | undefined; group?: string | undefined; watched?: boolean | undefined },
  ): Promise<Host | undefined>;
  /** For its certificate: what an administrator gave, and what would be signed now. */
  names(host: Host): Promise<{ readonly given: readonly string[]; readonly signed: readonly string[] }>;
  /** Throws ApiError `invalid-request` for a name that may not be given to this host. */
  giveNames(host: Host, names: readonly string[]): Promise<void>;
  /** Refuses the host from now on and ends its connections. */
  revoke(id: string): Promise<void>;
  countByState(): Promise<Readonly<Record<HostState, number>>>;
}

export interface HostFilter {
  readonly states: readonly HostState[] | undefined;
  readonly text: string | undefined;
}

export interface LatestReadings {
  of(hostId: string): HostReadings | undefined;
}

export interface Agentless {
  /** At most `API_LIMITS.discovered` addresses. */
  discover(addresses: readonly string[]): Promise<
    {
      readonly address: string;
      readonly ping: boolean | null;
      readonly means: readonly { means: HostMeans; port: number; certificate: string }[];
      readonly hostName: string | null;
    }[]
  >;
  /** Undefined where another host has the name. */
  add(order: AgentlessOrder, options: { readonly indications: boolean }): Promise<Host | undefined>;
  /** Undefined for a host with an agent. */
  check(hostId: string): Promise<readonly { step: CheckStep; passed: boolean | null; what: string }[] | undefined>;
  /** Undefined for a host with an agent. */
  thresholds(hostId: string): Promise<JudgedBy | undefined>;
  /** Replaces what differs for this host. Throws SettingsError for levels that contradict each other. */
  setThresholds(hostId: string, own: HostThresholds): Promise<JudgedBy | undefined>;
  /** To its indications; undefined where none was asked for. */
  subscriptionOf(hostId: string): Subscription | undefined;
}

export interface ReadingHistory {
  seriesOf(hostId: string): Promise<{ component: string; measure: string; unit: ReadingUnit }[]>;
  /** Undefined where there is no such series. */
  read(query: {
    readonly hostId: string;
    readonly component: string;
    readonly measure: string;
    readonly fromMs: number;
    readonly toMs: number;
    readonly pointsMax: number;
  }): Promise<
    | {
        readonly unit: ReadingUnit;
        readonly stepSeconds: number;
        readonly points: readonly { atMs: number; average: number; minimum: number; maximum: number }[];
      }
    | undefined
  >;
}

export interface Groups {
  /** By name; at most some hundreds. */
  states(): Promise<
    { group: string; hosts: number; unwatched: number; state: ReadingState; hostIds: readonly string[] }[]
  >;
}

export interface MaintenanceWindows {
  list(): readonly MaintenanceWindow[];
  /** Durable when it resolves. Throws SettingsError for what is no schedule; undefined where there are too many. */
  add(order: {
    readonly scope: MaintenanceScope;
    readonly schedule: MaintenanceSchedule;
    readonly note: string;
    readonly createdBy: string;
  }): Promise<MaintenanceWindow | undefined>;
  remove(id: string): Promise<boolean>;
  /** The time under way, or the next. */
  nextOf(window: MaintenanceWindow): { readonly fromMs: number; readonly toMs: number } | undefined;
}

export interface AlertFilter {
  readonly states: readonly AlertState[] | undefined;
  readonly severityMin: Severity | undefined;
  readonly hostId: string | undefined;
  readonly text: string | undefined;
}

export interface AlertInbox {
  /** Newest first, in order of arrival. */
  list(query: PageQuery & AlertFilter): Promise<Page<InboxAlert>>;
  /** All alerts with this id: more than one where hosts have used the same. */
  find(id: string, hostId: string | undefined): Promise<readonly InboxAlert[]>;
  /** Durable when it resolves. */
  acknowledge(request: {
    readonly ids: readonly string[];
    readonly hostId: string | undefined;
    readonly by: string;
  }): Promise<{ acknowledged: string[]; unchanged: string[]; unknown: string[] }>;
  counts(): Promise<{
    readonly byState: Readonly<Record<AlertState, number>>;
    readonly openBySeverity: Readonly<Record<Severity, number>>;
  }>;
  /** Open alerts of each of these hosts; a host without any may be missing. */
  openByHost(
    hostIds: readonly string[],
  ): Promise<ReadonlyMap<string, { readonly count: number; readonly worst: Severity }>>;
}

/** The doctor. */
export interface Examinations {
  /** Undefined for a host that is gone. Throws ApiError `conflict` for an answer that is not of this host and its last question. */
  examine(hostId: string, options: { readonly answer?: string | undefined }): Promise<DoctorReport | undefined>;
  /** Throws ApiError `throttled` where too many are under way. */
  startIdle(hostId: string, seconds: number): IdleExamination;
  /** Resolves when it has ended, or when `signal` aborts. Undefined for one that is not known any more. */
  findIdle(id: string, signal: AbortSignal): Promise<IdleExamination | undefined>;
  cancelIdle(id: string): IdleExamination | undefined;
}

export interface TestAlerts {
  /** Has the host's agent raise one test alert for each id; resolves when the agent has taken the order. */
  raise(hostId: string, ids: readonly string[]): Promise<void>;
}

export interface JobFilter {
  readonly states: readonly JobState[] | undefined;
  readonly kind: JobKind | undefined;
  readonly hostId: string | undefined;
}

export interface BackupOrder {
  readonly host: Host;
  readonly paths: readonly string[];
  readonly excludes: readonly string[];
  readonly tags: readonly string[];
  readonly requestedBy: string;
}

export interface RestoreOrder {
  readonly snapshot: Snapshot;
  readonly host: Host;
  /** Bytes of the wanted paths; empty for all. */
  readonly paths: readonly Buffer[];
  readonly target: string;
  readonly overwrite: OverwriteRule;
  readonly dryRun: boolean;
  readonly requestedBy: string;
}

export interface Jobs {
  /** Newest first. */
  list(query: PageQuery & JobFilter): Promise<Page<Job>>;
  find(id: string): Promise<Job | undefined>;
  log(id: string, range: { readonly from: number; readonly limit: number }): Promise<readonly JobLogLine[]>;
  /** Resolves when the job has a new log line or has ended, or when `signal` aborts. Never rejects. */
  changed(id: string, signal: AbortSignal): Promise<void>;
  cancel(id: string): Promise<Job>;
  startBackup(order: BackupOrder): Promise<Job>;
  startRestore(order: RestoreOrder): Promise<Job>;
  countUnended(): Promise<{ readonly queued: number; readonly running: number }>;
}

export interface Snapshots {
  /** Newest first. */
  list(query: PageQuery & { readonly hostId: string | undefined }): Promise<Page<Snapshot>>;
  /** By id or its beginning. Throws ApiError `ambiguous` where several begin so. */
  find(idOrBeginning: string): Promise<Snapshot | undefined>;
  latestByHost(hostIds: readonly string[]): Promise<ReadonlyMap<string, Snapshot>>;
  /** Undefined where the snapshot has no such directory. `path` in bytes; empty for the top. */
  entries(id: string, query: PageQuery & { readonly path: Buffer }): Promise<Page<SnapshotEntry> | undefined>;
  count(): Promise<number>;
}

export interface EnrolmentTokens {
  create(request: {
    readonly validSeconds: number | undefined;
    readonly name: string | undefined;
    readonly certificateNames: readonly string[];
    readonly by: string;
  }): Promise<{ readonly token: string; readonly line: string; readonly expiresAtMs: number }>;
}

/** The manager itself. */
export interface ManagerFacts {
  readonly version: string;
  readonly managerId: string;
  readonly startedAtMs: number;
  /** Every listener the manager meant to open, as it is now. */
  flows(): readonly ListeningFlow[];
  /** Where browsers reach the console, such as `https://manager.example:…`; used in sign-in links. */
  consoleUrl(): string;
}
