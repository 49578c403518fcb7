import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { CimInstance } from "../../cim/cim-instance.ts";
import { CIMV2 } from "../../cim/provider.ts";
import { createForeignAgent } from "../../net/foreign-request.ts";
import { systemClock } from "../../runtime/clock.ts";
import { createCimXmlClient } from "./client.ts";
import { bookPath, createTestModel, SHELF, shelfPath } from "./model-fixture.ts";
import { type ServedModel, serveModel } from "./server-fixture.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function clientFor(port: number) {
  const agent = createForeignAgent({
    ...{ flow: "cimXml", host: "127.0.0.1", port, trust: { kind: "plain" }, timeoutMs: 10_000, clock: systemClock },
  });
  ends.push(() => agent.close());
  return createCimXmlClient({ agent, path: "/cimom" }, { objectsMax: 2_000, pullObjects: 50 });
}

async function serve(options: Parameters<typeof serveModel>[0] = {}) {
  const served = await serveModel(options);
  ends.push(() => served.stop());
  return { ...served, client: clientFor(served.port) };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const namespace = CIMV2;

/** Answers each request by the first rule whose text is in its body. */
async function scripted(
  rules: readonly (readonly [string, string | number])[],
): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  const http = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    asked.push(String(request.headers.cimmethod));
    const id = /MESSAGE ID="(\d+)"/.exec(body)?.[1];
    const rule = rules.find(([text]) => body.includes(text))?.[1] ?? 500;
    if (typeof rule === "number") response.writeHead(rule, { "content-length": 0 }).end();
    else
      response.end(
        `<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="${id}" PROTOCOLVERSION="1.0"><SIMPLERSP>${rule}</SIMPLERSP></MESSAGE></CIM>`,
      );
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  ends.push(() => {
    http.closeAllConnections();
    http.close();
  });
  return { port: (http.address() as AddressInfo).port, asked };
}

const failure = (name: string, code: number, description = "") =>
  `<IMETHODRESPONSE NAME="${name}"><ERROR CODE="${code}" DESCRIPTION="${description}"/></IMETHODRESPONSE>`;

