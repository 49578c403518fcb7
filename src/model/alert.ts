/**
 * PerceivedSeverity of CIM_AlertIndication (DMTF CIM schema 2.49), least first. The numbers are the standard's, also on
 * the wire and in the database.
 */
export const SEVERITIES = { information: 2, warning: 3, minor: 4, major: 5, critical: 6, fatal: 7 } as const;
export type Severity = keyof typeof SEVERITIES;

/** What kind of thing is wrong: AlertType of CIM_AlertIndication, named for people. */
export const ALERT_CATEGORIES = {
  communication: 2,
  service: 3, // Quality of Service
  software: 4, // Processing Error
  hardware: 5, // Device Alert
  environment: 6,
  configuration: 7, // Model Change
  security: 8,
} as const;
export type AlertCategory = keyof typeof ALERT_CATEGORIES;

/** `raised` lasts until a `cleared` of the same host and condition; an `event` is over when it is told. */
export const ALERT_KINDS = { event: 1, raised: 2, cleared: 3 } as const;
export type AlertKind = keyof typeof ALERT_KINDS;

/** One alert as it is told. It never changes; what people and the manager do to it is the inbox's business. */
export interface Alert {
  /** Of the teller's making (UUID version 7): the same alert told twice is one alert. */
  readonly id: string;
  /** Milliseconds since 1970 by the teller's clock. */
  readonly raisedAtMs: number;
  readonly severity: Severity;
  readonly category: AlertCategory;
  readonly kind: AlertKind;
  /** What is affected, such as `file system /var`. */
  readonly component: string;
  /** Names the condition on that component, such as `filesystem.filling`; raised and cleared carry the same. */
  readonly condition: string;
  /** One sentence for people. */
  readonly summary: string;
  /** Further facts in the order they should be read. */
  readonly details: readonly AlertDetail[];
}

export interface AlertDetail {
  readonly name: string;
  readonly value: string;
}

/** What the wire and the database take: an alert beyond these is cut by its maker, never dropped. */
export const ALERT_LIMITS = {
  componentBytes: 512,
  conditionBytes: 128,
  summaryBytes: 2_048,
  details: 64,
  detailNameBytes: 128,
  detailValueBytes: 4_096,
} as const;

/** An alert as the manager keeps it. */
export interface InboxAlert extends Alert {
  readonly hostId: string;
  readonly hostName: string;
  /** When the manager committed it. */
  readonly receivedAtMs: number;
  /** `open` while a raised condition lasts and for events nobody has seen; `acknowledged` by a person; `cleared` by a later alert. */
  readonly state: AlertState;
  readonly acknowledgedAtMs: number | null;
  readonly acknowledgedBy: string | null;
  readonly clearedAtMs: number | null;
}

export const ALERT_STATES = ["open", "acknowledged", "cleared"] as const;
export type AlertState = (typeof ALERT_STATES)[number];
