import type { Host } from "../../model/host.ts";
import { type HostReadings, READING_STATES, type ReadingState, worstState } from "../../model/reading.ts";
import { groupsAbove } from "../fleet/host-groups.ts";

export interface GroupState {
  readonly group: string;
  /** In it and below it. */
  readonly hosts: number;
  readonly unwatched: number;
  /** The worst of what is watched. */
  readonly state: ReadingState;
  readonly hostIds: readonly string[];
}

/** What a host adds to its groups: that it cannot be reached is as bad as it gets. */
export function stateOfHost({ state }: Host, readings: HostReadings | undefined): ReadingState {
  if (state === "unreachable") return "critical";
  if (state !== "up" || readings === undefined) return "unknown";
  return worstState(readings.readings.map((reading) => reading.state));
}

/** Every group with its hosts, by name; worst wins, and what is not watched is left out of it. */
export function groupStates(
  hosts: readonly Host[],
  readingsOf: (hostId: string) => HostReadings | undefined,
): GroupState[] {
  const groups = new Map<string, { hosts: Host[]; state: ReadingState }>();
  for (const host of hosts) {
    const state = host.watched ? stateOfHost(host, readingsOf(host.id)) : "ok";
    for (const path of groupsAbove(host.group)) {
      const group = groups.get(path) ?? { hosts: [], state: "ok" };
      group.hosts.push(host);
      if (READING_STATES[state] > READING_STATES[group.state]) group.state = state;
      groups.set(path, group);
    }
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([group, { hosts: inside, state }]) => ({
      group,
      hosts: inside.length,
      unwatched: inside.filter(({ watched }) => !watched).length,
      state,
      hostIds: inside.map(({ id }) => id),
    }));
}
