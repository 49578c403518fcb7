import { once } from "node:events";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { gunzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { CimError } from "../../cim/cim-error.ts";
import { systemClock } from "../../runtime/clock.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { BATCH_OPERATIONS_MAX, ENUMERATIONS_PER_USER_MAX, REQUEST_BYTES_MAX, REQUESTS_PER_USER_MAX } from "./limits.ts";
import { createTestModel } from "./model-fixture.ts";
import { type ServedModel, serveModel } from "./server-fixture.ts";

let served: ServedModel | undefined;
afterEach(async () => {
  await served?.stop();
  served = undefined;
});
async function start(options: Parameters<typeof serveModel>[0] = {}): Promise<ServedModel> {
  served = await serveModel(options);
  return served;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

function post(
  { port }: ServedModel,
  body: string | Buffer,
  headers: Record<string, string | string[]>,
  method = "POST",
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: "127.0.0.1", port, method, path: "/cimom", headers }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      const whole = Buffer.concat(chunks);
      const { statusCode: status = 0, headers: answered } = response;
      resolve({ status, headers: answered, body: whole, text: whole.toString("utf8") });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

const NS = '<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="cimv2"/></LOCALNAMESPACEPATH>';
const value = (name: string, text: string | number | boolean) =>
  `<IPARAMVALUE NAME="${name}"><VALUE>${text}</VALUE></IPARAMVALUE>`;
const className = (name: string) => `<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="${name}"/></IPARAMVALUE>`;
const call = (name: string, parameters = "") =>
  `<SIMPLEREQ><IMETHODCALL NAME="${name}">${NS}${parameters}</IMETHODCALL></SIMPLEREQ>`;
const envelope = (inside: string, { id = "1", cim = "2.0", dtd = "2.0", protocol = "1.0" } = {}) =>
  `<?xml version="1.0" encoding="utf-8"?><CIM CIMVERSION="${cim}" DTDVERSION="${dtd}"><MESSAGE ID="${id}" PROTOCOLVERSION="${protocol}">${inside}</MESSAGE></CIM>`;
const headersOf = (method: string, more: Record<string, string | string[]> = {}) => ({
  "content-type": 'application/xml; charset="utf-8"',
  ...{ cimoperation: "MethodCall", cimmethod: method, cimobject: "root/cimv2", ...more },
});
const ask = (server: ServedModel, name: string, parameters = "", more: Record<string, string> = {}) =>
  post(server, envelope(call(name, parameters)), headersOf(name, more));
const errorCode = (text: string) => Number(/<ERROR CODE="(\d+)"/.exec(text)?.[1] ?? 0);

describe("headers", () => {
  const BODY = envelope(call("EnumerateClassNames"));
  const right = headersOf("EnumerateClassNames");
  const without = (name: string) => Object.fromEntries(Object.entries(right).filter(([each]) => each !== name));

  it("answers with those of the standard", async () => {
    const { status, headers } = await post(await start(), BODY, right);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      cimoperation: "MethodResponse",
      "content-type": 'application/xml; charset="utf-8"',
    });
    expect(Number(headers["content-length"])).toBeGreaterThan(0);
  });

  it.each([
    ["text/xml is right, too", { ...right, "content-type": "text/xml" }],
    ["a name that is escaped", { ...right, cimobject: "root%2Fcimv2" }],
    ["a name in another case with slashes around it", { ...right, cimobject: "/ROOT/CIMV2/" }],
    ["a newer minor version", { ...right, cimprotocolversion: "1.4" }],
  ])("%s", async (_, headers) => expect((await post(await start(), BODY, headers)).status).toBe(200));

  it.each([
    ["no CIMOperation", without("cimoperation"), 400, "unsupported-operation"],
    ["another CIMOperation", { ...right, cimoperation: "MethodRequest" }, 400, "unsupported-operation"],
    ["no CIMMethod", without("cimmethod"), 400, "header-mismatch"],
    ["an empty CIMMethod", { ...right, cimmethod: "" }, 400, "header-mismatch"],
    ["another CIMMethod than the body's", { ...right, cimmethod: "GetClass" }, 400, "header-mismatch"],
    ["no CIMObject", without("cimobject"), 400, "header-mismatch"],
    ["another CIMObject than the body's", { ...right, cimobject: "root/interop" }, 400, "header-mismatch"],
    ["a CIMObject that is no UTF-8", { ...right, cimobject: "root%ff" }, 400, "header-mismatch"],
    ["CIMBatch beside the headers of one", { ...right, cimbatch: "" }, 400, "header-mismatch"],
    [
      "a doubled CIMMethod",
      { ...right, cimmethod: ["EnumerateClassNames", "EnumerateClassNames"] },
      400,
      "header-mismatch",
    ],
    ["another protocol version", { ...right, cimprotocolversion: "2.0" }, 501, "unsupported-protocol-version"],
    ["no Content-Type", without("content-type"), 415, "header-mismatch"],
    ["another Content-Type", { ...right, "content-type": "text/plain" }, 415, "header-mismatch"],
    [
      "a charset that is not the body's",
      { ...right, "content-type": "application/xml; charset=utf-16" },
      400,
      "header-mismatch",
    ],
    [
      "a charset that nobody takes",
      { ...right, "content-type": "application/xml; charset=iso-8859-1" },
      400,
      "header-mismatch",
    ],
    ["a compressed request", { ...right, "content-encoding": "gzip" }, 415, undefined],
    ["an Accept without XML", { ...right, accept: "application/json" }, 406, undefined],
  ])("refuses %s", async (_, headers, status, cimError) => {
    const answer = await post(await start(), BODY, headers);
    expect([answer.status, answer.headers.cimerror]).toEqual([status, cimError]);
    expect(Number(answer.headers["content-length"])).toBe(answer.body.length);
  });

  it("refuses other methods than POST, and M-POST", async () => {
    const server = await start();
    const get = await post(server, "", {}, "GET");
    expect([get.status, get.headers.allow]).toEqual([405, "POST"]);
  });

  it.each([
    ["another CIM version", envelope(call("EnumerateClassNames"), { cim: "3.0" }), 501, "unsupported-cim-version"],
    ["another DTD version", envelope(call("EnumerateClassNames"), { dtd: "1.0" }), 501, "unsupported-dtd-version"],
    [
      "another protocol version",
      envelope(call("EnumerateClassNames"), { protocol: "2.0" }),
      501,
      "unsupported-protocol-version",
    ],
    ["another root", "<SOAP/>", 400, "request-not-valid"],
    ["no message", '<CIM CIMVERSION="2.0" DTDVERSION="2.0"/>', 400, "request-not-valid"],
    [
      "a response",
      envelope('<SIMPLERSP><IMETHODRESPONSE NAME="EnumerateClassNames"/></SIMPLERSP>'),
      400,
      "request-not-valid",
    ],
    ["an element that is not known", envelope(call("EnumerateClassNames", "<NOPE/>")), 400, "request-not-valid"],
    ["nothing", "", 400, "request-not-well-formed"],
    ["half a document", BODY.slice(0, 200), 400, "request-not-well-formed"],
    [
      "bytes that are no UTF-8",
      Buffer.concat([Buffer.from(BODY.slice(0, 60)), Buffer.from([0xff, 0xfe])]),
      400,
      "request-not-well-formed",
    ],
    ["an entity of its own", `<!DOCTYPE CIM [<!ENTITY a "b">]>${BODY.slice(38)}`, 400, "request-not-well-formed"],
    [
      "a file by an entity",
      `<!DOCTYPE CIM [<!ENTITY a SYSTEM "file:///etc/passwd">]>${BODY.slice(38)}`,
      400,
      "request-not-well-formed",
    ],
  ])("refuses a body with %s", async (_, body, status, cimError) => {
    const answer = await post(await start(), body, right);
    expect([answer.status, answer.headers.cimerror]).toEqual([status, cimError]);
  });
});

