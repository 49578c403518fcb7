import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { CimDateTime } from "../../cim/cim-date-time.ts";
import { CimInstance, type CimProperty } from "../../cim/cim-instance.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import type { EnumeratedItem, EnumerateOptions, WsmanClient } from "./client.ts";
import type { Resource } from "./client-request.ts";
import { foreignTransport, type WsmanTransport } from "./client-transport.ts";
import { CONTEXTS_PER_OWNER_MAX } from "./enumeration-contexts.ts";
import { WsmanFault } from "./fault.ts";
import type { TypeOf } from "./instance-codec.ts";
import {
  ACCOUNT,
  createTestObjects,
  DISK,
  type LoopbackServer,
  OTHER_ACCOUNT,
  pathTo,
  startLoopbackServer,
  Test_Disk,
} from "./loopback-fixture.ts";
import { ACTION } from "./names.ts";

let server: LoopbackServer;
let client: WsmanClient;
beforeAll(async () => {
  server = await startLoopbackServer();
  client = server.client();
});
afterAll(() => server.stop());

const disk: Resource = {
  className: "Test_Disk",
  keys: [
    { name: "Name", value: DISK.Name },
    { name: "Number", value: "7" },
  ],
};
const plain: Resource = {
  className: "Test_Element",
  keys: [
    { name: "Name", value: "plain" },
    { name: "Number", value: "1" },
  ],
};
const diskTypes: TypeOf = (name) => Test_Disk.properties.find((property) => property.name === name);

async function all(resource: Resource, options?: EnumerateOptions, from = client): Promise<EnumeratedItem[]> {
  const items: EnumeratedItem[] = [];
  for await (const item of from.enumerate(resource, options)) items.push(item);
  return items;
}

async function faultOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "no fault";
  } catch (error) {
    if (!(error instanceof WsmanFault)) throw error;
    return `${error.code} ${error.detail}`.trim();
  }
}

function property(name: string, value: CimProperty["value"], more: Partial<CimProperty> = {}): CimProperty {
  return { name, type: "string", isArray: Array.isArray(value), value, ...more };
}

describe("a client and a server of ours", () => {
  it("identify themselves, without an account as well, which then learns no version", async () => {
    const known = await client.identify();
    expect(known).toMatchObject({ vendor: "Rusuban", version: "1.2.3" });
    expect(known.protocolVersion).toBe("http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd");
    const stranger = server.client({ account: { name: "nobody", password: "" } });
    expect(await stranger.identify({ isAnonymous: true })).toMatchObject({ vendor: "Rusuban", version: "" });
  });

  it("carry every type of CIM there and back", async () => {
    const instance = await client.get(disk, { typeOf: diskTypes });
    expect(instance.className).toBe("Test_Disk");
    for (const [name, value] of Object.entries(DISK)) {
      if (name === "Twin" || name === "Part" || name === "Since") continue;
      expect([name, instance.get(name)]).toEqual([name, value]);
    }
    expect(instance.get("Since")).toEqual(DISK.Since);
    expect((instance.get("Part") as CimInstance).get("Name")).toBe("part");
    const twin = instance.get("Twin") as ObjectPath;
    expect(`${twin.className} ${twin.key("Name")} ${twin.key("Number")}`).toBe("Test_Element plain 1");
  });

  it("carry them without the class being known, too: text, datetimes, references, arrays", async () => {
    const instance = await client.get(disk);
    expect(instance.get("Size")).toBe("18446744073709551615");
    expect(instance.get("Since")).toBeInstanceOf(CimDateTime);
    expect(instance.get("Age")).toBeInstanceOf(CimDateTime);
    expect(instance.get("Twin")).toBeInstanceOf(ObjectPath);
    expect(instance.get("Blocks")).toEqual(["1", "2", "65535"]);
    expect(instance.get("Label")).toBeNull();
  });

  it.each([
    ["in the DMTF's family, with the namespace as a selector", { ...plain, namespace: "root/cimv2" }],
    ["in Windows' family, with the namespace in the URI", { ...plain, windowsNamespace: "root/cimv2" }],
    ["in a vendor's family", { ...plain, resourceUri: "http://sblim.sf.net/wbem/wscim/1/cim-schema/2/Test_Element" }],
    [
      "with names in another case",
      {
        ...plain,
        keys: [
          { name: "NAME", value: "plain" },
          { name: "number", value: "1" },
        ],
      },
    ],
  ])("get an instance %s", async (_, resource) => {
    expect((await client.get(resource)).get("Name")).toBe("plain");
  });

  it("put: what may be written changes, and keys do not", async () => {
    const changed = (await client.get(plain)).properties.map((each) =>
      each.name === "Caption" ? { ...each, value: "<new> & better" } : each,
    );
    const after = await client.put(plain, new CimInstance({ className: "Test_Element", properties: changed }));
    expect(after?.get("Caption")).toBe("<new> & better");
    expect((await client.get(plain)).get("Caption")).toBe("<new> & better");
    const otherKey = new CimInstance({
      className: "Test_Element",
      properties: [property("Name", "x"), property("Caption", "y")],
    });
    expect(await faultOf(client.put(plain, otherKey))).toBe("Sender:InvalidRepresentation InvalidValues");
  });

  it("invoke a method with its parameters and results", async () => {
    const parameters = new CimInstance({
      className: "Test_Element",
      properties: [property("NewName", "b"), property("Tags", ["x", "y"])],
    });
    const { returnValue, output } = await client.invoke(plain, "Rename", parameters);
    expect(returnValue).toBe("0");
    expect(output.get("Old")).toBe('plain→b ["x","y"]');
  });
});

