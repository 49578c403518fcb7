import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { flowName } from "../../ports/port-map.ts";
import { ConnectError, PeerError, WireError } from "../../runtime/errors.ts";
import type { SnmpAccess } from "./access.ts";
import { openSnmpClient, type SnmpClient, TABLE_BYTES_MAX, TABLE_REQUESTS_MAX } from "./client.ts";
import {
  answer,
  type FixtureRequest,
  integer,
  type Respond,
  serveObjects,
  startResponder,
  text,
  tlv,
} from "./snmp-fixture.ts";
import { counterIn, numberIn, type SnmpValue, textIn } from "./value.ts";

const PUBLIC: SnmpAccess = { version: "2c", community: "public" };
const NAMES = "1.3.6.1.2.1.2.2.1.2";
const COUNTS = "1.3.6.1.2.1.31.1.1.1.6";
const UPTIME = "1.3.6.1.2.1.1.3.0";

/** An answer may come late on a busy machine; where none is to come, nobody waits for long. */
const PATIENT = { timeoutMs: 10_000, retries: 1 };
const BRIEF = { timeoutMs: 20, retries: 1 };

async function open(respond: Respond, access: SnmpAccess = PUBLIC, patience = PATIENT) {
  const responder = await startResponder(respond);
  const peer = { flow: flowName("snmpGet"), host: "127.0.0.1", port: responder.port };
  const client = await openSnmpClient({ ...peer, access, ...patience });
  onTestFinished(() => {
    client.close();
    responder.close();
  });
  return { client, responder };
}

const table = (client: SnmpClient, rowsMax = 100) => client.table([NAMES, COUNTS], { rowsMax });

/** Rows whose name says their number; COUNTS has none for the second. */
function someRows(count: number): [string, Buffer][] {
  const rows = Array.from({ length: count }, (_, place) => place + 1);
  return [
    [UPTIME, integer(4_294_967_295, 0x43)],
    ...rows.map((row): [string, Buffer] => [`${NAMES}.${row}`, text(`eth${row}`)]),
    ...rows
      .filter((row) => row !== 2)
      .map((row): [string, Buffer] => [`${COUNTS}.${row}`, integer(2n ** 64n - BigInt(row), 0x46)]),
  ];
}

describe.each(["1", "2c"] as const)("a client of version %s", (version) => {
  const access: SnmpAccess = { version, community: "public" };

  it("reads objects, and says null of one that is not there", async () => {
    const { client } = await open(serveObjects(someRows(1)), access);
    const missing = "1.3.6.1.2.1.1.9.0";
    const found = await client.get([UPTIME, missing, `${NAMES}.1`]);
    expect(numberIn(found.get(UPTIME))).toBe(4_294_967_295);
    expect(found.get(missing)).toBeNull();
    expect(textIn(found.get(`${NAMES}.1`))).toBe("eth1");
  });

  it("reads a table with holes, 64-bit counters to the last digit, and stops at its end", async () => {
    const { client } = await open(serveObjects(someRows(40)), access);
    const { rows, isCut } = await table(client);
    expect([rows.size, isCut]).toEqual([40, false]);
    expect(textIn(rows.get("40")?.get(NAMES))).toBe("eth40");
    expect(counterIn(rows.get("40")?.get(COUNTS))).toBe(2n ** 64n - 40n);
    expect(rows.get("2")?.get(COUNTS)).toBeUndefined();
  });
});

