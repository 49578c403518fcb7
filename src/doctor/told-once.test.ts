import { describe, expect, it } from "vitest";
import { FakeClock } from "../runtime/fake-clock.ts";
import { createToldOnce, UNTOLD_MS } from "./told-once.ts";

function setUp() {
  const clock = new FakeClock();
  const reads: PromiseWithResolvers<string>[] = [];
  const ask = createToldOnce(() => {
    const read = Promise.withResolvers<string>();
    reads.push(read);
    return read.promise;
  }, clock);
  return { clock, reads, ask };
}

describe("what is told once", () => {
  it("is read anew for who asks after it was told: rules change", async () => {
    const { reads, ask } = setUp();
    const first = ask();
    reads[0]?.resolve("old rules");
    expect(await first).toBe("old rules");
    const second = ask();
    reads[1]?.resolve("new rules");
    expect(await second).toBe("new rules");
  });

  it("waits for who could not wait for it, and is the same for all who ask meanwhile", async () => {
    const { clock, reads, ask } = setUp();
    const first = ask(800);
    await clock.advance(800);
    expect(await first).toBeUndefined();
    const [second, third] = [ask(800), ask(800)];
    reads[0]?.resolve("rules");
    expect(await Promise.all([second, third])).toEqual(["rules", "rules"]);
    expect(reads).toHaveLength(1);
  });

  it("is read anew where nobody came to hear it", async () => {
    const { clock, reads, ask } = setUp();
    const first = ask(800);
    await clock.advance(800);
    await first;
    reads[0]?.resolve("old rules");
    await clock.advance(UNTOLD_MS);
    const second = ask();
    reads[1]?.resolve("new rules");
    expect(await second).toBe("new rules");
  });
});