describe("operations", () => {
  it.each([
    ["an unknown operation", "CreateClass", "", 7],
    ["an unknown class", "EnumerateInstances", className("Nope"), 5],
    ["a class that GetClass does not find", "GetClass", className("Nope"), 6],
    ["a parameter that is missing", "EnumerateInstances", "", 4],
    ["a parameter that is unknown", "EnumerateInstances", `${className("Test_Book")}${value("Nope", 1)}`, 4],
    ["a parameter given twice", "EnumerateInstances", `${className("Test_Book")}${className("Test_Book")}`, 4],
    [
      "a boolean that is none",
      "EnumerateInstances",
      `${className("Test_Book")}${value("DeepInheritance", "perhaps")}`,
      4,
    ],
    [
      "a query language that is not spoken",
      "ExecQuery",
      `${value("QueryLanguage", "XPath")}${value("Query", "//x")}`,
      14,
    ],
    ["a query that is none", "ExecQuery", `${value("QueryLanguage", "WQL")}${value("Query", "SELECT")}`, 15],
    ["a qualifier that is not there", "GetQualifier", value("QualifierName", "Nope"), 6],
    [
      "a context that nobody opened",
      "PullInstancesWithPath",
      `${value("EnumerationContext", "x")}${value("MaxObjectCount", 1)}`,
      21,
    ],
    ["no end of time", "OpenEnumerateInstances", `${className("Test_Book")}${value("OperationTimeout", 0)}`, 22],
    [
      "going on after errors",
      "OpenEnumerateInstances",
      `${className("Test_Book")}${value("ContinueOnError", true)}`,
      26,
    ],
    [
      "a filter of an enumeration",
      "OpenEnumerateInstances",
      `${className("Test_Book")}${value("FilterQueryLanguage", "DMTF:FQL")}${value("FilterQuery", "x")}`,
      25,
    ],
  ])("%s is an error of the operation", async (_, name, parameters, code) => {
    const { status, text } = await ask(await start(), name, parameters);
    expect([status, errorCode(text)]).toEqual([200, code]);
  });

  it("an unknown namespace is an error of the operation", async () => {
    const body = envelope(call("EnumerateClassNames").replace("cimv2", "nope"));
    const { text } = await post(await start(), body, headersOf("EnumerateClassNames", { cimobject: "root/nope" }));
    expect(errorCode(text)).toBe(3);
  });

  it("who may only read is refused what changes anything", async () => {
    const server = await start({ identify: async () => ({ known: true, user: "guest", mayChange: false }) });
    const name =
      '<IPARAMVALUE NAME="InstanceName"><INSTANCENAME CLASSNAME="Test_Book"><KEYVALUE VALUETYPE="numeric">1</KEYVALUE></INSTANCENAME></IPARAMVALUE>';
    expect(errorCode((await ask(server, "DeleteInstance", name)).text)).toBe(2);
    expect((await ask(server, "GetInstance", name)).text).toContain("book 1");
    const method = `<SIMPLEREQ><METHODCALL NAME="Dust"><LOCALCLASSPATH>${NS}<CLASSNAME NAME="Test_Shelf"/></LOCALCLASSPATH></METHODCALL></SIMPLEREQ>`;
    const answer = await post(server, envelope(method), headersOf("Dust", { cimobject: "root/cimv2:Test_Shelf" }));
    expect(errorCode(answer.text)).toBe(2);
  });

  it("several in one message are answered each, in order", async () => {
    const server = await start();
    const batch = (calls: string) => envelope(`<MULTIREQ>${calls}</MULTIREQ>`);
    const { cimmethod: _, cimobject: __, ...rest } = headersOf("");
    const headers = { ...rest, cimbatch: "" };
    const body = batch(
      call("GetClass", className("Test_Book")) +
        call("GetClass", className("Nope")) +
        call("EnumerateInstanceNames", className("Test_Book")),
    );
    const { status, text } = await post(server, body, headers);
    expect(status).toBe(200);
    expect(
      [...text.matchAll(/<IMETHODRESPONSE NAME="(\w+)"><(\w+)/g)].map(([, name, inside]) => `${name} ${inside}`),
    ).toEqual([...["GetClass IRETURNVALUE", "GetClass ERROR", "EnumerateInstanceNames IRETURNVALUE"]]);
    expect((await post(server, body, headersOf("GetClass"))).headers.cimerror).toBe("header-mismatch");
    expect((await post(server, envelope(call("GetClass")), headers)).headers.cimerror).toBe("header-mismatch");
    const many = await post(server, batch(call("EnumerateClassNames").repeat(BATCH_OPERATIONS_MAX + 1)), headers);
    expect([many.status, many.headers.cimerror]).toEqual([501, "multiple-requests-unsupported"]);
  });

  it("a long answer goes out in pieces, compressed where asked", async () => {
    const server = await start({ model: createTestModel(systemClock, { bookCount: 5_000 }) });
    const plain = await ask(server, "EnumerateInstances", className("Test_Book"));
    expect(plain.headers["transfer-encoding"]).toBe("chunked");
    expect(plain.text.match(/<VALUE.NAMEDINSTANCE>/g)).toHaveLength(5_000);
    const zipped = await ask(server, "EnumerateInstances", className("Test_Book"), {
      "accept-encoding": "deflate, gzip;q=0.5",
    });
    expect(zipped.headers["content-encoding"]).toBe("gzip");
    expect(zipped.body.length).toBeLessThan(plain.body.length / 5);
    expect(gunzipSync(zipped.body).toString("utf8")).toBe(plain.text);
    const refused = await ask(server, "EnumerateInstances", className("Test_Book"), { "accept-encoding": "gzip;q=0" });
    expect(refused.headers["content-encoding"]).toBeUndefined();
  });

  it("something of ours that breaks is FAILED, without what it was", async () => {
    const model = createTestModel(systemClock);
    const manager = {
      ...model.manager,
      enumerateQualifiers: () => {
        throw new Error("secret of the house");
      },
    };
    const { text } = await ask(await start({ model: { ...model, manager } }), "EnumerateQualifiers");
    expect(errorCode(text)).toBe(1);
    expect(text).not.toContain("secret");
  });
});