describe("a server that lies", () => {
  const bulk =
    (make: (request: FixtureRequest) => Buffer | null): Respond =>
    (request) =>
      make(request);
  let counter = 0;

  it.each<[string, Respond, RegExp]>([
    [
      "names that do not go upwards",
      bulk((request) =>
        answer(
          request,
          request.oids.map(() => [`${NAMES}.5`, text("again")] as const),
        ),
      ),
      /does not follow/,
    ],
    ["nothing at all", bulk((request) => answer(request, [])), /no objects/],
    [
      "a type that no object has",
      bulk((request) => answer(request, [[`${NAMES}.1`, tlv(0x1f, [1])]])),
      /cannot be read/,
    ],
    [
      "a number of sixty bytes",
      bulk((request) => answer(request, [[`${NAMES}.1`, tlv(0x46, Buffer.alloc(60, 255))]])),
      /cannot be read/,
    ],
    [
      "a name of a thousand numbers",
      bulk((request) => answer(request, [[`${NAMES}.${"1.".repeat(1_000)}1`, text("x")]])),
      /too many numbers/,
    ],
  ])("is caught with %s", async (_, respond, problem) => {
    const { client } = await open(respond);
    const failure = await table(client).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WireError);
    expect((failure as Error).message).toMatch(problem);
  });

  it("has only as many rows of an endless table as are asked for", async () => {
    counter = 0;
    const { client, responder } = await open((request) =>
      answer(
        request,
        request.oids.map((_, place) => {
          counter += place === 0 ? 1 : 0;
          return [`${[NAMES, COUNTS][place]}.${counter}`, text("x")] as const;
        }),
      ),
    );
    const { rows, isCut } = await table(client, 50);
    expect([rows.size, isCut]).toEqual([50, true]);
    expect(responder.requests()).toBeLessThan(60);
  });

  it("is asked a bounded number of times for a table that grows by one row an answer, and may not fill the memory", async () => {
    counter = 0;
    const endless: Respond = (request) => {
      counter += 1;
      return answer(request, [[`${NAMES}.${counter}`, text(big)]]);
    };
    let big = "x";
    const one = await open(endless);
    const slow = await one.client.table([NAMES], { rowsMax: 1_000_000 });
    expect([slow.isCut, one.responder.requests()]).toEqual([true, TABLE_REQUESTS_MAX]);
    big = "x".repeat(50_000);
    const two = await open(endless);
    const wide = await two.client.table([NAMES], { rowsMax: 1_000_000 });
    const bytes = [...wide.rows.values()].reduce((sum, row) => sum + (textIn(row.get(NAMES))?.length ?? 0), 0);
    expect(wide.isCut).toBe(true);
    expect(bytes).toBeLessThanOrEqual(TABLE_BYTES_MAX);
  });

  it("answers another question, or with other objects, in vain", async () => {
    const { client } = await open((request) => answer(request, [["1.3.6.1.2.1.1.5.0", text("x")]]));
    await expect(client.get([UPTIME])).rejects.toThrow(/answered with 1\.3\.6\.1\.2\.1\.1\.5\.0/);
    const other = await open(
      (request) => answer(request, [[UPTIME, text("x")]], { id: request.id + 1 }),
      PUBLIC,
      BRIEF,
    );
    await expect(other.client.get([UPTIME])).rejects.toMatchObject({ code: "ETIMEDOUT" });
  });

  it("is not listened to in another version, without a signature, or as something that is no answer", async () => {
    const unsigned = (request: FixtureRequest) => {
      const scoped = tlv(
        0x30,
        text("engine"),
        text(""),
        tlv(0xa2, integer(request.id), integer(0), integer(0), tlv(0x30)),
      );
      const parameters = tlv(0x04, tlv(0x30, text("engine"), integer(1), integer(1), text("jo"), text(""), text("")));
      const header = tlv(0x30, integer(request.id), integer(65_507), tlv(0x04, [0]), integer(3));
      return tlv(0x30, integer(3), header, parameters, scoped);
    };
    const signed: SnmpAccess = {
      ...{ version: "3", user: "jo", privacy: null },
      authentication: { protocol: "sha256", password: "correct horse" },
    };
    const lies: readonly [Respond, SnmpAccess][] = [
      [unsigned, PUBLIC],
      [unsigned, signed],
      [(request) => answer(request, [[UPTIME, integer(1)]], { version: 0 }), PUBLIC],
      [(request) => answer(request, [[UPTIME, integer(1)]], { kind: 0xa8 }), PUBLIC],
      [(request) => answer(request, [[UPTIME, integer(1)]], { kind: 0xa7 }), PUBLIC],
      [() => Buffer.from("3084ffffffff02", "hex"), PUBLIC],
      [() => Buffer.alloc(0), PUBLIC],
    ];
    for (const [respond, access] of lies) {
      const { client } = await open(respond, access, BRIEF);
      await expect(client.get([UPTIME])).rejects.toMatchObject({ name: "ConnectError", code: "ETIMEDOUT" });
    }
  });

  it("never ends the process or hangs, whatever bytes it sends", async () => {
    const honest = serveObjects(someRows(3));
    let change: readonly [place: number, byte: number, length: number] = [0, 0, 0];
    const { client } = await open(
      (request) => {
        const datagram = honest(request) as Buffer;
        const [place, byte, cut] = change;
        const copy = Buffer.from(datagram);
        copy[place % copy.length] = byte;
        return copy.subarray(0, copy.length - (cut % 4));
      },
      PUBLIC,
      BRIEF,
    );
    await fc.assert(
      fc.asyncProperty(fc.tuple(fc.nat(300), fc.nat(255), fc.nat(3)), async (mutation) => {
        change = mutation;
        const outcome: unknown = await client.get([UPTIME, `${NAMES}.1`]).catch((error: unknown) => error);
        return outcome instanceof Map || [ConnectError, PeerError, WireError].some((type) => outcome instanceof type);
      }),
      { numRuns: 60 },
    );
  });
});

it("says what the server refuses, that nothing listens, and that it was given up", async () => {
  const refused = await open((request) => answer(request, [[UPTIME, tlv(0x05)]], { error: 16, errorIndex: 1 }));
  await expect(refused.client.get([UPTIME])).rejects.toMatchObject({ name: "PeerError", code: "AuthorizationError" });
  const gone = await startResponder(() => null);
  gone.close();
  const peer = { flow: "snmp-get", host: "127.0.0.1", port: gone.port, access: PUBLIC, ...PATIENT };
  const closed = await openSnmpClient(peer);
  onTestFinished(() => closed.close());
  await expect(closed.get([UPTIME])).rejects.toMatchObject({ name: "ConnectError", code: "ECONNREFUSED" });
  const silent = await startResponder(() => null);
  onTestFinished(() => silent.close());
  const stop = new AbortController();
  const client = await openSnmpClient({ ...peer, port: silent.port, signal: stop.signal });
  const asked = client.get([UPTIME]);
  stop.abort();
  await expect(asked).rejects.toMatchObject({ code: "ABORTED" });
  await expect(client.get([UPTIME])).rejects.toMatchObject({ code: "ABORTED" });
});

it("shows no control characters of a name", () => {
  const value: SnmpValue = { kind: "bytes", value: Buffer.from("a\u001b[31mb\u202e\n\0") };
  expect(textIn(value)).toBe("a [31mb");
});
