import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../runtime/clock.ts";
import { ConnectError } from "../runtime/errors.ts";
import { FakeClock } from "../runtime/fake-clock.ts";
import { silentLog } from "../runtime/log.ts";
import { Connections } from "./connections.ts";
import { type DialOptions, dialTls } from "./dial.ts";
import { findFreePort } from "./free-port.ts";
import type { Identity } from "./identity.ts";
import { createTlsListener } from "./listen.ts";
import { createTestAuthority, DAY_MS, MANAGER, type TestAuthority, WEB1 } from "./loopback-fixture.ts";
import type { Peer } from "./peer.ts";

const host = "127.0.0.1";
let ours: TestAuthority;
let theirs: TestAuthority;
let manager: Identity;
let web1: Identity;
const ends: (() => unknown)[] = [];

beforeAll(async () => {
  [ours, theirs] = await Promise.all([createTestAuthority(), createTestAuthority()]);
  [manager, web1] = await Promise.all([ours.identify(MANAGER), ours.identify(WEB1)]);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => Promise.all([ours.remove(), theirs.remove()]));

async function listen(identity: Identity, allow: Peer["kind"][] = ["host", "anonymous"]): Promise<number> {
  const listener = createTlsListener({
    flow: "agentBrowser",
    host,
    port: 0,
    identity,
    allow,
    isRevoked: () => false,
    onConnection: ({ socket, peer }) => void socket.end(peer.kind),
    connections: new Connections(),
    log: silentLog,
    clock: systemClock,
  });
  await listener.start();
  ends.push(() => listener.stop());
  return listener.port;
}

async function serve<S extends Server | TlsServer>(server: S): Promise<number> {
  server.listen(0, host);
  await once(server, "listening");
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  ends.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as { port: number }).port;
}

function options(port: number, changes: Partial<DialOptions> = {}): DialOptions {
  return {
    flow: "agentBrowser",
    host,
    port,
    identity: web1,
    trust: { authority: ours.certificate },
    expect: { kind: "manager" },
    timeoutMs: 10_000,
    clock: systemClock,
    ...changes,
  };
}

