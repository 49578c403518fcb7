import { once } from "node:events";
import { connect as connectTls, type TLSSocket } from "node:tls";
import Fastify from "fastify";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../runtime/clock.ts";
import { Connections } from "./connections.ts";
import { createHttpsListener, type HttpsListenerNeeds, peerOfRequest } from "./https-listen.ts";
import { createHttpsAgent, type HttpsAgentOptions, httpsRequest, httpsStream } from "./https-request.ts";
import type { Identity } from "./identity.ts";
import { HTTPS_LIMITS } from "./limits.ts";
import { createReadableLog, createTestAuthority, JO, MANAGER, type TestAuthority, WEB1 } from "./loopback-fixture.ts";
import { describePeer } from "./peer.ts";
import { readServerSentEvents } from "./server-sent-events.ts";

const host = "127.0.0.1";
let ours: TestAuthority;
let manager: Identity;
let jo: Identity;
let web1: Identity;
const ends: (() => unknown)[] = [];

beforeAll(async () => {
  ours = await createTestAuthority();
  [manager, jo, web1] = await Promise.all([
    ours.identify(MANAGER, { names: ["localhost", host] }),
    ours.identify(JO),
    ours.identify(WEB1),
  ]);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => ours.remove());

async function serve(changes: Partial<HttpsListenerNeeds> = {}) {
  const log = createReadableLog();
  const connections = new Connections();
  const listener = createHttpsListener({
    flow: "administration",
    host,
    port: 0,
    identity: manager,
    allow: ["administrator"],
    isRevoked: () => false,
    connections,
    log,
    clock: systemClock,
    ...changes,
  });
  const app = Fastify({ serverFactory: listener.serverFactory });
  app.get("/whoami", (request) => ({ peer: describePeer(peerOfRequest(request.raw)), protocol: request.protocol }));
  app.post("/echo", (request) => request.body);
  app.get("/large", () => "x".repeat(100_000));
  app.get("/events", (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { "content-type": "text/event-stream" });
    reply.raw.write(": hello\n\nid: 1\nevent: alert\ndata: one\ndata: two\n\n");
    reply.raw.write("data: thr");
    reply.raw.write("ee\r\n\r\n");
    app.server.once("finish-events", () => reply.raw.end());
    app.server.once("break-events", () => reply.raw.destroy());
  });
  await app.ready();
  await listener.start();
  ends.push(async () => {
    await listener.stop();
    await app.close();
  });
  return { listener, app, log, connections };
}

function agentFor(port: number, changes: Partial<HttpsAgentOptions> = {}) {
  const agent = createHttpsAgent({
    flow: "administration",
    host,
    port,
    identity: jo,
    trust: { authority: ours.certificate },
    expect: { kind: "manager", id: "m1" },
    timeoutMs: 10_000,
    clock: systemClock,
    ...changes,
  });
  ends.push(() => agent.close());
  return agent;
}

