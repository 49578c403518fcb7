import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WireError } from "../runtime/errors.ts";
import { readServerSentEvents, type ServerSentEvent } from "./server-sent-events.ts";

async function read(chunks: readonly Uint8Array[], bytesMax?: number): Promise<ServerSentEvent[]> {
  async function* body() {
    yield* chunks;
  }
  const events: ServerSentEvent[] = [];
  for await (const event of readServerSentEvents(body(), bytesMax)) events.push(event);
  return events;
}
const bytes = (text: string) => new TextEncoder().encode(text);

const STREAM =
  "\uFEFF: comment\n\nevent: alert\nid: 7\ndata: 空き容量\ndata:two\n\nretry: 3\n\r\ndata\r\n\r\nid\ndata:  x: y\r\rdata: cut off";
const EVENTS: ServerSentEvent[] = [
  { event: "alert", data: "空き容量\ntwo", id: "7" },
  { event: "message", data: "", id: "7" },
  { event: "message", data: " x: y", id: "" },
];

describe("server-sent events", () => {
  it("are read with every kind of line end, and what is cut off is dropped", async () => {
    expect(await read([bytes(STREAM)])).toEqual(EVENTS);
  });

  it("are the same however the stream is split", async () => {
    const whole = bytes(STREAM);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(whole.length), { maxLength: 12 }), async (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), whole.length];
        const chunks = edges.slice(1).map((edge, index) => whole.subarray(edges[index], edge));
        expect(await read(chunks)).toEqual(EVENTS);
      }),
    );
  });

  it.each([
    ["one endless line", "data: x".padEnd(2_000, "x")],
    ["an event of endless lines", "data: x\n".repeat(500)],
  ])("refuses %s", async (_name, text) => {
    await expect(read([bytes(text)], 1_000)).rejects.toThrow(WireError);
  });

  it("counts each event by itself", async () => {
    expect(await read([bytes("data: x\n\n".repeat(500))], 1_000)).toHaveLength(500);
  });
});
