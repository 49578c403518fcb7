import { expect, it } from "vitest";
import { backOffMs } from "./back-off.ts";

const lowest = (count: number) => Buffer.alloc(count, 0);
const highest = (count: number) => Buffer.alloc(count, 0xff);

it("doubles up to a minute, half of it at random", () => {
  expect([0, 1, 2, 3, 6, 7, 8, 1_000].map((failures) => backOffMs(failures, highest))).toEqual([
    500, 1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000,
  ]);
  expect([0, 1, 8].map((failures) => backOffMs(failures, lowest))).toEqual([250, 500, 30_000]);
});
