import type { ColumnType, Generated } from "kysely";
import type { AlertKind, AlertState } from "../model/alert.ts";
import type { HostMeans } from "../model/host.ts";
import type { JobKind, JobLogLine, JobState } from "../model/job.ts";
import type { ReadingUnit } from "../model/reading.ts";
import type { SubscriptionState } from "../model/subscription.ts";

// The manager's tables as Kysely sees them. Times are milliseconds since 1970, flags do not exist (a time that is null says
// no), lists and maps are JSON text read and written by the feature that owns the table, and every secret is stored as
// the SHA-256 of itself in hex. Columns of the same name in two tables mean the same.

/** Given by the database, rising: the order of arrival and the key of every page. */
type Sequence = Generated<number>;
/** Given when the row is made and never changed. */
type Fixed<T> = ColumnType<T, T, never>;

export interface Schema {
  readonly hosts: HostsTable;
  readonly enrolment_tokens: EnrolmentTokensTable;
  readonly certificates: CertificatesTable;
  readonly alerts: AlertsTable;
  readonly alert_counts: AlertCountsTable;
  readonly jobs: JobsTable;
  readonly job_log_lines: JobLogLinesTable;
  readonly accounts: AccountsTable;
  readonly sessions: SessionsTable;
  readonly sign_in_links: SignInLinksTable;
  readonly audit_entries: AuditEntriesTable;
  readonly settings: SettingsTable;
  readonly agentless_hosts: AgentlessHostsTable;
  readonly indication_subscriptions: IndicationSubscriptionsTable;
  readonly event_publishers: EventPublishersTable;
  readonly event_bookmarks: EventBookmarksTable;
  readonly maintenance_windows: MaintenanceWindowsTable;
  readonly reading_series: ReadingSeriesTable;
  readonly reading_minutes: ReadingMinutesTable;
  readonly reading_hours: ReadingHoursTable;
  readonly reading_volumes: ReadingVolumesTable;
}

export interface HostsTable {
  readonly id: Fixed<string>;
  readonly name: string;
  /** JSON of HostFacts. */
  readonly facts: string;
  readonly address: string;
  /** JSON of port by flow. */
  readonly ports: string;
  readonly enrolled_at_ms: number;
  readonly last_seen_at_ms: number | null;
  readonly revoked_at_ms: number | null;
  /** `tokyo/web`; empty: in no group. */
  readonly group_path: Generated<string>;
  /** Since when its state counts for nothing; null: it counts. */
  readonly unwatched_at_ms: number | null;
  readonly means: Generated<HostMeans>;
  /** JSON of string[]: names and addresses that the administrator gave for its certificate. */
  readonly certificate_names: Generated<string>;
}

export interface EnrolmentTokensTable {
  /** The token's public part, by which it is looked up. */
  readonly id: Fixed<string>;
  readonly secret_hash: Fixed<string>;
  /** The name the host shall get, where the operator has said one. */
  readonly host_name: Fixed<string | null>;
  /** JSON of string[]: what the host's certificate shall carry. */
  readonly certificate_names: Generated<string>;
  readonly created_at_ms: Fixed<number>;
  readonly created_by: Fixed<string>;
  readonly expires_at_ms: Fixed<number>;
  readonly used_at_ms: number | null;
  readonly used_by_host_id: string | null;
  /** SHA-256 of the public key (SPKI, DER) that was certified, in hex: the same host that asks again gets its answer again. */
  readonly used_key_hash: string | null;
}

export interface CertificatesTable {
  /** Lower-case hex. */
  readonly serial: Fixed<string>;
  /** Null for the manager's own. */
  readonly host_id: Fixed<string | null>;
  /** SHA-256 of the certificate (DER), lower-case hex. */
  readonly fingerprint: Fixed<string>;
  /** JSON of string[]: names and addresses in it, sorted. */
  readonly names: Generated<string>;
  readonly issued_at_ms: Fixed<number>;
  readonly expires_at_ms: Fixed<number>;
  readonly revoked_at_ms: number | null;
}

export interface AlertsTable {
  readonly sequence: Sequence;
  readonly host_id: Fixed<string>;
  /** Of the teller's making: unique for its host, not among hosts. */
  readonly id: Fixed<string>;
  readonly raised_at_ms: Fixed<number>;
  /** The numbers of SEVERITIES, so that "at least" is a comparison. */
  readonly severity: Fixed<number>;
  readonly category: Fixed<number>;
  readonly kind: Fixed<AlertKind>;
  readonly component: Fixed<string>;
  readonly condition: Fixed<string>;
  readonly summary: Fixed<string>;
  /** JSON of AlertDetail[]. */
  readonly details: Fixed<string>;
  /** What its texts take in the database: retention is bounded in bytes. */
  readonly bytes: Fixed<number>;
  readonly received_at_ms: Fixed<number>;
  readonly state: AlertState;
  readonly acknowledged_at_ms: number | null;
  readonly acknowledged_by: string | null;
  readonly cleared_at_ms: number | null;
}

/** How many alerts there are of each state and severity, and their bytes, kept in step inside the transactions that change them. */
export interface AlertCountsTable {
  readonly host_id: Fixed<string>;
  readonly state: Fixed<AlertState>;
  readonly severity: Fixed<number>;
  readonly count: number;
  readonly bytes: number;
}

export interface JobsTable {
  readonly sequence: Sequence;
  readonly id: Fixed<string>;
  readonly kind: Fixed<JobKind>;
  readonly host_id: Fixed<string>;
  readonly state: JobState;
  readonly requested_by: Fixed<string>;
  /** JSON of string[]. */
  readonly paths: Fixed<string>;
  readonly snapshot_id: string | null;
  readonly target: Fixed<string | null>;
  readonly created_at_ms: Fixed<number>;
  readonly started_at_ms: number | null;
  readonly ended_at_ms: number | null;
  readonly files: number;
  readonly bytes: number;
  readonly bytes_sent: number;
  readonly problems: number;
  readonly current: string;
  readonly reason: string | null;
}

