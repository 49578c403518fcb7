import type { HostReadings, Reading } from "../../model/reading.ts";

/** Texts of one host's readings: a host with a hundred file systems tells a tenth of it. */
export const READINGS_BYTES_PER_HOST = 256 * 1024;

/** The last look at each host, in memory: the manager's restart forgets it, and the next look brings it back. */
export interface LatestReadings {
  of(hostId: string): HostReadings | undefined;
  /** Replaces what was known. What is beyond the bound is left out, and one more reading says how much. */
  take(hostId: string, readings: HostReadings): void;
  /** Of a host that is no longer minded. */
  remove(hostId: string): void;
}

export function createLatestReadings({
  onReadings,
}: {
  /** Told of each look. Must not throw. */
  readonly onReadings: (hostId: string, readings: HostReadings) => void;
}): LatestReadings {
  const latest = new Map<string, HostReadings>();
  return {
    of: (hostId) => latest.get(hostId),
    take(hostId, { readAtMs, readings }) {
      const bounded = { readAtMs, readings: fit(readings) };
      latest.set(hostId, bounded);
      onReadings(hostId, bounded);
    },
    remove(hostId) {
      latest.delete(hostId);
    },
  };
}

function fit(readings: readonly Reading[]): readonly Reading[] {
  let bytes = 0;
  const end = readings.findIndex(({ component, measure, summary }) => {
    bytes += Buffer.byteLength(component) + Buffer.byteLength(measure) + Buffer.byteLength(summary);
    return bytes > READINGS_BYTES_PER_HOST;
  });
  if (end === -1) return readings;
  const left = readings.length - end;
  const mark: Reading = {
    component: "readings",
    measure: "left out",
    value: left,
    unit: "count",
    state: "unknown",
    summary: `${left} of ${readings.length} readings are left out: their texts exceed ${READINGS_BYTES_PER_HOST} bytes`,
  };
  return [...readings.slice(0, end), mark];
}
