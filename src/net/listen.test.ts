import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../runtime/clock.ts";
import { SettingsError, TimeoutError, WireError } from "../runtime/errors.ts";
import { FakeClock } from "../runtime/fake-clock.ts";
import { type Connection, Connections } from "./connections.ts";
import type { Identity } from "./identity.ts";
import { LISTENER_LIMITS, REFUSAL_LINES_PER_WINDOW, REFUSAL_WINDOW_MS } from "./limits.ts";
import { createTlsListener, type TlsListener, type TlsListenerNeeds } from "./listen.ts";
import {
  createReadableLog,
  createTestAuthority,
  DAY_MS,
  JO,
  MANAGER,
  type TestAuthority,
  WEB1,
  WEB2,
} from "./loopback-fixture.ts";

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

async function listen(changes: Partial<TlsListenerNeeds> = {}) {
  const log = createReadableLog();
  const connections = new Connections();
  const accepted: Connection[] = [];
  const listener = createTlsListener({
    flow: "managerReport",
    host: "127.0.0.1",
    port: 0,
    identity: manager,
    allow: ["host"],
    isRevoked: () => false,
    onConnection: (connection) => {
      accepted.push(connection);
      connection.socket.write(`hello ${connection.peer.kind}`);
    },
    connections,
    log,
    clock: systemClock,
    ...changes,
  });
  await listener.start();
  ends.push(() => listener.stop());
  return { listener, log, connections, accepted };
}

function plain(listener: TlsListener, bytes?: string | Buffer): Socket {
  const socket = connect(listener.port, "127.0.0.1");
  socket.resume(); // An alert that nobody reads would hide the end behind it.
  socket.on("error", () => {});
  if (bytes !== undefined) socket.write(bytes);
  ends.push(() => socket.destroy());
  return socket;
}

function secure(listener: TlsListener, identity: Identity | undefined, options: ConnectionOptions = {}): TLSSocket {
  const socket = connectTls({
    host: "127.0.0.1",
    port: listener.port,
    checkServerIdentity: () => undefined,
    ...identity?.secureContextOptions(),
    ca: ours.certificate,
    ...options,
  });
  socket.on("error", () => {});
  ends.push(() => socket.destroy());
  return socket;
}

/** What the server says first, or "" when it closes without a word. */
async function firstWords(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once("data", (chunk) => resolve(chunk.toString()));
    socket.once("close", () => resolve(""));
  });
}

describe("who gets in", () => {
  it("hands over a host with a certificate of ours, with its identity, serial and expiry", async () => {
    const { listener, accepted, connections } = await listen();
    expect(await firstWords(secure(listener, web1))).toBe("hello host");
    expect(accepted[0]).toMatchObject({
      peer: WEB1,
      serial: web1.serial,
      expiresAt: web1.expiresAt,
      flow: "manager-report",
    });
    expect(accepted[0]?.socket.getProtocol()).toBe("TLSv1.3");
    expect(connections.size).toBe(1);
  });

  it("hands over an anonymous peer where that is allowed, and a host beside it", async () => {
    const { listener, accepted } = await listen({ allow: ["anonymous", "host"] });
    expect(await firstWords(secure(listener, undefined))).toBe("hello anonymous");
    expect(await firstWords(secure(listener, web1))).toBe("hello host");
    expect(accepted[0]).toMatchObject({ peer: { kind: "anonymous" }, serial: undefined, expiresAt: undefined });
  });

  it("does a full handshake each time: a saved session is not resumed", async () => {
    const { listener, accepted } = await listen();
    const first = secure(listener, web1);
    // A server sends tickets, if any, before it first speaks.
    const tickets: Buffer[] = [];
    first.on("session", (ticket) => tickets.push(ticket));
    await firstWords(first);
    await nextTurn();
    expect(tickets).not.toEqual([]);
    const session = tickets.at(-1);
    const second = secure(listener, web1, session === undefined ? {} : { session });
    await firstWords(second);
    expect(second.isSessionReused()).toBe(false);
    expect(accepted).toHaveLength(2);
  });

  it("listens on IPv6, too", async () => {
    const { listener, accepted } = await listen({ host: "::1" });
    await firstWords(secure(listener, web1, { host: "::1" }));
    expect(accepted[0]?.remoteAddress).toBe("::1");
  });
});

