import { createServer, request as httpRequest } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { afterEach, expect, it } from "vitest";
import { CimError } from "../../cim/cim-error.ts";
import { CimInstance } from "../../cim/cim-instance.ts";
import { createForeignAgent } from "../../net/foreign-request.ts";
import { systemClock } from "../../runtime/clock.ts";
import { silentLog } from "../../runtime/log.ts";
import type { ExchangeTarget } from "./exchange.ts";
import { createCimXmlListener, type ExportOrigin } from "./export-server.ts";
import { type Delivery, exportIndications } from "./exporter.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const ALERT = new CimInstance({
  className: "CIM_AlertIndication",
  properties: [
    { name: "AlertType", type: "uint16", isArray: false, value: 5 },
    { name: "Description", type: "string", isArray: false, value: "fan 2 stopped <&> 扇" },
    { name: "SequenceNumber", type: "sint64", isArray: false, value: 3n },
  ],
});

/** `commit` takes one after the other; what it rejects with is the reason against that one if it is a CimError. */
async function listen(commit: (indication: CimInstance, origin: ExportOrigin) => Promise<void>, known = true) {
  const requests: number[] = [];
  const handler = createCimXmlListener({
    identify: async () =>
      known ? { known: true, user: "sender", mayChange: false } : { known: false, status: 401, reason: "who are you?" },
    addressOf: (request) => request.socket.remoteAddress ?? "",
    async commit(indications, origin) {
      requests.push(indications.length);
      const problems: (CimError | undefined)[] = [];
      for (const indication of indications)
        problems.push(await commit(indication, origin).then(() => undefined, onlyCim));
      return problems;
    },
    log: silentLog,
  });
  const accepted: (string | undefined)[] = [];
  const http = createServer(handler).on("request", ({ headers }) => accepted.push(headers.accept));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const agent = createForeignAgent({
    ...{
      flow: "cimIndication",
      host: "127.0.0.1",
      port,
      trust: { kind: "plain" },
      timeoutMs: 10_000,
      clock: systemClock,
    },
  });
  ends.push(
    () => agent.close(),
    () => {
      http.closeAllConnections();
      http.close();
    },
  );
  return { port, accepted, requests, target: { agent, path: "/hosts/1" } };
}

function onlyCim(error: unknown): CimError {
  if (error instanceof CimError) return error;
  throw error;
}

async function exportIndication(target: ExchangeTarget, indication: CimInstance): Promise<Delivery | undefined> {
  const [delivery, ...more] = await exportIndications(target, [indication]);
  expect(more).toEqual([]);
  return delivery;
}

it("an indication arrives as it was sent, with where it came from", async () => {
  const taken: [CimInstance, ExportOrigin][] = [];
  const { target } = await listen(async (...all) => void taken.push(all));
  expect(await exportIndication(target, ALERT)).toEqual({ delivered: true });
  expect(taken[0]?.[0].className).toBe("CIM_AlertIndication");
  expect(taken[0]?.[0].properties).toEqual(ALERT.properties);
  expect(taken[0]?.[1]).toEqual({ user: "sender", url: "/hosts/1", remoteAddress: "127.0.0.1" });
});

it("asks for no list of types, which pywbem's listener refuses", async () => {
  const { target, accepted } = await listen(async () => {});
  expect(await exportIndication(target, ALERT)).toEqual({ delivered: true });
  expect(accepted).toEqual(["*/*"]);
});

