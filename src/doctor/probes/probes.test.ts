import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Connections } from "../../net/connections.ts";
import { createTlsListener } from "../../net/listen.ts";
import {
  createTestAuthority,
  DAY_MS,
  MANAGER,
  shiftedClock,
  type TestAuthority,
  WEB1,
  WEB2,
} from "../../net/loopback-fixture.ts";
import { systemClock } from "../../runtime/clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { challenge } from "./challenge.ts";
import { readCounters } from "./counters.ts";
import { datagramOf, numberOf, sendDatagrams } from "./datagrams.ts";
import { readHalfOpen, readSocketTable } from "./socket-table.ts";
import { connectTcp, knock } from "./tcp-connect.ts";
import { openTemporaryListeners } from "./temporary-listener.ts";
import { helloTls } from "./tls-hello.ts";
import { findWay } from "./way.ts";

const LOOPBACK = "127.0.0.1";
const clock = systemClock;
const target = (port: number, timeoutMs = 5_000) => ({ flow: "backup-control", address: LOOPBACK, port, timeoutMs });

/** A server of somebody else's; ends with the test. */
async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  }).listen({ host: LOOPBACK, port: 0 });
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("a TCP server has an address");
  return address.port;
}

describe("one TCP connection", () => {
  it("tells the exact error of a port on which nobody listens", async () => {
    const port = await listen(() => {});
    const [open] = [await knock(target(port), clock)];
    expect(open).toMatchObject({ code: "", port, localAddress: LOOPBACK });
    const closed = createServer().listen({ host: LOOPBACK, port: 0 });
    await once(closed, "listening");
    const { port: free } = closed.address() as { port: number };
    closed.close();
    await once(closed, "close");
    expect(await knock(target(free), clock)).toMatchObject({ code: "ECONNREFUSED", proof: "none" });
  });

  it("tells a name that does not resolve", async () => {
    const missed = await connectTcp({ ...target(9), address: "no-such-host.invalid" }, clock);
    expect("failed" in missed && missed.failed.code).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/);
  });
});

describe("who answers at a TLS port", () => {
  let authority: TestAuthority;
  beforeAll(async () => {
    authority = await createTestAuthority();
  });
  afterAll(() => authority.remove());

  async function agentAs(options: { shiftMs?: number; of?: TestAuthority; speaks?: boolean; refuses?: boolean } = {}) {
    const { shiftMs = 0, of = authority, speaks = true, refuses = false } = options;
    const listener = createTlsListener({
      flow: "backupControl",
      host: LOOPBACK,
      port: 0,
      identity: await of.identify(WEB1, { shiftMs }),
      allow: refuses ? ["host"] : ["manager"],
      isRevoked: () => false,
      connections: new Connections(),
      log: silentLog,
      clock,
      onConnection: ({ socket }) => void (speaks ? socket.write("hello") : socket.resume()),
    });
    await listener.start();
    onTestFinished(() => listener.stop());
    return listener.port;
  }
  const hello = async (port: number, { expect: meant = WEB1, now = clock } = {}) => {
    const identity = await authority.identify(MANAGER);
    const { kind, ...rest } = meant as { kind: "host"; hostId: string };
    return helloTls(target(port), { identity, expect: { kind, id: rest.hostId }, clock: now });
  };

  it("is ours, whether it speaks first or not", async () => {
    expect(await hello(await agentAs())).toMatchObject({ code: "", proof: "ours" });
    expect(await hello(await agentAs({ speaks: false }))).toMatchObject({ proof: "ours" });
  });

  it("is another of ours, or somebody else's", async () => {
    expect(await hello(await agentAs(), { expect: WEB2 })).toMatchObject({ proof: "other-peer", detail: "host web1" });
    const foreign = await createTestAuthority();
    onTestFinished(() => foreign.remove());
    const answer = await hello(await agentAs({ of: foreign }));
    expect(answer.proof).toBe("foreign");
    expect(answer.detail).toMatch(/^SHA-256 [0-9a-f]{64}$/);
  });

  it("has a certificate that is over, or not valid yet by our clock", async () => {
    const port = await agentAs();
    expect(await hello(port, { now: shiftedClock(40 * DAY_MS) })).toMatchObject({ proof: "expired" });
    expect(await hello(port, { now: shiftedClock(-40 * DAY_MS) })).toMatchObject({ proof: "not-yet-valid" });
  });

  it("refuses us right after the handshake", async () => {
    expect(await hello(await agentAs({ refuses: true }))).toMatchObject({ proof: "refused-us" });
  });

  it("is no TLS at all, hangs up, or says nothing", async () => {
    expect(await hello(await listen((socket) => socket.end("220 smtp.example ESMTP\r\n")))).toMatchObject({
      proof: "not-tls",
    });
    expect(await hello(await listen((socket) => socket.destroy()))).toMatchObject({ proof: "closed" });
    const identity = await authority.identify(MANAGER);
    const silent = await listen(() => {});
    const answer = await helloTls(target(silent, 200), { identity, expect: { kind: "host" }, clock });
    expect(answer).toMatchObject({ proof: "silent" });
  });
});

