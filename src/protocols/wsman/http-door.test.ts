import { execFile } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LISTENER_LIMITS } from "../../net/limits.ts";
import { parseXml } from "../../wire/xml-reader.ts";
import { basicAuthorization } from "../account-gate.ts";
import { headerOf, readEnvelope } from "./envelope.ts";
import { readFault } from "./fault.ts";
import { fixtureBytes, fixtureInUtf16 } from "./fixture-messages.ts";
import { REQUEST_BYTES_MAX } from "./http-body.ts";
import { ACCOUNT, createTestObjects, type LoopbackServer, startLoopbackServer } from "./loopback-fixture.ts";
import { NS } from "./names.ts";

// Others' clients, and those who mean no good, at the door: requests as bytes.

let server: LoopbackServer;
beforeAll(async () => {
  server = await startLoopbackServer();
});
afterAll(() => server.stop());

const SOAP = { "content-type": "application/soap+xml;charset=UTF-8" };
const KNOWN = { ...SOAP, authorization: basicAuthorization(ACCOUNT) };

interface Reply {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

function post(
  body: string | Buffer,
  headers: Record<string, string | string[]> = KNOWN,
  options: object = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: "127.0.0.1",
      port: server.port,
      method: "POST",
      path: "/wsman",
      headers,
      ...options,
    });
    outgoing.on("error", reject);
    outgoing.on("response", async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
    });
    outgoing.end(body);
  });
}

function faultIn({ body }: Reply): string {
  const fault = readFault(readEnvelope(parseXml(body)).body);
  return `${fault?.code} ${fault?.detail}`.trim();
}

const get = fixtureBytes("get-request").toString();
const served = async () => expect((await post(get)).status).toBe(200);

describe("a request", () => {
  it("as the standard's example is answered, with the id of what was asked", async () => {
    const reply = await post(get);
    expect(reply.status).toBe(200);
    expect(reply.headers["content-type"]).toBe("application/soap+xml;charset=UTF-8");
    const envelope = readEnvelope(parseXml(reply.body));
    expect(headerOf(envelope, "RelatesTo")?.text).toBe("urn:uuid:0AF9D11B-0E5B-4F0C-9C0F-0A2E6D1B7C01");
    expect(headerOf(envelope, "Action")?.text).toBe("http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse");
    expect(envelope.body[0]?.childText("Name")).toBe("plain");
  });

  it("in UTF-16 is answered in UTF-16", async () => {
    const reply = await post(fixtureInUtf16("get-request"), {
      ...KNOWN,
      "content-type": 'application/soap+xml; charset="utf-16"',
    });
    expect(reply.headers["content-type"]).toBe("application/soap+xml;charset=UTF-16");
    expect(reply.body.subarray(0, 2)).toEqual(Buffer.from([0xff, 0xfe]));
    expect(readEnvelope(parseXml(reply.body)).body[0]?.childText("Name")).toBe("plain");
  });

  it("for an enumeration with everything asked for has instances, references and the estimate", async () => {
    const envelope = readEnvelope(parseXml((await post(fixtureBytes("enumerate-request"))).body));
    const items = envelope.body[0]?.child("Items", NS.wsman)?.childrenNamed("Item") ?? [];
    expect(items).toHaveLength(3);
    expect(items[0]?.children.map(({ name }) => name)).toEqual(["Test_Many", "EndpointReference"]);
    expect(headerOf(envelope, "TotalItemsCountEstimate")?.attribute("nil")).toBe("true");
    expect(envelope.body[0]?.childText("Expires")).toBe("PT600.000S");
  });

  it("without credentials is asked for them on a connection that stays open", async () => {
    const socket = connect(server.port, "127.0.0.1");
    await once(socket, "connect");
    let text = "";
    socket.on("data", (data) => {
      text += data;
    });
    const until = async (pattern: RegExp) => {
      while (!pattern.test(text)) await once(socket, "data");
    };
    const head = `POST /wsman HTTP/1.1\r\nHost: 127.0.0.1::16736\r\nContent-Type: application/soap+xml\r\nContent-Length: ${Buffer.byteLength(get)}\r\n`;
    socket.write(`${head}\r\n${get}`);
    await until(/401[\s\S]*\r\n\r\n/);
    expect(text).toMatch(/content-length: 0/i);
    expect(text).toMatch(/www-authenticate: Basic realm="WS-Management"/i);
    socket.write(`${head}Authorization: ${KNOWN.authorization}\r\n\r\n${get}`);
    await until(/200 OK[\s\S]*<\/s:Envelope>/);
    socket.destroy();
  });

  it("for Identify is answered without credentials, on both paths, and nothing else is", async () => {
    const identify = fixtureBytes("identify-request");
    for (const path of ["/wsman", "/wsman-anon/identify", "/wsman/"]) {
      const reply = await post(identify, SOAP, { path });
      expect([path, reply.status]).toEqual([path, 200]);
      expect(reply.body.toString()).not.toContain("ProductVersion");
    }
    expect((await post(get, SOAP, { path: "/wsman-anon/identify" })).status).toBe(400);
    expect((await post(identify, { ...SOAP, authorization: "Basic d3Jvbmc6d3Jvbmc=" })).status).toBe(200);
  });

  it.each([
    ["GET", { method: "GET" }, {}, 405],
    ["another path", { path: "/cimom" }, {}, 404],
    ["no type of content", {}, { "content-type": "" }, 415],
    ["plain text", {}, { "content-type": "text/plain" }, 415],
    ["SOAP 1.1's type", {}, { "content-type": "text/xml;charset=UTF-8" }, 415],
    ["an encoding that nobody asked for", {}, { "content-type": "application/soap+xml;charset=Shift_JIS" }, 415],
    ["compression", {}, { "content-encoding": "gzip" }, 415],
  ] as const)("with %s is refused", async (_, options, headers, status) => {
    expect((await post(get, { ...KNOWN, ...headers }, options)).status).toBe(status);
  });
});