describe("against our own server", () => {
  it("brings every type of value there and back", async () => {
    const { client } = await serve();
    const [shelf, empty] = await all(client.enumerateInstances({ namespace, className: "Test_Shelf" }));
    for (const [name, value] of Object.entries(SHELF)) {
      if (name !== "Latest") expect(shelf?.get(name), name).toEqual(value);
    }
    const latest = shelf?.get("Latest");
    expect(latest).toBeInstanceOf(CimInstance);
    expect((latest as CimInstance).get("Title")).toBe("<inner & outer>");
    expect(shelf?.path?.identity).toBe(shelfPath(SHELF.Name as string).identity);
    expect(empty?.get("Boards")).toBeNull();
  });

  it("pulls a long enumeration to its end, and leaves nothing open when it stops early", async () => {
    const { client } = await serve({ model: createTestModel(systemClock, { bookCount: 234 }) });
    const paths = await all(client.enumerateInstanceNames({ namespace, className: "Test_Book" }));
    expect(paths.map((path) => Number(path.key("Number")))).toEqual(Array.from({ length: 234 }, (_, n) => n + 1));
    // More than one user may have open at once: each one left early was closed.
    for (let time = 0; time < 40; time++)
      for await (const _ of client.enumerateInstances({ namespace, className: "Test_Book" })) break;
  });

  it("creates, changes, reads and deletes", async () => {
    const { client, books } = await serve();
    const instance = new CimInstance({
      className: "Test_Book",
      properties: [
        { name: "Number", type: "uint32", isArray: false, value: 42 },
        { name: "Title", type: "string", isArray: false, value: "  spaces & <marks>\r\n" },
      ],
    });
    const path = await client.createInstance({ namespace, instance });
    expect(path.identity).toBe(bookPath(42).identity);
    expect((await client.getInstance({ namespace, path })).get("Title")).toBe("  spaces & <marks>\r\n");
    const changed = new CimInstance({
      className: "Test_Book",
      properties: [{ name: "Pages", type: "uint16", isArray: false, value: 5 }],
    });
    await client.modifyInstance({ namespace, path, instance: changed, propertyList: ["Pages"] });
    expect(books.get(42)).toEqual({ Title: "  spaces & <marks>\r\n", Pages: 5 });
    await client.deleteInstance({ namespace, path });
    await expect(client.getInstance({ namespace, path })).rejects.toMatchObject({
      name: "PeerError",
      code: "NOT_FOUND",
    });
  });

  it("follows associations both ways, by instance and by name", async () => {
    const { client } = await serve();
    const shelf = shelfPath(SHELF.Name as string);
    const books = await all(client.associators({ namespace, path: shelf, assocClass: "Test_OnShelf", role: "Holder" }));
    expect(books.map((book) => book.get("Number"))).toEqual([1, 2, 3]);
    expect((await all(client.associatorNames({ namespace, path: bookPath(1) }))).map(String)).toEqual([
      `//web1/root/cimv2:Test_Shelf.Name=${JSON.stringify(SHELF.Name)}`,
    ]);
    const [link] = await all(client.references({ namespace, path: bookPath(1) }));
    expect(String(link?.get("Held"))).toContain("Test_Book.Number=1");
    expect(await all(client.referenceNames({ namespace, path: shelf, resultClass: "Test_OnShelf" }))).toHaveLength(3);
  });

  it("queries, and reads classes and qualifiers", async () => {
    const { client } = await serve();
    const query = "SELECT * FROM Test_Book WHERE Pages > 150";
    const found = await all(client.execQuery({ namespace, language: "WQL", query }));
    expect(found.map((book) => book.get("Pages"))).toEqual([200, 300]);
    const shelf = await client.getClass({ namespace, className: "test_shelf" });
    expect(shelf.superclassName).toBe("Test_Furniture");
    expect(shelf.properties.find(({ name }) => name === "Status")).toMatchObject({ type: "uint16", isArray: true });
    expect(shelf.methods[0]?.parameters.map(({ name, type }) => `${name} ${type}`)).toEqual([
      ...["Times uint32", "Tools string", "Removed uint64", "Found reference"],
    ]);
    expect(await client.enumerateClassNames({ namespace })).toContain("Test_Book");
    expect((await client.enumerateClasses({ namespace, deep: true })).length).toBe(4);
    expect((await client.getQualifier({ namespace, name: "key" })).name).toBe("Key");
    expect((await client.enumerateQualifiers({ namespace })).length).toBeGreaterThan(10);
  });

  it("calls a method with typed parameters and gets typed ones back", async () => {
    const { client, dusted } = await serve();
    const result = await client.invokeMethod({
      ...{ namespace, path: shelfPath("empty"), method: "Dust" },
      parameters: [
        { name: "Times", type: "uint32", value: 3 },
        { name: "Tools", type: "string", value: ["a", null, "b"] },
      ],
    });
    expect(dusted).toEqual([{ path: '/root/cimv2:Test_Shelf.Name="empty"', Times: 3, Tools: ["a", null, "b"] }]);
    expect(result.returnValue).toBe(0);
    expect(result.output.Removed).toBe(123n);
    expect(String(result.output.Found)).toContain("Test_Book.Number=2");
  });

  it.each([
    ["INVALID_CLASS", { className: "Nope" }, namespace],
    ["INVALID_NAMESPACE", { className: "Test_Book" }, "root/nope"],
  ])("tells %s", async (code, call, place) => {
    const { client } = await serve();
    await expect(all(client.enumerateInstances({ ...call, namespace: place }))).rejects.toMatchObject({ code });
  });
});

