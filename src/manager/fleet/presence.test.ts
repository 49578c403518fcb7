import { expect, it } from "vitest";
import { Presence } from "./presence.ts";

function create() {
  let now = 1_000_000;
  const pass = (ms: number) => {
    now += ms;
  };
  return { presence: new Presence(() => now), pass };
}

it("a host is unknown until it shows itself, then up", () => {
  const { presence } = create();
  presence.add("a", null);
  expect(presence.of("a").state).toBe("unknown");
  expect(presence.sign("a")).toBe(true);
  expect(presence.sign("a")).toBe(false);
  expect(presence.counts()).toEqual({ up: 1, unreachable: 0, unknown: 0, revoked: 0 });
});

it("silence is counted from the last sign, or from when the host was first known", () => {
  const { presence, pass } = create();
  presence.add("old", 5); // Seen long ago, by an earlier run of the manager: it gets its time all the same.
  presence.add("live", null);
  pass(40_000);
  presence.sign("live");
  expect(presence.silent(45_000)).toEqual([]);
  pass(10_000);
  expect(presence.silent(45_000)).toEqual(["old"]);
});

it("missing and coming back are each news once", () => {
  const { presence, pass } = create();
  presence.sign("a");
  pass(1_001);
  expect(presence.miss("a", 1_000)).toBe(true);
  pass(1_001);
  expect(presence.miss("a", 1_000)).toBe(false);
  expect(presence.idsIn(["unreachable"])).toEqual(["a"]);
  expect(presence.sign("a")).toBe(true);
});

it("a host that shows itself while it is asked is not missed, and neither is one that is removed", () => {
  const { presence, pass } = create();
  presence.sign("a");
  presence.sign("b");
  pass(1_001);
  expect(presence.silent(1_000)).toEqual(["a", "b"]);
  presence.sign("a");
  presence.remove("b");
  expect(presence.miss("a", 1_000)).toBe(false);
  expect(presence.miss("b", 1_000)).toBe(false);
  expect(presence.counts()).toEqual({ up: 1, unreachable: 0, unknown: 0, revoked: 0 });
});

it("a removed host is not watched", () => {
  const { presence, pass } = create();
  presence.add("a", null);
  presence.remove("a");
  pass(1_000_000);
  expect(presence.silent(1)).toEqual([]);
});
