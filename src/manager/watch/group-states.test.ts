import { expect, it } from "vitest";
import type { Host } from "../../model/host.ts";
import type { ReadingState } from "../../model/reading.ts";
import { sampleHost } from "../api/sample-fleet-fixture.ts";
import { groupStates } from "./group-states.ts";

const readingsOf = (states: Readonly<Record<string, ReadingState>>) => (hostId: string) => {
  const state = states[hostId];
  const reading = { component: "memory", measure: "used", value: 0, unit: "ratio", summary: "" } as const;
  return state === undefined ? undefined : { readAtMs: 0, readings: [{ ...reading, state }] };
};
const host = (number: number, changes: Partial<Host>): Host => sampleHost(number, `h${number}`, changes);

it("gives a group the worst state of what is in it and below it", () => {
  const one = host(1, { group: "tokyo/web" });
  const two = host(2, { group: "tokyo/db" });
  const three = host(3, { group: "osaka", state: "unreachable" });
  const groups = groupStates([one, two, three], readingsOf({ [one.id]: "ok", [two.id]: "warning" }));
  expect(groups.map(({ group, hosts, state }) => [group, hosts, state])).toEqual([
    ["osaka", 1, "critical"],
    ["tokyo", 2, "warning"],
    ["tokyo/db", 1, "warning"],
    ["tokyo/web", 1, "ok"],
  ]);
});

it("leaves out what is not watched, and counts it", () => {
  const one = host(1, { group: "a" });
  const two = host(2, { group: "a", state: "unreachable", watched: false });
  expect(groupStates([one, two], readingsOf({ [one.id]: "ok" }))).toMatchObject([
    { state: "ok", hosts: 2, unwatched: 1 },
  ]);
});

it("does not take for fine what is not known", () => {
  const unheard = host(1, { group: "a", state: "unknown" });
  const unread = host(2, { group: "b" });
  expect(groupStates([unheard, unread], () => undefined).map(({ state }) => state)).toEqual(["unknown", "unknown"]);
});

it("has no group for hosts that are in none", () => {
  expect(groupStates([host(1, {})], () => undefined)).toEqual([]);
});