describe("faults", () => {
  const nothing = new CimInstance({ className: "Test_Element", properties: [] });
  it.each([
    [
      "an unknown class",
      () => client.get({ ...plain, className: "Test_Absent" }),
      "Sender:DestinationUnreachable InvalidResourceURI",
    ],
    [
      "what is no class",
      () => client.get({ ...plain, resourceUri: "http://example.org/x" }),
      "Sender:DestinationUnreachable InvalidResourceURI",
    ],
    [
      "an unknown namespace",
      () => client.get({ ...plain, namespace: "root/none" }),
      "Sender:InvalidSelectors InvalidNamespace",
    ],
    [
      "an instance that is not there",
      () =>
        client.get({
          ...plain,
          keys: [
            { name: "Name", value: "x" },
            { name: "Number", value: "1" },
          ],
        }),
      "Sender:DestinationUnreachable InvalidResourceURI",
    ],
    [
      "too few selectors",
      () => client.get({ ...plain, keys: [{ name: "Name", value: "plain" }] }),
      "Sender:InvalidSelectors InsufficientSelectors",
    ],
    [
      "too many selectors",
      () => client.get({ ...plain, keys: [...(plain.keys ?? []), { name: "Color", value: "red" }] }),
      "Sender:InvalidSelectors UnexpectedSelectors",
    ],
    [
      "a doubled selector",
      () => client.get({ ...plain, keys: [...(plain.keys ?? []), { name: "NAME", value: "x" }] }),
      "Sender:InvalidSelectors DuplicateSelectors",
    ],
    [
      "a selector of another type",
      () =>
        client.get({
          ...plain,
          keys: [
            { name: "Name", value: "plain" },
            { name: "Number", value: "one" },
          ],
        }),
      "Sender:InvalidSelectors TypeMismatch",
    ],
    ["a method that is none", () => client.invoke(plain, "Explode", nothing), "Sender:ActionNotSupported"],
    [
      "a parameter that is none",
      () =>
        client.invoke(
          plain,
          "Rename",
          new CimInstance({ className: "Test_Element", properties: [property("Color", "red")] }),
        ),
      "Sender:InvalidParameter InvalidName",
    ],
    [
      "an action of no class",
      () => client.request({ action: "http://example.org/Do", resource: plain }),
      "Sender:ActionNotSupported ActionMismatch",
    ],
    [
      "an action of a standard that we do not serve",
      () => client.request({ action: ACTION.subscribe, resource: plain }),
      "Sender:ActionNotSupported",
    ],
    [
      "a put of what may not be written",
      () => client.put(disk, new CimInstance({ className: "Test_Disk", properties: [property("Label", "x")] })),
      "Sender:ActionNotSupported",
    ],
    [
      "a put of another class",
      () => client.put(plain, new CimInstance({ className: "Test_Disk", properties: [] })),
      "Sender:InvalidRepresentation InvalidNamespace",
    ],
    [
      "a put with a value of another type",
      () =>
        client.put(
          plain,
          new CimInstance({
            className: "Test_Element",
            properties: [property("Number", "many"), property("Caption", "c")],
          }),
        ),
      "Sender:InvalidRepresentation InvalidValues",
    ],
    ["a delete where nothing can be deleted", () => client.delete(plain), "Sender:ActionNotSupported"],
    [
      "a context that was never given",
      () =>
        client.request({
          action: ACTION.pull,
          resource: plain,
          body: (w) => w.open("wsen:Pull").leaf("wsen:EnumerationContext", "uuid:1").close(),
        }),
      "Receiver:InvalidEnumerationContext",
    ],
    [
      "a body that does not fit the action",
      () => client.request({ action: ACTION.enumerate, resource: plain }),
      "Sender:SchemaValidationError",
    ],
    [
      "an envelope smaller than must be supported",
      () => server.client({ maxEnvelopeBytes: 1_000 }).get(plain),
      "Sender:EncodingLimit MinimumEnvelopeLimit",
    ],
  ])("tell of %s", async (_, call, code) => {
    expect(await faultOf(call())).toBe(code);
  });

  it("keep an account that may only read from everything else", async () => {
    const reader = server.client({ account: OTHER_ACCOUNT });
    expect((await reader.get(plain)).get("Name")).toBe("plain");
    expect(await all({ className: "Test_Disk" }, {}, reader)).toHaveLength(1);
    expect(await faultOf(reader.put(plain, nothing))).toBe("Sender:AccessDenied");
    expect(await faultOf(reader.delete(plain))).toBe("Sender:AccessDenied");
    expect(await faultOf(reader.invoke(plain, "Rename", nothing))).toBe("Sender:AccessDenied");
  });

  it("say what failed inside", async () => {
    expect(await faultOf(client.invoke(plain, "Fail", nothing))).toBe("Receiver:InternalError");
  });

  it("tell when an operation takes longer than it may, and end it", async () => {
    const impatient = server.client({ operationTimeoutMs: 60 });
    expect(await faultOf(impatient.invoke(plain, "Hang", nothing))).toBe("Receiver:TimedOut");
  });
});

