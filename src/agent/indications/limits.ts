/** Bounds of indications at the agent; docs/limits.md lists them. */
export const INDICATION_LIMITS = {
  /** Filters, destinations and subscriptions, of each kind: some managers, and a person's experiments. */
  filters: 256,
  destinations: 64,
  subscriptions: 256,
  /** Indications that wait for one destination; when a further one comes, the oldest goes, and its number is a gap there. */
  waitingPerDestination: 10_000,
  /** Their bytes, for each destination. */
  waitingBytesPerDestination: 32 * 1024 * 1024,
  /** Bytes of one indication; a longer one, whatever its maker put in, is not sent and logged. */
  indicationBytes: 256 * 1024,
  /** Indications that wait are sent so many at a time, to listeners that take batches, and so many bytes of them. */
  perDelivery: 100,
  bytesPerDelivery: 512 * 1024,
  /** Batches that fail one after the other, while single ones are taken, until no further batch is tried. */
  failedBatches: 3,
  /** One delivery: connection, request, commit at the listener, answer. */
  deliveryTimeoutMs: 30_000,
  /** The first pause after a failure, and the longest; each is a random part between half and all of it. */
  backOffFirstMs: 1_000,
  backOffMaxMs: 300_000,
  /** How often instances are compared while somebody wants to be told of changes. */
  lifeCycleIntervalMs: 10_000,
  /** Instances of one class that are compared; of more, changes are not told. */
  lifeCycleInstances: 20_000,
  /** Raised alerts whose identifiers are remembered for the alert that clears them. */
  openAlerts: 1_000,
} as const;
