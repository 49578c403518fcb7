import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatMessage, HEARTBEAT, readMessages } from "./event-stream.ts";
import { API_LIMITS } from "./limits.ts";

async function* pieces(...texts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield typeof text === "string" ? Buffer.from(text) : text;
}

describe("messages of an event stream", () => {
  it("come out as they went in, however the bytes are cut", async () => {
    const message = fc.record({
      id: fc.option(fc.stringMatching(/^[a-z0-9-]{1,12}$/), { nil: undefined }),
      event: fc.constantFrom("alert", "job"),
      data: fc.json(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 5 }), fc.integer({ min: 1, max: 40 }), async (messages, size) => {
        const bytes = Buffer.from(messages.map((one) => formatMessage(one) + HEARTBEAT).join(""));
        const cut = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
          bytes.subarray(index * size, (index + 1) * size),
        );
        let id: string | undefined;
        const wanted = messages.map((one) => {
          id = one.id ?? id; // An id lasts until the next.
          return { ...one, id };
        });
        const got = [];
        for await (const one of readMessages(pieces(...cut))) got.push(one);
        expect(got).toEqual(wanted);
      }),
      { numRuns: 100 },
    );
  });

  it("end with an error where one never ends", async () => {
    const endless = readMessages(pieces("data: ", "x".repeat(API_LIMITS.eventBytes + 1)));
    await expect(endless.next()).rejects.toThrow(/longer than/);
    const lines = Array.from({ length: 100 }, () => `data: ${"x".repeat(API_LIMITS.eventBytes / 50)}\n`);
    await expect(readMessages(pieces(...lines)).next()).rejects.toThrow(/longer than/);
  });
});