describe("an enumeration", () => {
  it("gives all instances, whatever comes at a time", async () => {
    for (const maxElements of [1, 7, 249, 250, 251, 32_000]) {
      const items = await all({ className: "Test_Many" }, { maxElements });
      expect(items.map(({ instance }) => Number(instance?.get("Id")))).toEqual(
        Array.from({ length: 250 }, (_, id) => id),
      );
    }
    expect(server.contexts()).toBe(0);
  });

  it("includes instances of subclasses as the polymorphism mode says", async () => {
    const names = async (options: EnumerateOptions) =>
      (await all({ className: "Test_Element" }, options)).map(
        ({ instance }) => `${instance?.className} ${instance?.property("Size") === undefined ? "short" : "whole"}`,
      );
    expect(await names({ polymorphism: "include" })).toEqual(["Test_Element short", "Test_Disk whole"]);
    expect(await names({ polymorphism: "exclude" })).toEqual(["Test_Element short", "Test_Element short"]);
    expect(await names({ polymorphism: "none" })).toEqual(["Test_Element short"]);
  });

  it("gives references, and instances with their references", async () => {
    const [reference] = await all({ className: "Test_Disk" }, { mode: "epr" });
    expect(reference?.instance).toBeUndefined();
    expect(reference?.path?.key("Name")).toBe(DISK.Name);
    const [both] = await all({ className: "Test_Disk" }, { mode: "both" });
    expect(both?.instance?.get("Name")).toBe(DISK.Name);
    expect(both?.path?.namespace).toBe("root/cimv2");
  });

  it.each([
    ["WQL", { dialect: "wql", query: "SELECT * FROM Test_Many WHERE Id < 3" }, 3],
    ["CQL", { dialect: "cql", query: "SELECT * FROM Test_Many WHERE Id >= 248" }, 2],
    ["selectors", { dialect: "selector", selectors: { Id: "5" } }, 1],
    ["selectors that nothing has", { dialect: "selector", selectors: { Id: "x" } }, 0],
  ] as const)("is filtered by %s", async (_, filter, count) => {
    const className = filter.dialect === "selector" ? "Test_Many" : "*";
    expect(await all({ className }, { filter })).toHaveLength(count);
  });

  it("goes along associations", async () => {
    const of = pathTo("Test_Element", "plain", 1n);
    const others = await all({ className: "*" }, { filter: { dialect: "association", of } });
    expect(others.map(({ instance }) => instance?.className)).toEqual(["Test_Disk"]);
    const links = await all({ className: "*" }, { filter: { dialect: "association", of, links: true } });
    expect(links.map(({ instance }) => instance?.className)).toEqual(["Test_Link"]);
    const none = { dialect: "association", of, resultClass: "Test_Many" } as const;
    expect(await all({ className: "*" }, { filter: none })).toEqual([]);
  });

  it.each([
    ["a query that is none", { dialect: "wql", query: "DROP everything" }, "Sender:CannotProcessFilter"],
    [
      "a query of an unknown class",
      { dialect: "wql", query: "SELECT * FROM Test_Absent" },
      "Sender:CannotProcessFilter",
    ],
    ["an empty query", { dialect: "cql", query: " " }, "Sender:CannotProcessFilter"],
    [
      "a selector that is no property",
      { dialect: "selector", selectors: { Color: "red" } },
      "Sender:CannotProcessFilter",
    ],
  ] as const)("refuses %s", async (_, filter, code) => {
    expect(await faultOf(all({ className: filter.dialect === "selector" ? "Test_Many" : "*" }, { filter }))).toBe(code);
  });

  it("refuses all classes without a query, and selectors outside a filter", async () => {
    expect(await faultOf(all({ className: "*" }))).toBe("Sender:UnsupportedFeature FilteringRequired");
    expect(await faultOf(all(plain))).toBe("Sender:InvalidSelectors UnexpectedSelectors");
  });

  it("ends with Release when the caller has seen enough", async () => {
    for await (const { instance } of client.enumerate({ className: "Test_Many" }, { maxElements: 5 })) {
      if (instance?.get("Id") === "7") break;
    }
    expect(server.contexts()).toBe(0);
  });

  it("is nobody else's, whoever has learnt its context", async () => {
    const begun = await client.request({
      action: ACTION.enumerate,
      resource: { className: "Test_Many" },
      body: (w) => w.leaf("wsen:Enumerate"),
    });
    const context = begun.body[0]?.childText("EnumerationContext") ?? "";
    const ask = (from: WsmanClient, action: string, element: string) =>
      from.request({
        action,
        resource: { className: "Test_Many" },
        body: (w) => w.open(element).leaf("wsen:EnumerationContext", context).close(),
      });
    const other = server.client({ account: OTHER_ACCOUNT });
    const refused = "Receiver:InvalidEnumerationContext";
    expect(await faultOf(ask(other, ACTION.pull, "wsen:Pull"))).toBe(refused);
    expect(await faultOf(ask(other, ACTION.release, "wsen:Release"))).toBe(refused);
    const pulled = await ask(client, ACTION.pull, "wsen:Pull");
    expect(pulled.body[0]?.child("Items")?.children).toHaveLength(1);
    await ask(client, ACTION.release, "wsen:Release");
    expect(await faultOf(ask(client, ACTION.pull, "wsen:Pull"))).toBe(refused);
  });

  it("fits every answer into the envelope asked for", async () => {
    const { objects } = createTestObjects({ many: 100, textLength: 1_000 });
    const small = await startLoopbackServer({ objects });
    onTestFinished(() => small.stop());
    const sizes: number[] = [];
    const transport = foreignTransport(small.agent, ACCOUNT);
    const measured: WsmanTransport = {
      ...transport,
      async exchange(exchange) {
        const reply = await transport.exchange(exchange);
        sizes.push(reply.body.length);
        return reply;
      },
    };
    for (const maxEnvelopeBytes of [8_192, 20_000, 60_000]) {
      sizes.length = 0;
      const one = small.client({ transport: measured, maxEnvelopeBytes });
      expect(await all({ className: "Test_Many" }, { maxElements: 1_000 }, one)).toHaveLength(100);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(maxEnvelopeBytes);
      // And is made use of: two thirds at least of the largest.
      expect(Math.max(...sizes)).toBeGreaterThan(maxEnvelopeBytes * 0.6);
    }
  });

  it("tells of one item that is too large for the envelope, and goes on with the next", async () => {
    const { objects } = createTestObjects({ many: 3, textLength: 10_000 });
    const large = await startLoopbackServer({ objects });
    onTestFinished(() => large.stop());
    expect(await faultOf(all({ className: "Test_Many" }, {}, large.client({ maxEnvelopeBytes: 8_192 })))).toBe(
      "Sender:EncodingLimit MaxEnvelopeSize",
    );
    expect(
      await faultOf(
        large.client({ maxEnvelopeBytes: 8_192 }).get({ className: "Test_Many", keys: [{ name: "Id", value: "1" }] }),
      ),
    ).toBe("Sender:EncodingLimit MaxEnvelopeSize");
    expect(large.contexts()).toBe(0);
  });

  it("has a bounded number of contexts for each account, which end by themselves", async () => {
    const clock = new FakeClock();
    const bounded = await startLoopbackServer({ clock });
    onTestFinished(() => bounded.stop());
    const one = bounded.client();
    const begin = () =>
      one.request({
        action: ACTION.enumerate,
        resource: { className: "Test_Many" },
        body: (w) => w.open("wsen:Enumerate").leaf("wsen:Expires", "PT60S").close(),
      });
    for (let n = 0; n < CONTEXTS_PER_OWNER_MAX; n++) await begin();
    expect(await faultOf(begin())).toBe("Sender:QuotaLimit");
    const other = bounded.client({ account: OTHER_ACCOUNT });
    expect(await all({ className: "Test_Many" }, {}, other)).toHaveLength(250);
    await clock.advance(60_000);
    expect(bounded.contexts()).toBe(0);
    await begin();
  });
});
