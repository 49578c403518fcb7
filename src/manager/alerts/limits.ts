/** Bounds of the manager's alert inbox; docs/limits.md lists them. */
export const INBOX_LIMITS = {
  /**
   * Alerts in one transaction: about 25 ms, so that the event loop is free again soon. More do not raise throughput
   * unless the disk takes long to sync (bench/alerts.ts).
   */
  alertsPerCommit: 1_024,
  /** Alerts kept, all hosts together. */
  alertsKept: 1_000_000,
  /** Their texts; the file is about twice as large. */
  bytesKept: 4 * 1024 * 1024 * 1024,
  /** What is acknowledged or cleared is kept this long. */
  settledKeptMs: 400 * 24 * 3_600_000,
  /** Alerts deleted in one transaction. */
  alertsPerPrune: 500,
  pruneIntervalMs: 10 * 60_000,
  /** Sequence numbers that a filtered page looks at in one query: about 20 ms, then others get their turn. */
  sequencesPerLook: 20_000,
  /** Records of alerts, all agents together, that are read but not committed. */
  bytesUnderWay: 64 * 1024 * 1024,
  /** What one agent may have told without an answer: a third of a second at full speed. */
  window: 2_048,
  /** Below the half minute after which the least patient walls forget a silent connection. */
  heartbeatSeconds: 20,
  /** Sessions of one host: the new one, and the old one whose end has not been noticed. */
  sessionsPerHost: 2,
} as const;
