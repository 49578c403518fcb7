/** Bounds of the agent's reporting; docs/limits.md lists them. */
export const REPORTING_LIMITS = {
  /** A week of one alert every six seconds. */
  spoolAlerts: 100_000,
  /** Their texts; the file is about a third larger. */
  spoolBytes: 128 * 1024 * 1024,
  /** The part of the spool that is summed up in one go when there is no room: one search for what matters least. */
  foldedAtOnce: 0.01,
  /** The same when the disk is full: whole pages have to come free. */
  foldedOnFullDisk: 0.1,
  /** Conditions that the summary names by themselves: an alert has 64 details. */
  conditionsFolded: 60,
  /** Conditions whose last word's time is remembered; the oldest go. */
  lastWords: 10_000,
  /** Disk space that the spool holds for the day on which the disk is full: a thousand alerts and what it takes to send them. */
  spoolReserveBytes: 1024 * 1024,
  /** Alerts that the manager refused, kept for a person to look at; the oldest go. */
  setAsideAlerts: 1_000,
  /** Read from the spool in one go. */
  alertsPerRead: 256,
  bytesPerRead: 1024 * 1024,
  /** Committed alerts leave the spool together: one sync of the disk for many, and soon enough that little is told twice. */
  removeDelayMs: 20,
  removeAtOnce: 1_024,
  /** The first pause after a failure, and the longest. Each is a random part between half and all of it. */
  backOffFirstMs: 500,
  backOffMaxMs: 60_000,
  /** A session that lasted this long, or committed something, was a success: the next pause is the first again. */
  sessionGoodMs: 30_000,
} as const;