describe("headers", () => {
  const header = (xml: string) => get.replace("</s:Header>", `${xml}</s:Header>`);
  it.each([
    ["given twice", header("<wsa:MessageID>uuid:2</wsa:MessageID>"), "Sender:InvalidMessageInformationHeader"],
    ["without an action", get.replace(/<wsa:Action.*<\/wsa:Action>/, ""), "Sender:MessageInformationHeaderRequired"],
    ["without a destination", get.replace(/<wsa:To>.*<\/wsa:To>/, ""), "Sender:MessageInformationHeaderRequired"],
    [
      "with an empty id",
      get.replace(/<wsa:MessageID>.*<\/wsa:MessageID>/, "<wsa:MessageID/>"),
      "Sender:MessageInformationHeaderRequired",
    ],
    [
      "with an id without end",
      get.replace("0A2E6D1B7C01", "0".repeat(5_000)),
      "Sender:InvalidMessageInformationHeader",
    ],
    [
      "that must be understood and are not",
      header('<x:Strange xmlns:x="urn:x" s:mustUnderstand="1"/>'),
      "MustUnderstand",
    ],
    ["of another role", header('<x:Strange xmlns:x="urn:x" s:mustUnderstand="1" s:role="urn:other"/>'), "none"],
    ["that are strange, and may be", header('<x:Strange xmlns:x="urn:x" s:mustUnderstand="false"/>'), "none"],
    [
      "that send the answer elsewhere",
      get.replace("/role/anonymous<", "/elsewhere<"),
      "Sender:UnsupportedFeature AddressingMode",
    ],
    [
      "that ask for a part",
      header("<wsman:FragmentTransfer>Name</wsman:FragmentTransfer>"),
      "Sender:UnsupportedFeature FragmentLevelAccess",
    ],
    ["with no time", get.replace("PT30S", "PT0S"), "Sender:InvalidMessageInformationHeader InvalidTimeout"],
    ["with a time that is none", get.replace("PT30S", "soon"), "Sender:InvalidMessageInformationHeader InvalidTimeout"],
    ["with a small envelope", get.replace("51200", "8191"), "Sender:EncodingLimit MinimumEnvelopeLimit"],
    [
      "with a language that must be",
      get.replace('en-US" s:mustUnderstand="false"', 'fr" s:mustUnderstand="true"'),
      "Sender:UnsupportedFeature Locale",
    ],
    [
      "with an option that must be followed",
      header('<wsman:OptionSet><wsman:Option Name="x" MustComply="true"/></wsman:OptionSet>'),
      "Sender:InvalidOptions NotSupported",
    ],
    [
      "with too many selectors",
      get.replace(
        "</wsman:SelectorSet>",
        `${Array.from({ length: 100 }, (_, n) => `<wsman:Selector Name="k${n}">v</wsman:Selector>`).join("")}</wsman:SelectorSet>`,
      ),
      "Sender:EncodingLimit SelectorLimit",
    ],
    ["without end", header("<wsman:X/>".repeat(100)), "Sender:EncodingLimit"],
    [
      "for a resource without a name",
      get.replace(/<wsman:ResourceURI.*<\/wsman:ResourceURI>/, ""),
      "Sender:DestinationUnreachable InvalidResourceURI",
    ],
    [
      "for a resource with a very long name",
      get.replace("Test_Element<", `Test_${"x".repeat(5_000)}<`),
      "Sender:DestinationUnreachable InvalidResourceURI",
    ],
    [
      "for a filter in an unknown dialect",
      fixtureBytes("enumerate-request")
        .toString()
        .replace(
          "<wsman:OptimizeEnumeration/>",
          '<wsman:Filter Dialect="http://www.w3.org/TR/1999/REC-xpath-19991116">/a</wsman:Filter>',
        ),
      "Sender:FilterDialectRequestedUnavailable",
    ],
    [
      "for a mode that is none",
      fixtureBytes("enumerate-request").toString().replace("EnumerateObjectAndEPR", "EnumerateDreams"),
      "Sender:UnsupportedFeature EnumerationMode",
    ],
  ])("%s: %#", async (_, message, code) => {
    const reply = await post(message);
    expect(reply.status === 200 ? "none" : faultIn(reply)).toBe(code);
  });

  it("that were not understood are named", async () => {
    const reply = await post(header('<x:Strange xmlns:x="urn:x" s:mustUnderstand="1"/>'));
    const named = headerOf(readEnvelope(parseXml(reply.body)), "NotUnderstood");
    expect(named?.qualifiedName(named.attribute("qname") ?? "")).toEqual({ namespace: "urn:x", name: "Strange" });
  });
});