describe("against servers of others", () => {
  const NAME = '<INSTANCENAME CLASSNAME="X"><KEYBINDING NAME="K"><KEYVALUE>1</KEYVALUE></KEYBINDING></INSTANCENAME>';

  it.each([
    ["7 (not supported)", failure("OpenEnumerateInstancePaths", 7)],
    ["1, as sfcb 1.3 does", failure("OpenEnumerateInstancePaths", 1, "invalid imethodcall XML")],
    ["HTTP 501", 501],
  ])("falls back to a plain enumeration where Open… answers with %s, and asks only once", async (_, answer) => {
    const { port, asked } = await scripted([
      ["OpenEnumerate", answer],
      [
        "EnumerateInstanceNames",
        `<IMETHODRESPONSE NAME="EnumerateInstanceNames"><IRETURNVALUE>${NAME}</IRETURNVALUE></IMETHODRESPONSE>`,
      ],
    ]);
    const client = clientFor(port);
    for (let time = 0; time < 2; time++)
      expect((await all(client.enumerateInstanceNames({ namespace, className: "X" }))).map(String)).toEqual([
        '/root/cimv2:X.K="1"',
      ]);
    expect(asked).toEqual(["OpenEnumerateInstancePaths", "EnumerateInstanceNames", "EnumerateInstanceNames"]);
  });

  it("takes the namespace of subscriptions from the first name that the server knows", async () => {
    const { port, asked } = await scripted([
      [
        'NAME="PG_InterOp"',
        '<IMETHODRESPONSE NAME="x"><IRETURNVALUE><INSTANCENAME CLASSNAME="CIM_ObjectManager"/></IRETURNVALUE><PARAMVALUE NAME="EndOfSequence" PARAMTYPE="boolean"><VALUE>TRUE</VALUE></PARAMVALUE></IMETHODRESPONSE>',
      ],
      ["OpenEnumerate", failure("x", 3)],
    ]);
    expect(await clientFor(port).findInterop()).toBe("root/PG_InterOp");
    expect(asked).toHaveLength(3);
  });

  it("gives up an enumeration that never ends", async () => {
    const many = `<IRETURNVALUE>${NAME.repeat(500)}</IRETURNVALUE>`;
    const endless = `${many}<PARAMVALUE NAME="EndOfSequence"><VALUE>false</VALUE></PARAMVALUE><PARAMVALUE NAME="EnumerationContext"><VALUE>c</VALUE></PARAMVALUE>`;
    const { port, asked } = await scripted([
      ["CloseEnumeration", '<IMETHODRESPONSE NAME="CloseEnumeration"/>'],
      ["NAME", `<IMETHODRESPONSE NAME="x">${endless}</IMETHODRESPONSE>`],
    ]);
    await expect(all(clientFor(port).enumerateInstanceNames({ namespace, className: "X" }))).rejects.toThrow("no end");
    expect(asked.at(-1)).toBe("CloseEnumeration");
  });

  it.each([
    [
      "an ERROR as OpenPegasus words it",
      failure("x", 6, "CIM_ERR_NOT_FOUND: The requested object could not be found"),
      "The requested object could not be found",
    ],
    ["something else's answer", '<METHODRESPONSE NAME="x"/>', "MESSAGE: no answer to GetInstance in it"],
    ["a refusal", 401, "the server wants an account, or does not take this one (401)"],
    [
      "a class instead of an instance",
      '<IMETHODRESPONSE NAME="x"><IRETURNVALUE><CLASS NAME="X"/></IRETURNVALUE></IMETHODRESPONSE>',
      "class instead of an instance",
    ],
    [
      "a value of another type",
      '<IMETHODRESPONSE NAME="x"><IRETURNVALUE><INSTANCE CLASSNAME="X"><PROPERTY NAME="P" TYPE="uint8"><VALUE>256</VALUE></PROPERTY></INSTANCE></IRETURNVALUE></IMETHODRESPONSE>',
      "256 does not fit into uint8",
    ],
  ])("tells %s", async (_, answer, message) => {
    const { port } = await scripted([["GetInstance", answer]]);
    await expect(clientFor(port).getInstance({ namespace, path: bookPath(1) })).rejects.toThrow(message);
  });
});

it("breaks off with the status in the trailers when a long answer fails in its middle", async () => {
  const served: ServedModel = await serveModel({ model: createTestModel(systemClock, { bookCount: 1 }) });
  ends.push(() => served.stop());
  served.books[Symbol.iterator] = function* () {
    for (let number = 1; number <= 3_000; number++) yield [number, { Title: "x".repeat(200), Pages: 1 }];
    throw new Error("the disk is gone");
  } as (typeof served.books)[typeof Symbol.iterator];
  const client = clientFor(served.port);
  const query = client.execQuery({ namespace, language: "WQL", query: "SELECT * FROM Test_Book" });
  await expect(all(query)).rejects.toMatchObject({ name: "PeerError", code: "FAILED" });
});