async function failure(dialing: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await dialing.then(
    () => new Error("connected"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConnectError);
  const { code, message, destination } = error as ConnectError;
  // Nothing but where to: errors are logged whole, and the options hold an identity.
  expect(Object.keys(destination)).toEqual(["flow", "host", "port"]);
  return { code, message };
}

async function words(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += chunk;
  return text;
}

describe("dialling", () => {
  it("gives a socket whose peer is the expected one, known by its identity and not by its name", async () => {
    const port = await listen(manager);
    const dialed = await dialTls(options(port, { expect: { kind: "manager", id: "m1" } }));
    expect(dialed.peer).toEqual(MANAGER);
    expect(dialed.socket.getProtocol()).toBe("TLSv1.3");
    expect(await words(dialed.socket)).toBe("host");
  });

  it("enrols without a certificate, trusting only the authority of the fingerprint, and learns it", async () => {
    const port = await listen(manager);
    const trust = { pinnedFingerprint: ours.fingerprint };
    const dialed = await dialTls(options(port, { identity: undefined, trust }));
    expect(dialed.authority).toBe(ours.certificate);
    expect(dialed.peer).toEqual(MANAGER);
    expect(await words(dialed.socket)).toBe("anonymous");
  });

  it("refuses an authority of another fingerprint", async () => {
    const port = await listen(await theirs.identify(MANAGER));
    const trust = { pinnedFingerprint: ours.fingerprint };
    const { code, message } = await failure(dialTls(options(port, { trust })));
    expect(code).toBe("FINGERPRINT_DIFFERS");
    expect(message).toContain(theirs.fingerprint);
    expect(message).toContain(`expected ${ours.fingerprint}`);
  });

  it("refuses an impostor that shows the right authority beside a certificate it did not sign", async () => {
    const { key, cert } = (await theirs.identify(MANAGER)).secureContextOptions();
    const leaf = cert.slice(0, cert.indexOf("-----END CERTIFICATE-----") + 26);
    const port = await serve(createTlsServer({ key, cert: `${leaf}${ours.certificate}` }));
    const trust = { pinnedFingerprint: ours.fingerprint };
    await failure(dialTls(options(port, { trust })));
    await failure(dialTls(options(port)));
  });

  it("refuses a pinned leaf: the fingerprint is an authority's", async () => {
    const port = await listen(manager);
    const { X509Certificate } = await import("node:crypto");
    const { fingerprintOf } = await import("./certificate.ts");
    const leaf = new X509Certificate(manager.secureContextOptions().cert);
    await failure(dialTls(options(port, { trust: { pinnedFingerprint: fingerprintOf(leaf) } })));
  });

  const unacceptable: [string, () => Promise<Identity>, Partial<DialOptions>, string, string][] = [
    [
      "another authority's manager",
      () => theirs.identify(MANAGER),
      {},
      "SELF_SIGNED_CERT_IN_CHAIN",
      "not of our authority",
    ],
    [
      "an expired certificate",
      () => ours.identify(MANAGER, { shiftMs: -90 * DAY_MS }),
      {},
      "CERT_HAS_EXPIRED",
      "its certificate has expired",
    ],
    [
      "a certificate of tomorrow",
      () => ours.identify(MANAGER, { shiftMs: 9 * DAY_MS }),
      {},
      "CERT_NOT_YET_VALID",
      "compare the clocks",
    ],
    [
      "a host in the manager's place",
      () => ours.identify(WEB1),
      {},
      "PEER_UNEXPECTED",
      "host web1 answers there, expected a manager",
    ],
    [
      "another manager",
      () => ours.identify({ kind: "manager", id: "m2" }),
      { expect: { kind: "manager", id: "m1" } },
      "PEER_UNEXPECTED",
      "manager m2 answers there, expected manager m1",
    ],
  ];
  it.each(unacceptable)("refuses %s", async (_name, identity, changes, code, words) => {
    const port = await listen(await identity());
    const told = await failure(dialTls(options(port, changes)));
    expect(told.code).toBe(code);
    expect(told.message).toContain(words);
    expect(told.message).toMatch(new RegExp(`^agentBrowser to 127.0.0.1:${port}: `));
  });
});

describe("a connection that does not come about", () => {
  it("is refused where nothing listens", async () => {
    const port = await findFreePort({ host });
    expect(await failure(dialTls(options(port)))).toMatchObject({
      code: "ECONNREFUSED",
      message: expect.stringContaining("refused: nothing listens there, or a firewall rejects it"),
    });
  });

  it("says that a name does not resolve", async () => {
    const { code, message } = await failure(dialTls(options(1, { host: "no-such-host.invalid" })));
    expect(["ENOTFOUND", "EAI_AGAIN"]).toContain(code);
    expect(message).toMatch(/name (does not resolve|cannot be resolved)/);
  });

  it("says that something else answers", async () => {
    const port = await serve(
      createServer((socket) => void socket.write("220 mail.example.org ESMTP ready for you\r\n")),
    );
    expect((await failure(dialTls(options(port)))).message).toContain("something else answers there: not TLS");
  });

  it("says that the other side hung up", async () => {
    const port = await serve(createServer((socket) => void socket.end()));
    expect((await failure(dialTls(options(port)))).message).toContain("closed by the other side during the handshake");
  });

  it("says that the other side speaks only TLS 1.2", async () => {
    const port = await serve(createTlsServer({ ...manager.secureContextOptions(), maxVersion: "TLSv1.2" }));
    expect((await failure(dialTls(options(port)))).message).toContain("too old");
  });

  it("times out at a port that is open and silent, and says so", async () => {
    const clock = new FakeClock();
    const server = createServer();
    const port = await serve(server);
    const accepted = once(server, "connection");
    const dialing = failure(dialTls(options(port, { clock, timeoutMs: 5_000 })));
    await accepted;
    await clock.advance(0); // The client's side of the same connection has been told, too.
    await clock.advance(5_000);
    expect((await dialing).code).toBe("HANDSHAKE_TIMED_OUT");
    expect(clock.pending).toBe(0);
  });

  it("is given up when its signal says so, before and during", async () => {
    const port = await serve(createServer());
    expect((await failure(dialTls(options(port, { signal: AbortSignal.abort() })))).code).toBe("ABORTED");
    const controller = new AbortController();
    const dialing = failure(dialTls(options(port, { signal: controller.signal })));
    controller.abort();
    expect((await dialing).code).toBe("ABORTED");
  });
});