describe("bad input", () => {
  const bomb = `<!DOCTYPE b [<!ENTITY a "${"x".repeat(1_000)}">${Array.from({ length: 9 }, (_, n) => `<!ENTITY a${n} "${`&a${n === 0 ? "" : n - 1};`.repeat(10)}">`).join("")}]>${get}`;
  it.each([
    ["a bomb", bomb, "Sender:SchemaValidationError"],
    [
      "an external entity",
      `<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]>${get.replace("plain", "&a;")}`,
      "Sender:SchemaValidationError",
    ],
    ["depth", "<a>".repeat(100_000), "Sender:EncodingLimit ServiceEnvelopeLimit"],
    ["many elements", `<a>${"<b/>".repeat(100_000)}</a>`, "Sender:EncodingLimit ServiceEnvelopeLimit"],
    ["half a message", get.slice(0, 700), "Sender:SchemaValidationError"],
    ["nothing", "", "Sender:SchemaValidationError"],
    ["no XML", "\u0000\u0001", "Sender:SchemaValidationError"],
    ["bytes that are no UTF-8", Buffer.from([0x3c, 0x61, 0xff, 0xfe, 0x3e]), "Sender:EncodingLimit CharacterSet"],
    [
      "UTF-16 that says UTF-8",
      Buffer.from(`\ufeff<?xml version="1.0" encoding="utf-8"?>${get}`, "utf16le"),
      "Sender:EncodingLimit CharacterSet",
    ],
    ["another root", "<Envelopes/>", "Sender:SchemaValidationError"],
    ["SOAP 1.1", get.replaceAll(NS.s, "http://schemas.xmlsoap.org/soap/envelope/"), "VersionMismatch"],
  ])("%s is a fault, and others are served", async (_, message, code) => {
    expect(faultIn(await post(message))).toBe(code);
    await served();
  });

  it("of 100 MB, declared or in chunks, is given up at the limit", async () => {
    const head = `POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml\r\nAuthorization: ${KNOWN.authorization}\r\n`;
    for (const framing of [`Content-Length: ${100 * 1024 * 1024}\r\n`, "Transfer-Encoding: chunked\r\n"]) {
      const socket = connect(server.port, "127.0.0.1");
      let answer = "";
      let written = 0;
      socket.on("data", (data) => {
        answer += data;
      });
      socket.on("error", () => {}); // The server hangs up in the middle.
      const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
      socket.write(`${head}${framing}\r\n`);
      const piece = Buffer.from(`<a>${" ".repeat(65_533)}`);
      const chunk = framing.startsWith("T")
        ? Buffer.concat([Buffer.from("10000\r\n"), piece, Buffer.from("\r\n")])
        : piece;
      while (!socket.destroyed && written < 100 * 1024 * 1024) {
        written += chunk.length;
        if (!socket.write(chunk)) await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), closed]);
        if (answer !== "") break;
      }
      socket.destroy();
      await closed;
      expect(written).toBeLessThan(60 * REQUEST_BYTES_MAX);
      await served();
    }
  });

  it("from strangers is not read beyond what Identify takes", async () => {
    expect((await post("x".repeat(100_000), SOAP)).status).toBe(401);
    expect((await post("x".repeat(100_000), SOAP, { path: "/wsman-anon/identify" })).status).toBe(413);
    expect((await post(bomb, SOAP)).status).toBe(401);
    await served();
  });

  it("that never ends holds up nobody who has signed in", async () => {
    const crowded = await startLoopbackServer();
    // As many as one address may have open; they take every place that strangers have but a few.
    const slow = await Promise.all(
      Array.from({ length: LISTENER_LIMITS.anonymousPerAddressMax - 2 }, async () => {
        const socket = connect(crowded.port, "127.0.0.1");
        socket.on("error", () => {});
        await once(socket, "connect");
        socket.write(
          "POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml\r\nContent-Length: 500\r\n\r\n<a",
        );
        return socket;
      }),
    );
    const client = crowded.client();
    for (let n = 0; n < 5; n++) expect(await client.identify()).toMatchObject({ version: "1.2.3" });
    for (const socket of slow) socket.destroy();
    await crowded.stop();
  });

  it("one after another on one connection is answered in order", async () => {
    const socket = connect(server.port, "127.0.0.1");
    let text = "";
    socket.on("data", (data) => {
      text += data;
    });
    const message = (n: number) => {
      const body = get.replace("7C01", `000${n}`);
      return `POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml\r\nAuthorization: ${KNOWN.authorization}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    };
    socket.write([1, 2, 3].map(message).join(""));
    while ((text.match(/<\/s:Envelope>/g) ?? []).length < 3) await once(socket, "data");
    socket.destroy();
    expect([...text.matchAll(/RelatesTo>urn:uuid:[-0-9A-F]*000(\d)/g)].map(([, n]) => n)).toEqual(["1", "2", "3"]);
  });

  it("with a length given twice, or with two framings, is no request", async () => {
    for (const framing of [
      "Content-Length: 5\r\nContent-Length: 6\r\n",
      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    ]) {
      const socket = connect(server.port, "127.0.0.1");
      let text = "";
      socket.on("data", (data) => {
        text += data;
      });
      socket.on("error", () => {});
      const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
      socket.write(`POST /wsman HTTP/1.1\r\nHost: x\r\n${framing}\r\n<a/>  `);
      await closed;
      expect(text).toContain("400 Bad Request");
    }
  });
});

it("a client that has gone ends the operation that it asked for", async () => {
  const { objects, slowReads } = createTestObjects();
  const slow = await startLoopbackServer({ objects });
  try {
    const gone = new AbortController();
    const asked = slow
      .client()
      .get({ className: "Test_Slow", keys: [{ name: "Id", value: "1" }] }, { signal: gone.signal });
    asked.catch(() => {});
    while (slowReads() === 0) await new Promise((resolve) => setImmediate(resolve));
    gone.abort();
    await expect(asked).rejects.toThrow();
  } finally {
    await slow.stop();
  }
});

it("curl, which knows nothing of WS-Management, identifies us and signs in when it is asked to", async () => {
  const run = (...args: string[]) =>
    promisify(execFile)("curl", [
      "-sS",
      "-H",
      "Content-Type: application/soap+xml;charset=UTF-8",
      "--data-binary",
      ...args,
    ]);
  const fixture = (name: string) => `@${new URL(`../../../test/fixtures/wsman/${name}.xml`, import.meta.url).pathname}`;
  const url = `http://127.0.0.1:${server.port}/wsman`;
  const identity = await run(fixture("identify-request"), url);
  expect(identity.stdout).toContain("<wsmid:ProductVendor>Rusuban</wsmid:ProductVendor>");
  const options = [
    "--anyauth",
    "-u",
    `${ACCOUNT.name}:${ACCOUNT.password}`,
    "-w",
    "%{http_code} after %{num_connects} connection",
  ];
  const { stdout } = await run(fixture("get-request"), ...options, url);
  expect(stdout).toContain("Name>plain</");
  expect(stdout).toMatch(/200 after \d connection$/);
});