it.each([
  ["0 (null)", { delivered: true }],
  ["7 (null)", { delivered: false, retry: true }],
])("an answer with the status %s, which is none: openwsman's 0 means that it was taken", async (status, outcome) => {
  const listener = createTcpServer((socket) => {
    socket.once("data", () => socket.end(`HTTP/1.1 ${status}\r\nServer: openwsman/2.8\r\n\r\n`));
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  const options = {
    flow: "cimIndication",
    host: "127.0.0.1",
    port,
    trust: { kind: "plain" },
    timeoutMs: 10_000,
  } as const;
  const agent = createForeignAgent({ ...options, clock: systemClock });
  ends.push(
    () => agent.close(),
    () => listener.close(),
  );
  expect(await exportIndication({ agent, path: "/" }, ALERT)).toMatchObject(outcome);
});

const numbered = (number: number) =>
  new CimInstance({
    className: "CIM_AlertIndication",
    properties: [{ name: "SequenceNumber", type: "sint64", isArray: false, value: BigInt(number) }],
  });

it("several go in one request, and each has its own answer", async () => {
  const taken: unknown[] = [];
  const { target, requests } = await listen(async (indication) => {
    const number = indication.get("SequenceNumber");
    if (number === 2n) throw new CimError("INVALID_PARAMETER", "not this one");
    taken.push(number);
  });
  expect(await exportIndications(target, [1, 2, 3].map(numbered))).toEqual([
    { delivered: true },
    { delivered: false, retry: false, reason: "not this one" },
    { delivered: true },
  ]);
  expect(taken).toEqual([1n, 3n]);
  expect(requests).toEqual([3]);
  expect(await exportIndications(target, [])).toEqual([]);
});

it("of several, none is forgotten when the listener could not store them", async () => {
  const { target } = await listen(() => Promise.reject(new Error("disk full")));
  const again = { delivered: false, retry: true };
  expect(await exportIndications(target, [1, 2].map(numbered))).toMatchObject([again, again]);
});

it.each([
  [501, "multiple-requests-unsupported", true],
  [400, "request-not-valid", true],
  [503, undefined, undefined],
  [401, undefined, undefined],
])("a listener that answers %s (%s) to a batch wants each by itself: %s", async (status, cimerror, wantsSingles) => {
  const http = createServer((request, response) => {
    request.resume();
    response.writeHead(status, { "content-length": "0", ...(cimerror === undefined ? {} : { cimerror }) }).end();
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const agent = createForeignAgent({
    ...{ flow: "cimIndication", host: "127.0.0.1", port, trust: { kind: "plain" } },
    ...{ timeoutMs: 10_000, clock: systemClock },
  });
  ends.push(
    () => agent.close(),
    () => http.close(),
  );
  const [first, second] = await exportIndications({ agent, path: "/" }, [1, 2].map(numbered));
  expect(first).toMatchObject({ delivered: false, retry: true });
  expect(first).toEqual(second);
  expect(first?.delivered === false && first.wantsSingles).toBe(wantsSingles);
});

it("is not answered before it is committed", async () => {
  let commit = () => {};
  let begun = () => {};
  const beginning = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const { target } = await listen(() => {
    begun();
    return new Promise((resolve) => {
      commit = resolve;
    });
  });
  let answered = false;
  const delivery = exportIndication(target, ALERT).then((outcome) => {
    answered = true;
    return outcome;
  });
  await beginning;
  expect(answered).toBe(false);
  commit();
  expect(await delivery).toEqual({ delivered: true });
});

it.each([
  ["the database fails", new Error("disk full"), { delivered: false, retry: true }],
  [
    "it says to try later",
    new CimError("SERVER_LIMITS_EXCEEDED", "later"),
    { delivered: false, retry: true, reason: "later" },
  ],
  ["it never takes this one", new CimError("NOT_SUPPORTED", "no"), { delivered: false, retry: false, reason: "no" }],
])("where %s, the sender knows it", async (_, problem, outcome) => {
  const { target } = await listen(() => Promise.reject(problem));
  expect(await exportIndication(target, ALERT)).toMatchObject(outcome);
});

it("a stranger's indication is refused, and may be sent again once the account is right", async () => {
  const { target } = await listen(() => Promise.reject(new Error("never")), false);
  expect(await exportIndication(target, ALERT)).toMatchObject({ delivered: false, retry: true });
});

it("a listener that is not there is no reason to forget", async () => {
  const { target, port } = await listen(async () => {});
  for (const end of ends.splice(0).reverse()) await end();
  expect(port).toBeGreaterThan(0);
  expect(await exportIndication(target, ALERT)).toMatchObject({ delivered: false, retry: true });
});

async function post(port: number, headers: Record<string, string>, body: string) {
  return new Promise<{ status: number; cimError: unknown; text: string }>((resolve, reject) => {
    const outgoing = httpRequest({ port, host: "127.0.0.1", method: "POST", path: "/", headers }, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode ?? 0, cimError: response.headers.cimerror, text });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

const HEADERS = { "content-type": "text/xml", cimexport: "MethodRequest", cimexportmethod: "ExportIndication" };
const envelope = (inside: string) =>
  `<?xml version="1.0" encoding="utf-8" ?><CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" PROTOCOLVERSION="1.0">${inside}</MESSAGE></CIM>`;
const call = (name: string, inside = "") =>
  `<SIMPLEEXPREQ><EXPMETHODCALL NAME="${name}">${inside}</EXPMETHODCALL></SIMPLEEXPREQ>`;
const INDICATION = '<EXPPARAMVALUE NAME="NewIndication"><INSTANCE CLASSNAME="X"/></EXPPARAMVALUE>';

it.each([
  [
    "takes the headers and the leading zeros of OpenPegasus",
    { ...HEADERS, te: "chunked, trailers" },
    call("ExportIndication", INDICATION),
    200,
    undefined,
    "EXPMETHODRESPONSE",
  ],
  ["another method is an ERROR", { ...HEADERS, cimexportmethod: "Other" }, call("Other"), 200, undefined, 'CODE="7"'],
  ["an indication that is missing is an ERROR", HEADERS, call("ExportIndication"), 200, undefined, 'CODE="4"'],
  [
    "a header that does not fit the body",
    { ...HEADERS, cimexportmethod: "Other" },
    call("ExportIndication", INDICATION),
    400,
    "header-mismatch",
    "Other",
  ],
  [
    "an operation instead of an export",
    { ...HEADERS, cimexport: "MethodCall" },
    call("ExportIndication"),
    400,
    "unsupported-operation",
    "cimexport",
  ],
  [
    "a batch whose header is missing",
    HEADERS,
    `<MULTIEXPREQ>${call("ExportIndication", INDICATION).repeat(2)}</MULTIEXPREQ>`,
    400,
    "header-mismatch",
    "CIMExportBatch",
  ],
  [
    "a batch with more in it than is taken",
    { "content-type": "text/xml", cimexport: "MethodRequest", cimexportbatch: "" },
    `<MULTIEXPREQ>${call("ExportIndication", INDICATION).repeat(101)}</MULTIEXPREQ>`,
    501,
    "multiple-requests-unsupported",
    "100",
  ],
  ["what is not well-formed", HEADERS, "<SIMPLEEXPREQ>", 400, "request-not-well-formed", ""],
  ["what is not valid", HEADERS, "<SIMPLEREQ/>", 400, "request-not-valid", ""],
])("%s", async (_, headers, inside, status, cimError, text) => {
  const { port } = await listen(async () => {});
  const answer = await post(port, headers, envelope(inside));
  expect(answer).toMatchObject({ status, cimError });
  expect(answer.text).toContain(text);
});
