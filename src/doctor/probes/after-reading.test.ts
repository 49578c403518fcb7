import { describe, expect, it } from "vitest";
import type { Clock } from "../../runtime/clock.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { afterListening, afterReading } from "./after-reading.ts";

/** A program that stands still: its timers fall due `lateMs` later than asked for. */
function lateClock(lateMs: number) {
  const clock = new FakeClock();
  const late: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (delayMs, callback) => clock.after(delayMs + lateMs, callback),
  };
  return { clock, late };
}

describe("a time that runs out", () => {
  it("counts only where nothing that came in the same turn called it off", async () => {
    const due: (() => void)[] = [];
    const hold = (_: number, callback: () => void) => {
      due.push(callback);
      return () => {};
    };
    const clock: Clock = { now: () => 0, monotonic: () => 0, after: hold };
    const said: string[] = [];
    const stop = afterReading(clock, 100, () => void said.push("called off"));
    afterReading(clock, 100, () => void said.push("ran out"));
    for (const each of due) each();
    stop(); // As what was read in this turn would.
    await new Promise((resolve) => void setImmediate(resolve));
    expect(said).toEqual(["ran out"]);
  });

  it.each([
    ["was awake", 0, false],
    ["stood still for most of it", 400, true],
  ])("says whether this program %s", async (_, lateMs, wasBusy) => {
    const { clock, late } = lateClock(lateMs);
    const said: boolean[] = [];
    afterListening(late, 2_000, (each) => void said.push(each));
    await clock.advance(3_000);
    expect(said).toEqual([wasBusy]);
    expect(clock.pending).toBe(0);
  });
});
