import fc from "fast-check";
import { expect, it } from "vitest";
import { createReadableLog } from "../../net/loopback-fixture.ts";
import { WireError } from "../../runtime/errors.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { systemRandom } from "../../runtime/random.ts";
import type { XmlElement } from "../../wire/xml-element.ts";
import { parseXml } from "../../wire/xml-reader.ts";
import { readEnvelope } from "./envelope.ts";
import { readDelivery } from "./event-message.ts";
import { createEventSource } from "./event-source.ts";
import { createMemoryEventStorage } from "./event-storage.ts";
import { Fault } from "./fault.ts";
import { fixtureBytes } from "./fixture-messages.ts";
import { createTestObjects } from "./loopback-fixture.ts";
import { createWsmanServer } from "./server.ts";
import { readWindowsEvent } from "./windows/windows-event.ts";

const MESSAGES = [
  "get-request",
  "enumerate-request",
  "subscribe-request",
  "windows-enumerate",
  "windows-events",
  "windows-heartbeat",
];

/** A message with pieces of it cut out, doubled, or put somewhere else. */
const damaged = fc
  .tuple(
    fc.constantFrom(...MESSAGES),
    fc.array(
      fc.tuple(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(40),
        fc.constantFrom("cut", "double", "digits", "move"),
      ),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
  )
  .map(([name, changes]) => {
    let text = fixtureBytes(name).toString("utf8");
    for (const [where, length, how] of changes) {
      const at = Math.floor(where * text.length);
      const piece = text.slice(at, at + length);
      if (how === "cut") text = text.slice(0, at) + text.slice(at + length);
      if (how === "double") text = text.slice(0, at) + piece + text.slice(at);
      if (how === "digits") text = text.slice(0, at) + piece.replaceAll(/[a-z]/g, "9") + text.slice(at + length);
      if (how === "move") text = piece + text.slice(0, at) + text.slice(at + length);
    }
    return text;
  });

/** Elements taken out, doubled, emptied or renamed: what is still XML reaches further than what is not. */
const disarranged = fc
  .tuple(fc.constantFrom(...MESSAGES), fc.nat(60), fc.constantFrom("drop", "double", "empty", "rename"))
  .map(([name, index, how]) => {
    const text = fixtureBytes(name).toString("utf8");
    const leaves = [...text.matchAll(/<([A-Za-z]+:?[A-Za-z]*)([^<>]*)>([^<>]*)<\/\1>/g)];
    const leaf = leaves[index % leaves.length];
    if (leaf === undefined) return text;
    const [whole, tag = "", attributes = ""] = leaf;
    const other = {
      drop: "",
      double: whole + whole,
      empty: `<${tag}${attributes}/>`,
      rename: whole.replaceAll(tag, `${tag}X`),
    };
    return text.replace(whole, () => other[how]);
  });

function parsed(text: string): XmlElement | undefined {
  try {
    return parseXml(Buffer.from(text));
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

it("whatever comes, the server answers with a result or a foreseen fault", async () => {
  const { objects } = createTestObjects({ many: 5 });
  const clock = new FakeClock();
  const log = createReadableLog();
  const needs = { objects, clock, random: systemRandom, log };
  const post = async () => ({ status: 200, contentType: "", body: Buffer.alloc(0) });
  const eventing = createEventSource({ ...needs, storage: createMemoryEventStorage(), post });
  const server = createWsmanServer({ ...needs, eventing, product: { vendor: "v", version: "1" } });
  let understood = 0;
  await fc.assert(
    fc.asyncProperty(fc.oneof(damaged, disarranged), async (text) => {
      const root = parsed(text);
      if (root === undefined) return;
      understood += 1;
      const caller = { user: "u", mayChange: true };
      const { status, body } = await server.handle({
        root,
        caller,
        charset: "utf-8",
        signal: new AbortController().signal,
      });
      expect([200, 400, 500]).toContain(status);
      expect(readEnvelope(parseXml(body)).body.length).toBeGreaterThan(0);
      expect(log.lines.filter((line) => line.startsWith("error"))).toEqual([]);
    }),
    { numRuns: 1_500 },
  );
  expect(understood).toBeGreaterThan(300);
  await eventing.stop();
  server.close();
});

it("whatever comes, a delivery is read or refused", () => {
  fc.assert(
    fc.property(fc.oneof(damaged, disarranged), (text) => {
      const root = parsed(text);
      if (root === undefined) return;
      try {
        const { events } = readDelivery(readEnvelope(root));
        for (const elements of events) for (const element of elements) readWindowsEvent(element);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
    }),
    { numRuns: 1_500 },
  );
});