describe("who is refused, with the reason in the log", () => {
  const refused: [name: string, identity: () => Promise<Identity | undefined>, line: string][] = [
    ["no certificate", async () => undefined, "refused 127.0.0.1: no certificate"],
    ["a certificate of another authority", () => theirs.identify(WEB1), "certificate of another authority"],
    [
      "an expired certificate",
      () => ours.identify(WEB1, { shiftMs: -90 * DAY_MS }),
      "certificate expired: host web1, on 20",
    ],
    [
      "a certificate that is not yet valid",
      () => ours.identify(WEB1, { shiftMs: 9 * DAY_MS }),
      "certificate not yet valid: compare the clocks: host web1, from 20",
    ],
    ["a revoked certificate", () => ours.identify(WEB2), "certificate revoked: host web2, serial 01"],
    ["a manager on a port for hosts", () => ours.identify(MANAGER), "not allowed on this port: manager m1"],
    [
      "an administrator on a port for hosts",
      () => ours.identify(JO),
      "not allowed on this port: administrator jo@example.org",
    ],
  ];
  it.each(refused)("refuses %s", async (_name, identity, line) => {
    const { listener, log, accepted, connections } = await listen({
      isRevoked: (_serial, peer) => peer.kind === "host" && peer.hostId === "web2",
    });
    expect(await firstWords(secure(listener, await identity()))).toBe("");
    expect(await log.until("refused")).toContain(line);
    expect(accepted).toEqual([]);
    expect(connections.size).toBe(0);
    expect(await firstWords(secure(listener, web1))).toBe("hello host");
  });

  it("refuses a bad certificate also where anonymous peers may connect", async () => {
    const { listener, log, accepted } = await listen({ allow: ["anonymous", "host"] });
    const bad = [await theirs.identify(WEB1), await ours.identify(WEB1, { shiftMs: -90 * DAY_MS })];
    for (const identity of bad) expect(await firstWords(secure(listener, identity))).toBe("");
    await log.until("another authority");
    await log.until("expired");
    expect(accepted).toEqual([]);
  });

  it("refuses a certificate by serial", async () => {
    const { listener, log } = await listen({ isRevoked: (serial) => serial === web1.serial });
    expect(await firstWords(secure(listener, web1))).toBe("");
    await log.until(`certificate revoked: host web1, serial ${web1.serial}`);
  });

  it("refuses TLS 1.2", async () => {
    const { listener, log } = await listen();
    expect(await firstWords(secure(listener, web1, { maxVersion: "TLSv1.2" }))).toBe("");
    await log.until("offers only a TLS version that is too old");
  });

  const garbage: [name: string, bytes: string | Buffer, line: string][] = [
    ["plain HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "not TLS: a plain HTTP request"],
    ["garbage", Buffer.from("8c3f9d00112233445566778899aabbccddeeff".repeat(20), "hex"), "refused 127.0.0.1: not TLS"],
    ["zeros", Buffer.alloc(5_000), "refused 127.0.0.1: not TLS"],
    ["data where a handshake should be", Buffer.from("17030300050000000000", "hex"), "refused 127.0.0.1"],
  ];
  it.each(garbage)("refuses %s and goes on serving", async (_name, bytes, line) => {
    const { listener, log } = await listen();
    const socket = plain(listener, bytes);
    await once(socket, "close");
    expect(await log.until("refused")).toContain(line);
    expect(await firstWords(secure(listener, web1))).toBe("hello host");
  });

  it("tells a peer that went away in the middle", async () => {
    const { listener, log } = await listen();
    const socket = plain(listener, Buffer.from("1603010200010001fc0303", "hex"));
    await once(socket, "connect");
    socket.end();
    await log.until("closed before the handshake was done");
  });

  it.each([
    ["silence", undefined],
    ["half a handshake", Buffer.from("1603010200010001fc0303", "hex")],
  ])("ends %s after the handshake's time", async (_name, bytes) => {
    const clock = new FakeClock();
    const { listener, log } = await listen({ clock });
    const socket = plain(listener, bytes);
    const closed = once(socket, "close");
    await once(socket, "connect");
    // A full handshake behind it shows that the silent one has been accepted, too.
    await firstWords(secure(listener, web1));
    expect(log.lines.filter((line) => line.includes("refused"))).toEqual([]);
    await clock.advance(LISTENER_LIMITS.handshakeTimeoutMs);
    await closed;
    await log.until("handshake timed out: after 10000 ms");
  });
});

describe("a flood", () => {
  // Linux answers on the whole of 127/8: the flood comes from one address, the host from another.
  it("of 2,000 silent connections holds a bounded number, tells it in a bounded number of lines, and lets others in", async () => {
    const clock = new FakeClock();
    const { listener, log } = await listen({ clock });
    const held = new Set<Socket>();
    for (let wave = 0; wave < 20; wave += 1) {
      await Promise.all(
        Array.from({ length: 100 }, async () => {
          const socket = plain(listener);
          held.add(socket);
          socket.once("close", () => held.delete(socket));
          await new Promise((resolve) => socket.once("connect", resolve).once("close", resolve));
        }),
      );
      // Node accepts one connection a turn; what waits fills the system's queue, and connecting then takes a second.
      for (let turn = 0; turn < 100; turn += 1) await nextTurn();
    }
    expect(await firstWords(secure(listener, web1, { localAddress: "127.0.0.2" } as ConnectionOptions))).toBe(
      "hello host",
    );
    while (held.size > LISTENER_LIMITS.handshakesPerAddressMax) await nextTurn();
    for (let turn = 0; turn < 50; turn += 1) await nextTurn();
    expect(held.size).toBe(LISTENER_LIMITS.handshakesPerAddressMax);

    await clock.advance(LISTENER_LIMITS.handshakeTimeoutMs);
    while (held.size > 0) await nextTurn();
    await clock.advance(REFUSAL_WINDOW_MS);
    const lines = log.lines.filter((line) => line.includes("refused"));
    expect(lines.length).toBeLessThanOrEqual(2 * (REFUSAL_LINES_PER_WINDOW + 1));
    const excess = 2_000 - LISTENER_LIMITS.handshakesPerAddressMax - REFUSAL_LINES_PER_WINDOW;
    await log.until(`refused ${excess} more: too many connections from this address, last from 127.0.0.1`);
    const late = LISTENER_LIMITS.handshakesPerAddressMax - REFUSAL_LINES_PER_WINDOW;
    await log.until(`refused ${late} more: handshake timed out, last from 127.0.0.1`);
    expect(await firstWords(secure(listener, web1))).toBe("hello host");
  });

  it("of 2,000 garbage connections is over when it is over", async () => {
    const { listener, log } = await listen();
    const bytes = [Buffer.alloc(500, 0xff), "GET / HTTP/1.1\r\n\r\n", Buffer.from("16030102000100", "hex")];
    for (let wave = 0; wave < 20; wave += 1) {
      const sockets = Array.from({ length: 100 }, (_, index) => plain(listener, bytes[index % bytes.length]));
      await Promise.all(
        sockets.map((socket) => {
          socket.once("connect", () => socket.end()); // What is half a handshake does not go on.
          return new Promise((resolve) => socket.once("close", resolve));
        }),
      );
    }
    expect(await firstWords(secure(listener, web1))).toBe("hello host");
    await listener.stop();
    expect(log.lines.filter((line) => line.includes("refused")).length).toBeLessThan(100);
    expect(log.lines.filter((line) => line.startsWith("error"))).toEqual([]);
  });

  it("of one host's own connections does not lock out the others", async () => {
    const { listener, log, connections } = await listen({ limits: { ...LISTENER_LIMITS, connectionsPerPeerMax: 3 } });
    for (let index = 0; index < 3; index += 1) expect(await firstWords(secure(listener, web1))).toBe("hello host");
    const fourth = secure(listener, web1);
    expect(await firstWords(fourth)).toBe("");
    await log.until("too many connections of this peer: host web1");
    expect(await firstWords(secure(listener, await ours.identify(WEB2)))).toBe("hello host");
    connections.closePeer(WEB1);
    while (connections.countOf(WEB1, "manager-report") > 0) await nextTurn();
    expect(await firstWords(secure(listener, web1))).toBe("hello host");
  });

  it("of connections that come and go leaves nothing counted", async () => {
    const limits = { ...LISTENER_LIMITS, connectionsMax: 2, handshakesMax: 2, anonymousPerAddressMax: 2 };
    const { listener, connections } = await listen({ allow: ["anonymous", "host"], limits });
    for (const identity of [web1, undefined, web1, undefined, web1, undefined]) {
      const socket = secure(listener, identity);
      expect(await firstWords(socket)).not.toBe("");
      const ended = once(socket, "close");
      socket.end();
      await ended;
      while (connections.size > 0) await nextTurn();
      await once(plain(listener, "GET / HTTP/1.1\r\n\r\n"), "close");
    }
  });

  it("of anonymous connections from one address leaves room for hosts", async () => {
    const limits = { ...LISTENER_LIMITS, anonymousPerAddressMax: 2 };
    const { listener, log } = await listen({ allow: ["anonymous", "host"], limits });
    const first = secure(listener, undefined);
    await firstWords(first);
    await firstWords(secure(listener, undefined));
    expect(await firstWords(secure(listener, undefined))).toBe("");
    await log.until("too many connections from this address");
    expect(await firstWords(secure(listener, web1))).toBe("hello host");
    first.destroy();
    let words = "";
    while (words === "") words = await firstWords(secure(listener, undefined)); // Until the server has seen the end.
    expect(words).toBe("hello anonymous");
  });
});

describe("live connections", () => {
  it("end when their host is revoked, and only theirs", async () => {
    const revoked = new Set<string>();
    const isRevoked: TlsListenerNeeds["isRevoked"] = (serial) => revoked.has(serial);
    const { listener, log, connections } = await listen({ isRevoked });
    const [one, two] = [secure(listener, web1), secure(listener, await ours.identify(WEB2))];
    await Promise.all([firstWords(one), firstWords(two)]);
    const ended = once(one, "close");
    revoked.add(web1.serial);
    expect(connections.closePeer(WEB1)).toBe(1);
    await ended;
    while (connections.size > 1) await nextTurn();
    expect(two.destroyed).toBe(false);
    expect(await firstWords(secure(listener, web1))).toBe("");
    await log.until("certificate revoked: host web1");
  });

  it("end by serial, and when they outlive their certificate", async () => {
    const { listener, connections } = await listen();
    const one = secure(listener, web1);
    await firstWords(one);
    const ended = once(one, "close");
    expect(connections.closeSerial("01ff")).toBe(0);
    expect(connections.closeExpired({ now: () => web1.expiresAt - 1 })).toBe(0);
    expect(connections.closeSerial(web1.serial)).toBe(1);
    await ended;
    const two = secure(listener, web1);
    await firstWords(two);
    const endedToo = once(two, "close");
    expect(connections.closeExpired({ now: () => web1.expiresAt })).toBe(1);
    await endedToo;
  });

  it("stay while the listener's certificate is renewed; who comes later sees the new one", async () => {
    const { listener, accepted } = await listen();
    const before = secure(listener, web1);
    await firstWords(before);
    const renewed = await ours.identify(MANAGER);
    listener.setIdentity(renewed);
    const after = secure(listener, web1);
    await firstWords(after);
    const serialOf = (socket: TLSSocket) => socket.getPeerX509Certificate()?.serialNumber.toLowerCase();
    expect([serialOf(before), serialOf(after)]).toEqual([manager.serial, renewed.serial]);
    expect(after.getProtocol()).toBe("TLSv1.3");
    const echoed = new Promise((resolve) => before.once("data", resolve));
    accepted[0]?.socket.write("still here");
    expect(String(await echoed)).toBe("still here");
    // The new context has the same policy.
    expect(await firstWords(secure(listener, undefined))).toBe("");
    expect(await firstWords(secure(listener, web1, { maxVersion: "TLSv1.2" }))).toBe("");
  });

  it("end with the listener", async () => {
    const { listener, connections } = await listen();
    const one = secure(listener, web1);
    await firstWords(one);
    const ended = once(one, "close");
    await listener.stop();
    await ended;
    while (connections.size > 0) await nextTurn();
  });

  it("end when whoever handles them fails, and the listener goes on", async () => {
    const log = createReadableLog();
    const handlers = [
      () => {
        throw new Error("handler broke");
      },
      () => Promise.reject(new Error("handler rejected")),
      ({ socket }: Connection) => void socket.write("hello"),
    ];
    const { listener } = await listen({ log, onConnection: (connection) => handlers.shift()?.(connection) });
    expect(await firstWords(secure(listener, web1))).toBe("");
    expect(await firstWords(secure(listener, web1))).toBe("");
    expect(await firstWords(secure(listener, web1))).toBe("hello");
    expect(log.lines.filter((line) => line.startsWith("error"))).toEqual([
      expect.stringContaining("handler broke"),
      expect.stringContaining("handler rejected"),
    ]);
  });
});

it("lets in only the one who is expected, where one is", async () => {
  const { listener, log } = await listen({ isExpected: (peer) => peer.kind === "host" && peer.hostId === "web2" });
  expect(await firstWords(secure(listener, web1))).toBe("");
  await log.until("refused 127.0.0.1: not the one who is expected on this port: host web1");
  expect(await firstWords(secure(listener, await ours.identify(WEB2)))).toBe("hello host");
});

describe("a peer that was let in", () => {
  it.each([
    [
      new WireError("kind", "unknown value 0x63"),
      "hung up on 127.0.0.1: broke the protocol: host web1, kind: unknown value 0x63",
    ],
    [
      new TimeoutError("the agent", 5),
      "hung up on 127.0.0.1: the connection broke: host web1, the agent: no answer within 5 ms",
    ],
  ])("and then fails by its own doing is told by flow, address, name and reason: %s", async (error, line) => {
    const { listener, log } = await listen({ onConnection: () => Promise.reject(error) });
    expect(await firstWords(secure(listener, web1))).toBe("");
    expect(await log.until("hung up")).toContain(`warn manager-report: ${line}`);
  });

  it("cannot fill the log, however often it comes back", async () => {
    const { listener, log } = await listen({ onConnection: () => Promise.reject(new WireError("", "garbage")) });
    for (let turn = 0; turn < 3 * REFUSAL_LINES_PER_WINDOW; turn += 1) await firstWords(secure(listener, web1));
    await listener.stop();
    expect(log.lines.filter((line) => line.includes("hung up"))).toHaveLength(REFUSAL_LINES_PER_WINDOW + 1);
    expect(log.lines.at(-1)).toContain(`hung up on ${2 * REFUSAL_LINES_PER_WINDOW} more: broke the protocol`);
  });
});

describe("a port that cannot be had", () => {
  it("names the process that has it, the setting, and what to do", async () => {
    const holder = spawn(process.execPath, [
      "-e",
      'require("net").createServer().listen(0, "127.0.0.1", function () { console.log(this.address().port) })',
    ]);
    ends.push(() => holder.kill());
    const port = Number(String((await once(holder.stdout, "data"))[0]));
    const error = await listen({ port }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SettingsError);
    expect((error as Error).message).toBe(
      `ports.managerReport: ${port} is already in use by node (pid ${holder.pid}): stop it, or set ports.managerReport to another port`,
    );
  });

  it("says that an address is not of this machine", async () => {
    await expect(listen({ host: "192.0.2.1" })).rejects.toThrow(
      "ports.managerReport: cannot listen on 192.0.2.1: not an address of this machine",
    );
  });
});

it("never writes a key into the log", async () => {
  const { listener, log } = await listen();
  await firstWords(secure(listener, web1));
  await firstWords(secure(listener, await theirs.identify(WEB1)));
  await log.until("refused");
  for (const line of log.lines) expect(line).not.toMatch(/PRIVATE KEY|-----BEGIN/);
});

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