describe("a listener of the test's own", () => {
  const secret = systemRandom(32);
  const dial = (port: number, changed: { secret?: Buffer; bulkBytes?: number } = {}) =>
    challenge(target(port), { secret, bulkBytes: 0, random: systemRandom, clock, ...changed });

  async function opened(transport: "tcp" | "udp" = "tcp") {
    const port = await freePort();
    const listeners = await openTemporaryListeners(
      { transport, family: "ipv4", ports: [port], secret, lifeMs: 10_000 },
      clock,
    );
    onTestFinished(() => listeners.close());
    expect(listeners.ports).toEqual([{ port, code: "", accepted: 0, proven: 0 }]);
    return { port, listeners };
  }
  async function freePort(): Promise<number> {
    const server = createServer().listen({ host: "0.0.0.0", port: 0 });
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, "close");
    return port;
  }

  it("proves the secret, tells from where it was reached, and carries bulk both ways", async () => {
    const { port, listeners } = await opened();
    expect(await dial(port)).toMatchObject({ proof: "ours", detail: LOOPBACK });
    expect(await dial(port, { bulkBytes: 300_000 })).toMatchObject({ proof: "ours" });
    expect(listeners.heard()).toEqual({
      ports: [{ port, code: "", accepted: 2, proven: 2 }],
      provenFrom: [LOOPBACK],
      datagrams: [],
    });
  });

  it("says nothing to who does not know the secret", async () => {
    const { port, listeners } = await opened();
    expect(await dial(port, { secret: systemRandom(32) })).toMatchObject({ proof: "closed" });
    const connected = await connectTcp(target(port), clock);
    if ("failed" in connected) throw new Error(connected.failed.code);
    connected.socket.write(Buffer.alloc(500, "x"));
    const [answer] = await Promise.race([once(connected.socket, "close"), once(connected.socket, "data")]);
    expect(Buffer.isBuffer(answer)).toBe(false);
    expect(listeners.heard().ports).toMatchObject([{ accepted: 2, proven: 0 }]);
  });

  it("tells a port that somebody has", async () => {
    const { port } = await opened();
    const second = await openTemporaryListeners(
      { transport: "tcp", family: "ipv4", ports: [port], secret, lifeMs: 1_000 },
      clock,
    );
    onTestFinished(() => second.close());
    expect(second.ports).toMatchObject([{ port, code: "EADDRINUSE" }]);
  });

  it("counts numbered datagrams and answers each", async () => {
    const { port, listeners } = await opened("udp");
    const { attempt, answered } = await sendDatagrams(target(port), { secret, times: 10, clock });
    expect([attempt.code, answered]).toEqual(["", 10]);
    expect(listeners.heard().datagrams.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("hears of a refused datagram once, however many were sent", async () => {
    const { attempt } = await sendDatagrams(target(await freePort()), { secret, times: 10, clock });
    expect(attempt.code).toBe("ECONNREFUSED");
  });

  it("says why there is no way for datagrams, and goes on", async () => {
    const target = { flow: "snmp-trap", address: "255.255.255.255", port: 9, timeoutMs: 1_000 };
    const { attempt, answered } = await sendDatagrams(target, { secret, times: 3, clock: systemClock });
    expect({ code: attempt.code, answered }).toEqual({ code: "EACCES", answered: 0 });
  });

  it("takes no datagram of another secret or purpose for its own", () => {
    expect(numberOf(datagramOf(secret, "datagram", 7), secret, "datagram")).toBe(7);
    expect(numberOf(datagramOf(secret, "answer", 7), secret, "datagram")).toBeUndefined();
    expect(numberOf(datagramOf(systemRandom(32), "datagram", 7), secret, "datagram")).toBeUndefined();
    expect(numberOf(Buffer.from("short"), secret, "datagram")).toBeUndefined();
  });
});

describe("what the kernel says", () => {
  it("finds a listener of this process, and whose it is", async () => {
    const port = await listen(() => {});
    const table = await readSocketTable([{ transport: "tcp", from: port, to: port }], {
      isOwn: (pid) => pid === process.pid,
    });
    expect(table?.sockets).toMatchObject([{ family: "ipv4", address: LOOPBACK, port, holder: "own" }]);
    expect(await readHalfOpen([{ transport: "tcp", from: port, to: port }])).toEqual([]);
  });

  it("says nothing where there is no such table", async () => {
    expect(
      await readSocketTable([{ transport: "tcp", from: 1, to: 9 }], { procDirectory: "/no/such", isOwn: () => false }),
    ).toBeNull();
  });

  const SNMP = [
    "Ip: Forwarding DefaultTTL InReceives InDelivers OutRequests OutTransmits",
    "Ip: 2 64 2223736 2223730 2153249 2153240",
    "Icmp: InMsgs InEchos OutDestUnreachs OutEchoReps",
    "Icmp: 9 4 3 2",
    "Tcp: PassiveOpens OutRsts",
    "Tcp: 11 12",
    "",
  ].join("\n");
  const SNMP6 =
    "Ip6InReceives                   \t483\nIp6InDelivers                   \t480\nIp6OutRequests 7\nIcmp6OutDestUnreachs 2\n";

  it("reads the counters of both families, and that an older kernel does not count what leaves", async () => {
    const counters = await readCounters(async (path) => (path.endsWith("snmp6") ? SNMP6 : SNMP));
    expect(counters).toEqual({
      ipv4: {
        received: 2223736,
        delivered: 2223730,
        asked: 2153249,
        left: 2153240,
        unreachables: 3,
        echos: 4,
        echoReplies: 2,
      },
      ipv6: { received: 483, delivered: 480, asked: 7, left: null, unreachables: 2, echos: 0, echoReplies: 0 },
      resets: 12,
      accepted: 11,
    });
    expect(await readCounters(() => Promise.reject(new Error("no /proc")))).toBeNull();
  });

  const TABLES: Readonly<Record<string, string>> = {
    "/proc/net/route": [
      "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT",
      "eth0\t00014D0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
      "eth0\t00024D0A\t01014D0A\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0",
    ].join("\n"),
    "/proc/net/arp": [
      "IP address       HW type     Flags       HW address            Mask     Device",
      "10.77.1.1        0x1         0x2         02:00:00:00:00:01     *        eth0",
      "10.77.1.99       0x1         0x0         00:00:00:00:00:00     *        eth0",
    ].join("\n"),
    "/proc/net/ipv6_route": [
      "fd770001000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0",
      "fd770002000000000000000000000000 40 00000000000000000000000000000000 00 fd770001000000000000000000000001 00000400 00000001 00000000 00000003     eth0",
      "00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo",
    ].join("\n"),
  };
  it.each([
    ["10.77.1.1", { route: "present", neighbour: "answers" }],
    ["10.77.1.99", { route: "present", neighbour: "silent" }],
    ["10.77.1.50", { route: "present", neighbour: "unknown" }],
    ["10.77.2.20", { route: "present", neighbour: "far" }],
    ["192.0.2.1", { route: "missing", neighbour: "unknown" }],
    ["fd77:1::10", { route: "present", neighbour: "unknown" }],
    ["fd77:2::20", { route: "present", neighbour: "far" }],
    ["2001:db8::1", { route: "missing", neighbour: "unknown" }],
  ])("finds the way to %s", async (address, way) => {
    expect(await findWay(address, async (path) => TABLES[path] ?? "")).toEqual(way);
  });

  it("does not know the way where there are no tables", async () => {
    const way = await findWay("192.0.2.1", () => Promise.reject(new Error("no /proc")));
    expect(way).toEqual({ route: "unknown", neighbour: "unknown" });
  });
});
