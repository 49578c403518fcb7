import { expect, it } from "vitest";
import { TaskClaims } from "./task-claims.ts";

it("gives each task to the first who asks, in whatever thread", () => {
  const ours = new TaskClaims();
  const theirs = new TaskClaims(ours.memory);
  const [one, two] = [ours.open(), ours.open()];
  expect([theirs.take(one), ours.take(one), ours.take(two), theirs.take(two)]).toEqual([true, false, true, false]);
});

it("never gives an old task out again, and none the place of one that is under way", () => {
  const claims = new TaskClaims();
  const slow = claims.open();
  const old = claims.open();
  claims.close(old);
  const places = claims.memory.byteLength / Int32Array.BYTES_PER_ELEMENT;
  const numbers = Array.from({ length: 2 * places }, () => {
    const task = claims.open();
    expect(claims.take(task)).toBe(true);
    claims.close(task);
    return task;
  });
  expect(new Set([...numbers, slow, old]).size).toBe(2 * places + 2);
  expect(numbers.some((task) => task % places === old % places)).toBe(true);
  expect(claims.take(old)).toBe(false);
  expect(claims.take(slow)).toBe(true);
});

it("refuses more tasks than there are places", () => {
  const claims = new TaskClaims();
  const places = claims.memory.byteLength / Int32Array.BYTES_PER_ELEMENT;
  for (let task = 0; task < places; task++) claims.open();
  expect(() => claims.open()).toThrow(/at most/);
});
