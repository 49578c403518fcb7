import { createServer as createHttp, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { systemClock } from "../runtime/clock.ts";
import { Connections } from "./connections.ts";
import type { ForeignTrust } from "./foreign-dial.ts";
import { createForeignAgent, foreignRequest } from "./foreign-request.ts";
import { createHttpListener, remoteAddressOf } from "./http-listen.ts";
import { createHttpsListener, peerOfRequest } from "./https-listen.ts";
import type { Identity } from "./identity.ts";
import { createReadableLog, createTestAuthority, MANAGER, type TestAuthority, WEB1, WEB2 } from "./loopback-fixture.ts";
import { describePeer } from "./peer.ts";

const host = "127.0.0.1";
let ours: TestAuthority;
let theirs: TestAuthority;
let server: Identity;
let manager: Identity;
const ends: (() => unknown)[] = [];

beforeAll(async () => {
  [ours, theirs] = await Promise.all([createTestAuthority(), createTestAuthority()]);
  [server, manager] = await Promise.all([ours.identify(WEB1, { names: ["localhost", host] }), ours.identify(MANAGER)]);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => Promise.all([ours.remove(), theirs.remove()]));

async function serveTls(handler: RequestListener) {
  const log = createReadableLog();
  const listener = createHttpsListener({
    flow: "cimXml",
    host,
    port: 0,
    identity: server,
    tls: "standard",
    allow: ["manager", "anonymous"],
    isRevoked: () => false,
    connections: new Connections(),
    log,
    clock: systemClock,
  });
  listener.serverFactory(handler);
  await listener.start();
  ends.push(() => listener.stop());
  return { port: listener.port, log };
}

async function servePlain(handler: RequestListener): Promise<number> {
  const http = createHttp(handler);
  await new Promise<void>((resolve) => http.listen(0, host, resolve));
  ends.push(() => {
    http.closeAllConnections();
    http.close();
  });
  return (http.address() as AddressInfo).port;
}

function agentFor(port: number, trust: ForeignTrust, credentials?: { key: string; cert: string }) {
  const agent = createForeignAgent({
    flow: "cimXml",
    host,
    port,
    trust,
    credentials,
    timeoutMs: 10_000,
    clock: systemClock,
  });
  ends.push(() => agent.close());
  return agent;
}

const whoAmI: RequestListener = (request, response) => {
  response.end(describePeer(peerOfRequest(request)));
};
const GET = { method: "GET", path: "/", headers: {} };

it("a standard listener takes clients without a certificate, and knows the manager by its own", async () => {
  const { port } = await serveTls(whoAmI);
  const trust = { kind: "authority", pem: ours.certificate } as const;
  expect((await foreignRequest(agentFor(port, trust), GET)).body.toString()).toBe("anonymous");
  const { key, cert } = manager.secureContextOptions();
  expect((await foreignRequest(agentFor(port, trust, { key, cert }), GET)).body.toString()).toBe("manager m1");
});

it("a standard listener refuses the certificate of another host", async () => {
  const { port, log } = await serveTls(whoAmI);
  const { key, cert } = (await ours.identify(WEB2)).secureContextOptions();
  const trust = { kind: "authority", pem: ours.certificate } as const;
  await expect(foreignRequest(agentFor(port, trust, { key, cert }), GET)).rejects.toMatchObject({
    name: "ConnectError",
  });
  await log.until("host web2");
});

it("sends nothing to a server whose certificate is not trusted, and tells its fingerprint for pinning", async () => {
  let requests = 0;
  const { port } = await serveTls((_, response) => {
    requests += 1;
    response.end();
  });
  const wrong = agentFor(port, { kind: "authority", pem: theirs.certificate });
  const error = await foreignRequest(wrong, GET).catch((problem: Error) => problem.message);
  const fingerprint = /fingerprint ([0-9a-f]{64})$/.exec(String(error))?.[1] ?? "";
  await expect(
    foreignRequest(agentFor(port, { kind: "pinned", fingerprint: "00".repeat(32) }), GET),
  ).rejects.toMatchObject({ code: "FINGERPRINT_DIFFERS" });
  expect(requests).toBe(0);
  expect((await foreignRequest(agentFor(port, { kind: "pinned", fingerprint }), GET)).status).toBe(200);
});

it("credentials that come with an authority of their own change nothing of whom it trusts", async () => {
  const { port } = await serveTls(whoAmI);
  const credentials = { ...manager.secureContextOptions(), ca: theirs.certificate };
  const trusted = agentFor(port, { kind: "authority", pem: ours.certificate }, credentials);
  expect((await foreignRequest(trusted, GET)).body.toString()).toBe("manager m1");
  for (const trust of [{ kind: "system" }, { kind: "authority", pem: theirs.certificate }] as const) {
    const distrusted = agentFor(port, trust, manager.secureContextOptions());
    await expect(foreignRequest(distrusted, GET)).rejects.toMatchObject({ name: "ConnectError" });
  }
});

it("inflates a compressed answer and bounds it by its inflated length", async () => {
  const port = await servePlain((_, response) => {
    response.writeHead(200, { "content-encoding": "gzip" });
    response.end(gzipSync(Buffer.alloc(10_000_000, "a")));
  });
  const agent = agentFor(port, { kind: "plain" });
  expect((await foreignRequest(agent, { ...GET, bodyBytesMax: 10_000_000 })).body.length).toBe(10_000_000);
  await expect(foreignRequest(agent, { ...GET, bodyBytesMax: 9_999_999 })).rejects.toThrow(
    "/: the answer is longer than 9999999 bytes",
  );
});

it("gives the trailers that came after the body", async () => {
  const port = await servePlain((_, response) => {
    response.writeHead(200, { trailer: "CIMError" });
    response.write("x");
    response.addTrailers({ CIMError: "late" });
    response.end();
  });
  expect((await foreignRequest(agentFor(port, { kind: "plain" }), GET)).trailers.cimerror).toBe("late");
});

it("an answer that does not come is given up", async () => {
  const port = await servePlain((_, response) => {
    response.write("the beginning");
  });
  const agent = createForeignAgent({
    flow: "cimXml",
    host,
    port,
    trust: { kind: "plain" },
    timeoutMs: 20,
    clock: systemClock,
  });
  ends.push(() => agent.close());
  await expect(foreignRequest(agent, GET)).rejects.toMatchObject({ name: "ConnectError", code: "ETIMEDOUT" });
});

it("a plain listener serves, counts connections, and stops with connections open", async () => {
  const log = createReadableLog();
  const listener = createHttpListener({ flow: "cimXmlLoopback", host, port: 0, log, clock: systemClock });
  listener.serverFactory((request, response) => void response.end(remoteAddressOf(request)));
  await listener.start();
  const agent = agentFor(listener.port, { kind: "plain" });
  expect((await foreignRequest(agent, GET)).body.toString()).toBe(host);
  await listener.stop();
});
