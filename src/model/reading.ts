/** The state of a component, worst last. `unknown` is a sensor that cannot be read: never zero, never fine. */
export const READING_STATES = { ok: 1, unknown: 2, warning: 3, critical: 4 } as const;
export type ReadingState = keyof typeof READING_STATES;

/** Units as people and Prometheus name them. */
export const READING_UNITS = { ratio: 1, bytes: 2, seconds: 3, count: 4, none: 5 } as const;
export type ReadingUnit = keyof typeof READING_UNITS;

/** One thing that was looked at, at one moment. */
export interface Reading {
  /** Such as `memory`, `load`, `file system /var`, `service sshd`. */
  readonly component: string;
  /** Such as `used`, `load1`, `free`, `running`. */
  readonly measure: string;
  /** Null where it could not be read; `state` is then `unknown`. */
  readonly value: number | null;
  readonly unit: ReadingUnit;
  readonly state: ReadingState;
  /** For people: `12.3 GB of 40 GB free`. */
  readonly summary: string;
}

/** All readings of one look at a host. */
export interface HostReadings {
  /** Milliseconds since 1970 by the host's clock. */
  readonly readAtMs: number;
  readonly readings: readonly Reading[];
}

export const READING_LIMITS = { readings: 512, componentBytes: 512, measureBytes: 64, summaryBytes: 1_024 } as const;

/** The worst of some states: what a host's icon shows. */
export function worstState(states: Iterable<ReadingState>): ReadingState {
  let worst: ReadingState = "ok";
  for (const state of states) if (READING_STATES[state] > READING_STATES[worst]) worst = state;
  return worst;
}
