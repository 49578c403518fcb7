import { describe, expect, it } from "vitest";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { remembered } from "./remembered.ts";

const TIMES = { keptMs: 1_000, staleMs: 60_000, patienceMs: 100, timeoutMs: 5_000 };

/** A source whose answers the test gives. */
function source(clock: FakeClock) {
  const waiting: { resolve: (answer: string) => void; reject: (error: Error) => void; signal: AbortSignal }[] = [];
  const ask = remembered(
    clock,
    "source",
    TIMES,
    (signal) => new Promise<string>((resolve, reject) => waiting.push({ resolve, reject, signal })),
  );
  return { ask, waiting };
}

describe("a remembered source", () => {
  it("is asked once by all who come at the same time, and not again while the answer is fresh", async () => {
    const clock = new FakeClock();
    const { ask, waiting } = source(clock);
    const answers = [ask(), ask(), ask()];
    waiting[0]?.resolve("one");
    expect(await Promise.all(answers)).toEqual(["one", "one", "one"]);
    await clock.advance(999);
    expect(await ask()).toBe("one");
    expect(waiting).toHaveLength(1);
  });

  it("gives the last answer while it is asked anew, and the new one afterwards", async () => {
    const clock = new FakeClock();
    const { ask, waiting } = source(clock);
    const first = ask();
    waiting[0]?.resolve("one");
    await first;
    await clock.advance(1_000);
    expect([await ask(), await ask(), waiting.length]).toEqual(["one", "one", 2]);
    waiting[1]?.resolve("two");
    await clock.advance(1);
    expect(await ask()).toBe("two");
  });

  it("lets nobody wait longer than patience, and has the answer for the next", async () => {
    const clock = new FakeClock();
    const { ask, waiting } = source(clock);
    const impatient = ask().catch((error: Error) => error.message);
    await clock.advance(100);
    expect(await impatient).toBe("source: no answer within 100 ms");
    waiting[0]?.resolve("late");
    await clock.advance(1);
    expect(await ask()).toBe("late");
    expect(waiting).toHaveLength(1);
  });

  it("stops the source after its time, and asks it again only after a while", async () => {
    const clock = new FakeClock();
    const { ask, waiting } = source(clock);
    const first = ask().catch((error: Error) => error.message);
    await clock.advance(5_000);
    expect(waiting[0]?.signal.aborted).toBe(true);
    waiting[0]?.reject(new Error("killed"));
    await first;
    await clock.advance(1);
    await expect(ask()).rejects.toThrow("killed");
    expect(waiting).toHaveLength(1);
    await clock.advance(1_000);
    const again = ask();
    waiting[1]?.resolve("well");
    expect(await again).toBe("well");
  });

  it("does not give an answer that is too old", async () => {
    const clock = new FakeClock();
    const { ask, waiting } = source(clock);
    const first = ask();
    waiting[0]?.resolve("one");
    await first;
    await clock.advance(60_000);
    const answer = ask().catch((error: Error) => error.message);
    await clock.advance(100);
    expect(await answer).toContain("no answer");
  });
});
