/** Bounds of the history of readings; docs/limits.md lists them. */
export const HISTORY_LIMITS = {
  /** Series of one host: as many as one look may have readings. A host that keeps naming new ones gets no more. */
  seriesPerHost: 512,
  /** What a kill of the manager may cost: history is no acknowledged data, and rarer writing spares the disk. */
  storeIntervalMs: 5 * 60_000,
  /**
   * Series written in one transaction: about 20 ms, then others get their turn. Each waits for the disk once: 2,000 hosts
   * have some 70,000 series.
   */
  seriesPerCommit: 500,
  /** Writing at a stop ends after this, below the bound of stopping a service: what is left is lost, as by a kill. */
  stopMs: 1_500,
  /** Points of one answer. */
  points: 2_000,
} as const;