describe("administration over HTTPS", () => {
  it("gives Fastify requests whose peer is known", async () => {
    const { listener, connections } = await serve();
    const agent = agentFor(listener.port);
    const answer = await httpsRequest(agent, { method: "GET", path: "/whoami" });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body.toString())).toEqual({ peer: "administrator jo@example.org", protocol: "https" });
    expect(connections.size).toBe(1);
  });

  it("sends a body, and uses one connection for several requests", async () => {
    const { listener, connections } = await serve();
    const agent = agentFor(listener.port);
    for (const text of ["one", "zwei", "三"]) {
      const body = JSON.stringify({ text });
      const headers = { "content-type": "application/json" };
      const answer = await httpsRequest(agent, { method: "POST", path: "/echo", headers, body });
      expect(answer.body.toString()).toBe(body);
    }
    expect(connections.size).toBe(1);
  });

  it("serves nobody without a certificate, and no host", async () => {
    const { listener, log } = await serve();
    for (const identity of [undefined, web1]) {
      const request = httpsRequest(agentFor(listener.port, { identity }), { method: "GET", path: "/whoami" });
      await expect(request).rejects.toThrow("its log says why");
    }
    await log.until("no certificate");
    await log.until("not allowed on this port: host web1");
  });

  it("ends a revoked administrator's open connection", async () => {
    const { listener, connections } = await serve();
    const agent = agentFor(listener.port);
    const stream = await httpsStream(agent, { method: "GET", path: "/events" });
    const events = readServerSentEvents(stream.body);
    await events.next();
    await events.next();
    const next = events.next();
    expect(connections.closePeer(JO)).toBe(1);
    await expect(next).rejects.toThrow("closed by the other side");
  });

  it("does not hold an answer that is longer than asked for", async () => {
    const { listener } = await serve();
    const request = httpsRequest(agentFor(listener.port), { method: "GET", path: "/large", bodyBytesMax: 50_000 });
    await expect(request).rejects.toThrow("/large: the answer is longer than 50000 bytes");
  });

  it("reads server-sent events as they come, and their end", async () => {
    const { listener, app } = await serve();
    const stream = await httpsStream(agentFor(listener.port), { method: "GET", path: "/events" });
    const events = readServerSentEvents(stream.body);
    expect((await events.next()).value).toEqual({ event: "alert", data: "one\ntwo", id: "1" });
    expect((await events.next()).value).toEqual({ event: "message", data: "three", id: "1" });
    app.server.emit("finish-events");
    expect((await events.next()).done).toBe(true);
  });

  it("tells a stream that broke from one that ended", async () => {
    const { listener, app } = await serve();
    const stream = await httpsStream(agentFor(listener.port), { method: "GET", path: "/events" });
    const events = readServerSentEvents(stream.body);
    await events.next();
    await events.next();
    app.server.emit("break-events");
    await expect(events.next()).rejects.toThrow("administration to 127.0.0.1");
  });
});

/** A connection like a browser's: knows the authority, shows no certificate. */
async function browse(port: number, maxVersion: "TLSv1.2" | "TLSv1.3" = "TLSv1.3"): Promise<TLSSocket> {
  const socket = connectTls({ host, port, ca: ours.certificate, maxVersion });
  socket.on("error", () => {});
  ends.push(() => socket.destroy());
  await once(socket, "secureConnect");
  return socket;
}

async function readAll(socket: TLSSocket): Promise<string> {
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  await once(socket, "close");
  return text;
}

describe("the console over HTTPS", () => {
  const console = { flow: "console", tls: "server-only", allow: ["anonymous"] } as const;

  it.each(["TLSv1.2", "TLSv1.3"] as const)(
    "serves a browser over %s without asking for a certificate",
    async (version) => {
      const { listener } = await serve(console);
      const socket = await browse(listener.port, version);
      expect(socket.getProtocol()).toBe(version);
      socket.write("GET /whoami HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n");
      expect(await readAll(socket)).toContain('{"peer":"anonymous","protocol":"https"}');
    },
  );

  it("refuses headers that are too large", async () => {
    const log = createReadableLog();
    const { listener } = await serve({ ...console, log });
    const socket = await browse(listener.port);
    socket.write(`GET / HTTP/1.1\r\nHost: m\r\nCookie: ${"x".repeat(HTTPS_LIMITS.headerBytesMax)}\r\n\r\n`);
    expect(await readAll(socket)).toContain("431");
    await log.until("console: hung up on 127.0.0.1: broke the protocol: anonymous, HTTP: HPE_HEADER_OVERFLOW");
  });

  it("hangs up on what is no HTTP, and tells who and why", async () => {
    const log = createReadableLog();
    const { listener } = await serve({ ...console, log });
    const socket = await browse(listener.port);
    socket.write(Buffer.alloc(100, 0x81));
    expect(await readAll(socket)).toContain("400");
    await log.until("console: hung up on 127.0.0.1: broke the protocol: anonymous, HTTP: HPE_INVALID_METHOD");
  });

  it.each([
    ["headers", "GET / HTTP/1.1\r\nHost: m\r\nX-Slow: "],
    ["body", "POST /echo HTTP/1.1\r\nHost: m\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nslow"],
  ])("cuts off a client that never ends its %s", async (_name, bytes) => {
    const httpsLimits = { ...HTTPS_LIMITS, headersTimeoutMs: 200, requestTimeoutMs: 300, checkIntervalMs: 50 };
    const { listener } = await serve({ ...console, httpsLimits });
    const socket = await browse(listener.port);
    socket.write(bytes);
    expect(await readAll(socket)).toContain("408");
  });
});

it("knows no peer for a request that came another way", () => {
  expect(() => peerOfRequest({ socket: {} as never })).toThrow("came through a listener");
});
