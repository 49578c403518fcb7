import { describe, expect, it } from "vitest";
import { dispose } from "./dispose.ts";

describe("disposing", () => {
  it("gives back the memory of a long buffer at once", () => {
    const buffer = Buffer.alloc(256 * 1024, 1);
    const before = process.memoryUsage().arrayBuffers;
    dispose(buffer);
    expect(buffer.length).toBe(0);
    expect(process.memoryUsage().arrayBuffers).toBeLessThanOrEqual(before - 256 * 1024);
  });

  it("leaves short ones alone: their memory may be others', too", () => {
    const one = Buffer.from("one");
    const other = Buffer.from("other");
    dispose(one);
    expect([one.toString(), other.toString()]).toEqual(["one", "other"]);
  });

  it("leaves memory alone that threads share", () => {
    const shared = Buffer.from(new SharedArrayBuffer(256 * 1024));
    dispose(shared);
    expect(shared.length).toBe(256 * 1024);
  });
});