export interface JobLogLinesTable {
  readonly sequence: Sequence;
  readonly job_id: Fixed<string>;
  readonly at_ms: Fixed<number>;
  readonly level: Fixed<JobLogLine["level"]>;
  readonly text: Fixed<string>;
}

export interface AccountsTable {
  readonly id: Fixed<string>;
  readonly name: string;
  /** `viewer`, `operator` or `administrator`. */
  readonly role: string;
  /** argon2id with its parameters and salt; null where the account signs in by link only. */
  readonly password_hash: string | null;
  readonly created_at_ms: Fixed<number>;
  readonly disabled_at_ms: number | null;
}

export interface SessionsTable {
  readonly id_hash: Fixed<string>;
  readonly account_id: Fixed<string>;
  /** Where the sign-in came from. */
  readonly address: Fixed<string>;
  readonly created_at_ms: Fixed<number>;
  readonly last_used_at_ms: number;
  readonly expires_at_ms: number;
}

export interface SignInLinksTable {
  readonly secret_hash: Fixed<string>;
  readonly account_id: Fixed<string>;
  readonly created_at_ms: Fixed<number>;
  readonly expires_at_ms: Fixed<number>;
  readonly used_at_ms: number | null;
}

export interface AuditEntriesTable {
  readonly sequence: Sequence;
  readonly at_ms: Fixed<number>;
  /** Account name, `host NAME`, or `manager`. */
  readonly actor: Fixed<string>;
  readonly address: Fixed<string>;
  /** Such as `alert.acknowledge`. */
  readonly action: Fixed<string>;
  /** What it was done to, such as an alert's id. */
  readonly subject: Fixed<string>;
  /** JSON of further facts. */
  readonly details: Fixed<string>;
}

export interface SettingsTable {
  readonly key: Fixed<string>;
  /** JSON. */
  readonly value: string;
  readonly changed_at_ms: number;
  readonly changed_by: string;
}

/** How a host that runs no agent of ours is looked at. */
export interface AgentlessHostsTable {
  readonly host_id: Fixed<string>;
  readonly port: number | null;
  /** JSON of ForeignTrust. */
  readonly trust: string;
  readonly account: string | null;
  /** Sealed by the key beside the database (src/manager/watch/agentless/sealed-secret.ts). */
  readonly sealed_password: string | null;
  readonly path: string | null;
  readonly namespace: string | null;
  /** JSON of SnmpAccess (src/protocols/snmp/access.ts), sealed as passwords are; null where it is not asked by SNMP. */
  readonly sealed_snmp: string | null;
  /** JSON of HostThresholds (src/model/thresholds.ts); null where the manager's are right for it. */
  readonly thresholds: string | null;
}

/** What the manager has subscribed to at a host that runs no agent of ours. */
export interface IndicationSubscriptionsTable {
  readonly host_id: Fixed<string>;
  /** Of the path to which the server delivers, sealed as its password is. */
  readonly sealed_token: Fixed<string>;
  /** JSON by which it is renewed; null where it is found by its name. */
  readonly handle: string | null;
  readonly state: SubscriptionState;
  /** Why it failed; empty where it did not. */
  readonly reason: string;
  readonly checked_at_ms: number | null;
  /** When it was last seen to be there; null: never. */
  readonly kept_at_ms: number | null;
  readonly expires_at_ms: number | null;
  /** Since when it is to be taken away; null: it is wanted, where its host is. */
  readonly ended_at_ms: number | null;
}

/** Windows computers that send their events by themselves, known by the name in their certificate. */
export interface EventPublishersTable {
  /** In lower case. */
  readonly name: Fixed<string>;
  readonly host_id: string;
}

/** How far a publisher has come in a subscription, in its own words: what it is told when it asks again. */
export interface EventBookmarksTable {
  readonly publisher: Fixed<string>;
  readonly subscription_id: Fixed<string>;
  /** XML. */
  readonly bookmark: string;
  readonly taken_at_ms: number;
}

export interface MaintenanceWindowsTable {
  readonly id: Fixed<string>;
  /** JSON of MaintenanceScope. */
  readonly scope: Fixed<string>;
  /** JSON of MaintenanceSchedule. */
  readonly schedule: Fixed<string>;
  readonly note: Fixed<string>;
  readonly created_by: Fixed<string>;
  readonly created_at_ms: Fixed<number>;
}

export interface ReadingSeriesTable {
  readonly sequence: Sequence;
  readonly host_id: Fixed<string>;
  readonly component: Fixed<string>;
  readonly measure: Fixed<string>;
  readonly unit: ReadingUnit;
  /** Hours since 1970 of the latest sample: a series that has nothing left is forgotten. */
  readonly last_hour: number;
}

/** An hour of a series, a sample a minute (src/manager/watch/history/sample-block.ts). */
export interface ReadingMinutesTable {
  /** Hours since 1970. */
  readonly hour: Fixed<number>;
  readonly series: Fixed<number>;
  readonly samples: Uint8Array;
}

/** A day of a series: for each hour the average, the least and the greatest of its minutes. */
export interface ReadingHoursTable {
  /** Days since 1970. */
  readonly day: Fixed<number>;
  readonly series: Fixed<number>;
  readonly samples: Uint8Array;
}

/** What the samples of a day take: history is bounded in bytes. */
export interface ReadingVolumesTable {
  readonly day: Fixed<number>;
  readonly grain: Fixed<"minutes" | "hours">;
  readonly bytes: number;
}