describe("pulled enumerations", () => {
  const contextOf = (text: string) => /NAME="EnumerationContext"[^>]*><VALUE>([^<]*)/.exec(text)?.[1] ?? "";
  const open = (server: ServedModel, more = "", headers = {}) =>
    ask(server, "OpenEnumerateInstancePaths", `${className("Test_Book")}${value("MaxObjectCount", 1)}${more}`, headers);
  const pull = (server: ServedModel, context: string, count = 10, name = "PullInstancePaths", headers = {}) =>
    ask(server, name, `${value("EnumerationContext", context)}${value("MaxObjectCount", count)}`, headers);
  const byUser = () =>
    start({
      identify: async ({ headers }) => ({ known: true, user: String(headers["x-user"] ?? "ops"), mayChange: false }),
    });

  it("give what is left, and end", async () => {
    const server = await start();
    const first = (await open(server)).text;
    expect(first.match(/<INSTANCEPATH>/g)).toHaveLength(1);
    const second = (await pull(server, contextOf(first))).text;
    expect(second.match(/<INSTANCEPATH>/g)).toHaveLength(2);
    expect(second).toMatch(/NAME="EndOfSequence"[^>]*><VALUE>true/i);
    expect(errorCode((await pull(server, contextOf(first))).text)).toBe(21);
  });

  it("belong to who opened them", async () => {
    const server = await byUser();
    const context = contextOf((await open(server, "", { "x-user": "jo" })).text);
    expect(errorCode((await pull(server, context, 1, "PullInstancePaths", { "x-user": "mallory" })).text)).toBe(21);
    expect(
      errorCode(
        (await ask(server, "CloseEnumeration", value("EnumerationContext", context), { "x-user": "mallory" })).text,
      ),
    ).toBe(21);
    expect(errorCode((await pull(server, context, 1, "PullInstancePaths", { "x-user": "jo" })).text)).toBe(0);
  });

  it("are of one kind, and may be closed", async () => {
    const server = await start();
    const context = contextOf((await open(server)).text);
    expect(errorCode((await pull(server, context, 1, "PullInstancesWithPath")).text)).toBe(21);
    expect(errorCode((await ask(server, "CloseEnumeration", value("EnumerationContext", context))).text)).toBe(0);
    expect(errorCode((await pull(server, context)).text)).toBe(21);
  });

  it("end by themselves when nobody pulls", async () => {
    const clock = new FakeClock();
    const server = await start({ clock });
    const context = contextOf((await open(server, value("OperationTimeout", 10))).text);
    await clock.advance(9_000);
    expect(errorCode((await pull(server, context, 1)).text)).toBe(0);
    await clock.advance(10_000);
    expect(errorCode((await pull(server, context, 1)).text)).toBe(21);
  });

  it("are bounded for each user, and others still have theirs", async () => {
    const server = await byUser();
    for (let n = 0; n < ENUMERATIONS_PER_USER_MAX; n++) expect(errorCode((await open(server)).text)).toBe(0);
    expect(errorCode((await open(server)).text)).toBe(27);
    expect(errorCode((await open(server, "", { "x-user": "jo" })).text)).toBe(0);
  });
});

