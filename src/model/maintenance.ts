/** Whom it concerns: everything, a group with those below it, or one host. */
export type MaintenanceScope =
  | { readonly kind: "all" }
  | { readonly kind: "group"; readonly group: string }
  | { readonly kind: "host"; readonly hostId: string };

export type MaintenanceSchedule =
  | { readonly kind: "once"; readonly fromMs: number; readonly toMs: number }
  /** `cron` (five fields) says when each begins, in the time zone (IANA). */
  | { readonly kind: "recurring"; readonly cron: string; readonly timeZone: string; readonly seconds: number };

/** A time in which alerts are kept, but bother nobody. */
export interface MaintenanceWindow {
  readonly id: string;
  readonly scope: MaintenanceScope;
  readonly schedule: MaintenanceSchedule;
  readonly note: string;
  readonly createdBy: string;
  readonly createdAtMs: number;
}
