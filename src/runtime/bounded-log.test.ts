import { expect, it } from "vitest";
import { createBoundedLog } from "./bounded-log.ts";
import { FakeClock } from "./fake-clock.ts";
import { silentLog } from "./log.ts";

it("tells some warnings of each sentence, counts the rest, and begins anew after a minute", async () => {
  const lines: string[] = [];
  const clock = new FakeClock();
  const log = createBoundedLog({ log: { ...silentLog, warn: (_, sentence) => lines.push(sentence) }, clock });
  for (let n = 0; n < 1_000; n++) log.warn({ n }, "refused");
  log.warn({}, "something else");
  expect(lines).toEqual([...Array(10).fill("refused"), "something else"]);
  await clock.advance(60_000);
  expect(lines.at(-1)).toBe("refused: 990 more within a minute");
  expect(lines).toHaveLength(12);
  log.warn({}, "refused");
  expect(lines).toHaveLength(13);
});

it("passes errors through, all of them", () => {
  let errors = 0;
  const log = createBoundedLog({ log: { ...silentLog, error: () => errors++ }, clock: new FakeClock() });
  for (let n = 0; n < 100; n++) log.error({}, "broken");
  expect(errors).toBe(100);
});