describe("who means no good", () => {
  it("a hundred megabytes are refused by their announcement, and without one at the bound", async () => {
    const server = await start();
    const head =
      "POST /cimom HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\nCIMOperation: MethodCall\r\nCIMMethod: GetClass\r\nCIMObject: root/cimv2\r\n";
    const announced = connect(server.port, "127.0.0.1");
    announced.write(`${head}Content-Length: 104857600\r\n\r\n<CIM>`);
    const [first] = (await once(announced, "data")) as [Buffer];
    expect(first.toString()).toContain("413");
    announced.destroy();

    const endless = connect(server.port, "127.0.0.1");
    endless.on("error", () => {}); // It is hung up on while it still writes.
    endless.write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
    const answer = once(endless, "data");
    const piece = `10000\r\n${"<a></a>".repeat(9_362).padEnd(65_536)}\r\n`;
    for (let sent = 0; sent < REQUEST_BYTES_MAX + 131_072; sent += 65_536) endless.write(piece);
    expect(((await answer) as [Buffer])[0].toString()).toMatch(/ 4(?:13|00) /);
    endless.destroy();
    expect((await ask(server, "EnumerateClassNames")).status).toBe(200);
  });

  it("depth and numbers of elements are bounded", async () => {
    const server = await start();
    const deep = envelope("<VALUE>".repeat(10_000));
    expect((await post(server, deep, headersOf("GetClass"))).headers.cimerror).toBe("request-not-well-formed");
    const wide = envelope(call("GetClass", "<A/>".repeat(100_000)));
    expect((await post(server, wide, headersOf("GetClass"))).headers.cimerror).toBe("request-not-well-formed");
  });

  it("requests one behind the other on one connection are each answered", async () => {
    const server = await start();
    const body = envelope(call("EnumerateClassNames"));
    const one = `POST /cimom HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nCIMOperation: MethodCall\r\nCIMMethod: EnumerateClassNames\r\nCIMObject: root/cimv2\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const socket = connect(server.port, "127.0.0.1");
    socket.write(one.repeat(3));
    let text = "";
    for await (const chunk of socket) {
      text += chunk;
      if (text.match(/<\/CIM>/g)?.length === 3) break;
    }
    expect(text.match(/200 OK/g)).toHaveLength(3);
  });

  it("a user who asks for everything at once leaves room for others", async () => {
    const model = createTestModel(systemClock);
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let waiting = 0;
    let full = () => {};
    const isFull = new Promise<void>((resolve) => {
      full = resolve;
    });
    const manager = {
      ...model.manager,
      async getInstance() {
        waiting += 1;
        if (waiting === REQUESTS_PER_USER_MAX) full();
        await released;
        throw new CimError("NOT_FOUND", "nothing");
      },
    };
    const server = await start({
      model: { ...model, manager },
      identify: async ({ headers }) => ({ known: true, user: String(headers["x-user"]), mayChange: false }),
    });
    const name = '<IPARAMVALUE NAME="InstanceName"><INSTANCENAME CLASSNAME="Test_Book"/></IPARAMVALUE>';
    const greedy = Array.from({ length: REQUESTS_PER_USER_MAX }, () =>
      ask(server, "GetInstance", name, { "x-user": "greedy" }),
    );
    await isFull;
    const more = await ask(server, "GetInstance", name, { "x-user": "greedy" });
    expect([more.status, more.headers["retry-after"]]).toEqual([503, "1"]);
    expect((await ask(server, "EnumerateClassNames", "", { "x-user": "jo" })).status).toBe(200);
    release();
    expect((await Promise.all(greedy)).map(({ text }) => errorCode(text))).toEqual(
      Array(REQUESTS_PER_USER_MAX).fill(6),
    );
    expect((await ask(server, "EnumerateClassNames", "", { "x-user": "greedy" })).status).toBe(200);
  });

  it("a client that goes away ends the work for it", async () => {
    const model = createTestModel(systemClock);
    let begun = (_: AbortSignal) => {};
    const beginning = new Promise<AbortSignal>((resolve) => {
      begun = resolve;
    });
    const manager = {
      ...model.manager,
      async *enumerateInstances({ signal }: { signal: AbortSignal }) {
        begun(signal);
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      },
    };
    const server = await start({ model: { ...model, manager } });
    const outgoing = httpRequest({
      ...{ host: "127.0.0.1", port: server.port, method: "POST", path: "/cimom" },
      headers: headersOf("EnumerateInstances"),
    });
    outgoing.on("error", () => {});
    outgoing.end(envelope(call("EnumerateInstances", className("Test_Book"))));
    const signal = await beginning;
    const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    outgoing.destroy();
    await aborted;
    expect(signal.aborted).toBe(true);
  });

  it("a stranger is asked for an account on a connection that stays", async () => {
    const server = await start({
      identify: async ({ headers }) =>
        headers.authorization === undefined
          ? {
              known: false,
              status: 401,
              reason: "an account",
              headers: { "www-authenticate": 'Basic realm="rusuban"' },
            }
          : { known: true, user: "ops", mayChange: true },
    });
    const answer = await ask(server, "EnumerateClassNames");
    expect(answer.status).toBe(401);
    expect(answer.headers).toMatchObject({ "www-authenticate": 'Basic realm="rusuban"', connection: "keep-alive" });
    expect(Number(answer.headers["content-length"])).toBe(answer.body.length);
    expect((await ask(server, "EnumerateClassNames", "", { authorization: "Basic x" })).status).toBe(200);
  });
});
