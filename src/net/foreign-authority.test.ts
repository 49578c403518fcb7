import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../runtime/clock.ts";
import { type Connection, Connections } from "./connections.ts";
import { createTlsListener } from "./listen.ts";
import { createReadableLog, createTestAuthority, DAY_MS, MANAGER, WEB1, WEB2 } from "./loopback-fixture.ts";
import { describePeer, foreignPeerOf } from "./peer.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function serve() {
  const [ours, theirs, strangers] = await Promise.all([
    createTestAuthority(),
    createTestAuthority(),
    createTestAuthority(),
  ]);
  const log = createReadableLog();
  const listener = createTlsListener({
    flow: "eventCollector",
    host: "127.0.0.1",
    port: 0,
    identity: await ours.identify(MANAGER, { names: ["127.0.0.1"] }),
    allow: ["foreign"],
    tls: "standard",
    foreignAuthorities: [theirs.certificate],
    isRevoked: () => false,
    connections: new Connections(),
    log,
    clock: systemClock,
    onConnection: ({ socket, peer }: Connection) => void socket.end(describePeer(peer)),
  });
  await listener.start();
  ends.push(
    () => ours.remove(),
    () => theirs.remove(),
    () => strangers.remove(),
    () => listener.stop(),
  );
  /** What the listener calls it, or nothing where it hangs up. */
  async function greet(credentials: { key: string; cert: string } | undefined): Promise<string> {
    const socket: TLSSocket = connect({ host: "127.0.0.1", port: listener.port, ...credentials, ca: ours.certificate });
    const heard: Buffer[] = [];
    socket.on("data", (bytes: Buffer) => heard.push(bytes));
    socket.on("error", () => {});
    if (!socket.closed) await once(socket, "close").catch(() => {});
    return Buffer.concat(heard).toString();
  }
  return { ours, theirs, strangers, log, greet };
}

describe("a listener for whom an authority of the operator's vouches", () => {
  it("knows them by the name in their certificate", async () => {
    const { theirs, greet } = await serve();
    const named = await theirs.identify(WEB1, { names: ["WEB1.example", "web1"] });
    expect(await greet(named.secureContextOptions())).toBe("foreign web1.example");
    expect(await greet((await theirs.identify(WEB2)).secureContextOptions())).toBe("foreign web2");
  });

  it("lets in nobody else: not without a certificate, nor with one of ours, of a stranger, or expired", async () => {
    const { ours, theirs, strangers, log, greet } = await serve();
    expect(await greet(undefined)).toBe("");
    await log.until("no certificate");
    for (const authority of [ours, strangers]) {
      expect(await greet((await authority.identify(WEB1)).secureContextOptions())).toBe("");
    }
    expect(log.lines.filter((line) => line.includes("another authority"))).toHaveLength(2);
    const old = await theirs.identify(WEB1, { shiftMs: -40 * DAY_MS });
    expect(await greet(old.secureContextOptions())).toBe("");
    await log.until("certificate expired: foreign web1");
  });
});

describe("the name in a foreign certificate", () => {
  it.each([
    ["the first DNS name", "othername:<unsupported>, DNS:A.example, DNS:b", "CN=other", "a.example"],
    ["the common name where there is no DNS name", undefined, "O=Firm\nCN=WEB1.example", "web1.example"],
  ])("is %s", (_, subjectAltName, subject, name) => {
    expect(foreignPeerOf({ subjectAltName, subject })).toEqual({ kind: "foreign", name });
  });

  it.each([
    ["none", undefined, "O=Firm"],
    ["two common names", undefined, "CN=a\nCN=b"],
    ["a forged entry", 'URI:"x, DNS:web1, y"', "CN=a"],
    ["a wildcard", "DNS:*.example", "CN=a"],
    ["words for a log", undefined, "CN=web1 was here"],
  ])("is refused: %s", (_, subjectAltName, subject) => {
    expect(() => foreignPeerOf({ subjectAltName, subject })).toThrow("certificate");
  });
});
