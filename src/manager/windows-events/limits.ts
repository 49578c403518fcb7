/** Bounds of what Windows computers send by themselves; docs/limits.md lists them. */
export const WINDOWS_EVENTS_LIMITS = {
  /** Computers that are taken in by themselves, each as a host: an authority that issues without end must not make hosts without end. */
  publishersMax: 2_000,
  /** Events of a batch that are given to the inbox at once: one batch of 4 MiB may hold tens of thousands. */
  eventsPerCommitMax: 500,
} as const;
