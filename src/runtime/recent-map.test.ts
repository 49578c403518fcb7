import { expect, it } from "vitest";
import { RecentMap } from "./recent-map.ts";

it("makes what it does not have, and drops what was used longest ago", () => {
  const made: string[] = [];
  const map = new RecentMap<string, string>(2);
  const recall = (key: string) =>
    map.recall(key, () => {
      made.push(key);
      return key.toUpperCase();
    });
  expect([recall("a"), recall("b"), recall("a"), recall("c")]).toEqual(["A", "B", "A", "C"]);
  expect([...map.keys()]).toEqual(["a", "c"]);
  recall("b");
  expect(made).toEqual(["a", "b", "c", "b"]);
});

it("keeps nothing of what could not be made", () => {
  const map = new RecentMap<string, number>(2);
  expect(() =>
    map.recall("a", () => {
      throw new Error("no");
    }),
  ).toThrow("no");
  expect(map.recall("a", () => 1)).toBe(1);
  map.delete("a");
  expect([...map.keys()]).toEqual([]);
});
