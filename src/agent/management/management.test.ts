import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { CimInstance } from "../../cim/cim-instance.ts";
import type { Alert } from "../../model/alert.ts";
import { reading, unknownReading } from "../../model/create-reading.ts";
import { Connections } from "../../net/connections.ts";
import { createForeignAgent, type ForeignAgentOptions, foreignRequest } from "../../net/foreign-request.ts";
import {
  createHttpsListener,
  type HttpsListener,
  type HttpsListenerNeeds,
  peerOfRequest,
} from "../../net/https-listen.ts";
import { createHttpsAgent } from "../../net/https-request.ts";
import type { Identity } from "../../net/identity.ts";
import {
  createReadableLog,
  createTestAuthority,
  MANAGER,
  type TestAuthority,
  WEB1,
} from "../../net/loopback-fixture.ts";
import { describePeer, type KnownPeer } from "../../net/peer.ts";
import { createCimXmlClient } from "../../protocols/cim-xml/client.ts";
import { WsmanClient } from "../../protocols/wsman/client.ts";
import { foreignTransport, ownTransport } from "../../protocols/wsman/client-transport.ts";
import { createEventSink, type SinkDelivery } from "../../protocols/wsman/event-sink.ts";
import { systemClock } from "../../runtime/clock.ts";
import { systemRandom } from "../../runtime/random.ts";
import { createAgentObjectManager } from "../cim/create-agent-object-manager.ts";
import { createAccounts } from "./accounts.ts";
import { createManagement, type ManagementNeeds } from "./management.ts";

const host = "127.0.0.1";
const ACCOUNT = { name: "ops", password: "long enough" };
let ours: TestAuthority;
let web1: Identity;
let manager: Identity;
let otherManager: Identity;
beforeAll(async () => {
  ours = await createTestAuthority();
  const other: KnownPeer = { kind: "manager", id: "m2" };
  [web1, manager, otherManager] = await Promise.all([
    ours.identify(WEB1),
    ours.identify(MANAGER),
    ours.identify(other),
  ]);
});
afterAll(() => ours.remove());

async function manage({
  withAccount = false,
  settings = {},
  metrics,
}: {
  withAccount?: boolean;
  metrics?: ManagementNeeds["metrics"];
  settings?: Partial<ManagementNeeds["settings"]>;
} = {}) {
  const folder = mkdtempSync(join(tmpdir(), "rusuban-management-"));
  const files = { accounts: join(folder, "a"), events: join(folder, "e.db"), indications: join(folder, "i.db") };
  const accounts = createAccounts({ file: files.accounts, random: systemRandom });
  if (withAccount) await accounts.set({ name: ACCOUNT.name, mayChange: false }, ACCOUNT.password);
  const log = createReadableLog();
  const management = await createManagement({
    files,
    settings: {
      listenHost: host,
      plainWsman: false,
      localCimXml: false,
      rules: { allowPlain: false, allowLoopback: true, defaultPort: 1 },
      ...settings,
    },
    metrics,
    book: { portOf: () => 0, rangeOf: () => ({ from: 0, to: 0 }) },
    identity: () => web1,
    managerId: () => "m1",
    createObjects: (additions) => createAgentObjectManager({ clock: systemClock, agentVersion: "1.2.3", ...additions }),
    connections: new Connections(),
    clock: systemClock,
    random: systemRandom,
    log,
  });
  const all = [...management.services, ...management.listeners];
  for (const service of all) await service.start();
  onTestFinished(async () => {
    for (const service of all.reverse()) await service.stop();
    rmSync(folder, { recursive: true });
  });
  const [wsman, cimXml, ...plain] = management.listeners as HttpsListener[];
  return { management, log, accounts, wsmanPort: wsman?.port ?? 0, cimXmlPort: cimXml?.port ?? 0, plain };
}

/** A client of our own manager's, or of whoever has this identity. */
function own(port: number, identity: Identity): WsmanClient {
  const agent = createHttpsAgent({
    ...{ flow: "wsmanHttps", host, port, identity, timeoutMs: 10_000, clock: systemClock },
    trust: { authority: ours.certificate },
    expect: { kind: "host", id: "web1" },
  });
  onTestFinished(() => agent.close());
  return new WsmanClient({ transport: ownTransport(agent), random: systemRandom });
}

/** Anybody's client: knows the authority, and a password. */
function foreignAgent(port: number, trust?: ForeignAgentOptions["trust"]) {
  const agent = createForeignAgent({
    ...{ flow: "wsmanHttps", host, port, timeoutMs: 10_000, clock: systemClock },
    trust: trust ?? { kind: "authority-any-name", pem: ours.certificate },
  });
  onTestFinished(() => agent.close());
  return agent;
}

const system = { className: "CIM_ComputerSystem" };
async function first(client: WsmanClient, className = "CIM_ComputerSystem"): Promise<CimInstance | undefined> {
  for await (const { instance } of client.enumerate({ className })) return instance;
  return undefined;
}

const alert: Alert = {
  id: "0198c0de-0000-7000-8000-000000000001",
  raisedAtMs: 1_800_000_000_000,
  severity: "critical",
  category: "hardware",
  kind: "raised",
  component: "fan 3",
  condition: "fan.stopped",
  summary: "fan 3 stands still",
  details: [],
};

describe("the standards' listeners", () => {
  it("serve our manager by its certificate, without any account", async () => {
    const { wsmanPort, cimXmlPort } = await manage();
    const client = own(wsmanPort, manager);
    expect(await client.identify()).toMatchObject({ vendor: "Rusuban" });
    const computer = await first(client);
    expect(computer?.get("CreationClassName")).toBe("CIM_ComputerSystem");
    const { key, cert } = manager.secureContextOptions();
    const agent = createForeignAgent({
      ...{ flow: "cimXml", host, port: cimXmlPort, timeoutMs: 10_000, clock: systemClock },
      trust: { kind: "authority-any-name", pem: ours.certificate },
      credentials: { key, cert },
    });
    onTestFinished(() => agent.close());
    const names: string[] = [];
    const cimXml = createCimXmlClient({ agent, path: "/cimom" });
    for await (const each of cimXml.enumerateInstances({
      namespace: "root/cimv2",
      ...system,
      signal: new AbortController().signal,
      timeoutMs: 10_000,
    }))
      names.push(String(each.get("Name")));
    expect(names).toEqual([computer?.get("Name")]);
  });

  it("let nobody else past the handshake while there is no account: no stranger, no host, no other manager", async () => {
    const { wsmanPort, cimXmlPort, log } = await manage();
    for (const port of [wsmanPort, cimXmlPort]) {
      const stranger = new WsmanClient({
        transport: foreignTransport(foreignAgent(port), ACCOUNT),
        random: systemRandom,
      });
      await expect(stranger.identify()).rejects.toThrow();
      await expect(own(port, otherManager).identify()).rejects.toThrow();
      await expect(own(port, web1).identify()).rejects.toThrow();
    }
    await log.until("wsman-https: refused 127.0.0.1: no certificate");
    await log.until("wsman-https: refused 127.0.0.1: not the one who is expected on this port: manager m2");
    await log.until("wsman-https: refused 127.0.0.1: not allowed on this port: host web1");
  });

  it("serve anybody's client with an account, which may read, and not change", async () => {
    const { wsmanPort } = await manage({ withAccount: true });
    const client = new WsmanClient({
      transport: foreignTransport(foreignAgent(wsmanPort), ACCOUNT),
      random: systemRandom,
    });
    expect((await first(client))?.get("CreationClassName")).toBe("CIM_ComputerSystem");
    await expect(client.delete({ className: "CIM_ComputerSystem" })).rejects.toThrow("AccessDenied");
    const wrong = new WsmanClient({
      transport: foreignTransport(foreignAgent(wsmanPort), { ...ACCOUNT, password: "wrong" }),
      random: systemRandom,
    });
    await expect(first(wrong)).rejects.toThrow("HTTP 401");
    expect(await wrong.identify({ isAnonymous: true })).toMatchObject({ vendor: "Rusuban", version: "" });
  });

  it("let clients with an account in from the first one on, and nobody any more after the last, without a new start", async () => {
    const { accounts, wsmanPort, cimXmlPort } = await manage();
    const client = () =>
      new WsmanClient({ transport: foreignTransport(foreignAgent(wsmanPort), ACCOUNT), random: systemRandom });
    await expect(client().identify()).rejects.toThrow();
    await accounts.set({ name: ACCOUNT.name, mayChange: false }, ACCOUNT.password);
    expect((await first(client()))?.get("CreationClassName")).toBe("CIM_ComputerSystem");
    const asked = { method: "POST", path: "/cimom", headers: {}, body: "" };
    expect((await foreignRequest(foreignAgent(cimXmlPort), asked)).status).toBeGreaterThanOrEqual(400);
    await accounts.remove(ACCOUNT.name);
    await expect(client().identify()).rejects.toThrow();
  });

  it("answer clients written for Windows", async () => {
    const { wsmanPort } = await manage();
    const client = own(wsmanPort, manager);
    const found: unknown[] = [];
    const resource = { className: "Win32_OperatingSystem", windowsNamespace: "root/cimv2" };
    for await (const { instance } of client.enumerate(resource)) found.push(instance?.className);
    expect(found).toEqual(process.platform === "linux" ? ["Win32_OperatingSystem"] : []);
  });

  it("open the plain ones only when they are switched on, and say so", async () => {
    expect((await manage()).plain).toHaveLength(0);
    const { plain, log } = await manage({ withAccount: true, settings: { plainWsman: true, localCimXml: true } });
    expect(plain).toHaveLength(2);
    await log.until("passwords can be read on the way");
    const agent = foreignAgent(plain[0]?.port ?? 0, { kind: "plain" });
    const client = new WsmanClient({ transport: foreignTransport(agent, ACCOUNT), random: systemRandom });
    expect(await first(client)).toBeDefined();
  });
});

describe("alerts", () => {
  /** Takes deliveries: the manager, from hosts that it knows; or another, from whoever comes. */
  async function sink(
    as: Pick<HttpsListenerNeeds, "identity" | "tls" | "allow"> = {
      identity: manager,
      tls: "standard",
      allow: ["host"],
    },
  ) {
    const deliveries: { from: string; delivery: SinkDelivery }[] = [];
    const arrived = Promise.withResolvers<void>();
    const log = createReadableLog();
    const listener = createHttpsListener({
      ...{ flow: "cimIndication", host, port: 0, ...as },
      isRevoked: () => false,
      connections: new Connections(),
      log,
      clock: systemClock,
    });
    listener.serverFactory(
      createEventSink({
        senderOf: async (request) => describePeer(peerOfRequest(request)),
        commit: async (delivery) => {
          deliveries.push({ from: delivery.sender, delivery });
          arrived.resolve();
          return "committed";
        },
        newMessageId: () => "uuid:m",
        log,
      }),
    );
    await listener.start();
    onTestFinished(() => listener.stop());
    return { url: `https://${host}:${listener.port}/events`, deliveries, arrived: arrived.promise };
  }

  it("reach whoever has subscribed by WS-Management, over TLS with both sides known", async () => {
    const { management, wsmanPort, log } = await manage();
    const { url, deliveries, arrived } = await sink();
    const client = own(wsmanPort, manager);
    await client.subscribe({ className: "CIM_AlertIndication" }, { mode: "events", notifyTo: url }, systemClock.now());
    management.tell(alert);
    const broken = ["cannot be delivered", "failed"].map((text) => log.until(text).then((line) => expect.fail(line)));
    await Promise.race([arrived, ...broken]);
    expect(deliveries[0]?.from).toBe("host web1");
    const [event] = deliveries[0]?.delivery.events ?? [];
    expect(event?.className).toBe("CIM_AlertIndication");
    expect([event?.get("Message"), event?.get("PerceivedSeverity")]).toEqual(["fan 3 stands still", "6"]);
  });

  it("reach a listener of another authority that was named, by a name that fits, and no other", async () => {
    const theirs = await createTestAuthority();
    onTestFinished(() => theirs.remove());
    const named = join(mkdtempSync(join(tmpdir(), "rusuban-authority-")), "theirs.pem");
    onTestFinished(() => rmSync(dirname(named), { recursive: true }));
    writeFileSync(named, theirs.certificate);
    const listening = { tls: "server-only", allow: ["anonymous"] } as const;
    const [fitting, misnamed] = await Promise.all([
      sink({ ...listening, identity: await theirs.identify(MANAGER, { names: [host] }) }),
      sink({ ...listening, identity: await theirs.identify(MANAGER, { names: ["192.0.2.1"] }) }),
    ]);
    const subscribe = async (port: number, notifyTo: string) =>
      own(port, manager).subscribe(
        { className: "CIM_AlertIndication" },
        { mode: "events", notifyTo },
        systemClock.now(),
      );

    const trusting = await manage({ settings: { destinationAuthorities: [named] } });
    await subscribe(trusting.wsmanPort, fitting.url);
    await subscribe(trusting.wsmanPort, misnamed.url);
    trusting.management.tell(alert);
    await fitting.arrived;
    expect(fitting.deliveries[0]?.delivery.events[0]?.get("Message")).toBe("fan 3 stands still");
    await trusting.log.until("for other names than 127.0.0.1");
    expect(misnamed.deliveries).toEqual([]);

    const closed = await manage();
    await subscribe(closed.wsmanPort, fitting.url);
    closed.management.tell(alert);
    await closed.log.until("of no authority that is trusted");
    expect(fitting.deliveries).toHaveLength(1);
  });

  it("still go to listeners of our own authority, whatever name is on it, where another was named", async () => {
    const theirs = await createTestAuthority();
    onTestFinished(() => theirs.remove());
    const named = join(mkdtempSync(join(tmpdir(), "rusuban-authority-")), "theirs.pem");
    onTestFinished(() => rmSync(dirname(named), { recursive: true }));
    writeFileSync(named, theirs.certificate);
    const { management, wsmanPort } = await manage({ settings: { destinationAuthorities: [named] } });
    const { url, deliveries, arrived } = await sink();
    await own(wsmanPort, manager).subscribe(
      { className: "CIM_AlertIndication" },
      { mode: "events", notifyTo: url },
      systemClock.now(),
    );
    management.tell(alert);
    await arrived;
    expect(deliveries[0]?.from).toBe("host web1");
  });

  it("are not sent where the rules forbid it", async () => {
    const { wsmanPort } = await manage({
      settings: { rules: { allowPlain: false, allowLoopback: false, defaultPort: 1 } },
    });
    const client = own(wsmanPort, manager);
    for (const notifyTo of ["http://192.0.2.1:8080/", "https://127.0.0.1:8080/"]) {
      const subscribing = client.subscribe(
        { className: "CIM_AlertIndication" },
        { mode: "push", notifyTo },
        systemClock.now(),
      );
      await expect(subscribing).rejects.toThrow("EventDeliverToUnusable");
    }
  });
});

describe("/metrics of an agent", () => {
  const TOKEN = "0123456789abcdef";
  const metrics: ManagementNeeds["metrics"] = {
    mayScrape: (authorization) => authorization === `Bearer ${TOKEN}`,
    latest: () => ({
      readAtMs: 1_800_000_000_000,
      readings: [
        reading("memory", "used", { value: 0.25, unit: "ratio", summary: "25 %" }),
        unknownReading("sensor", "answers", { unit: "none", reason: "it broke" }),
      ],
    }),
  };

  async function scrape(port: number, authorization?: string, method = "GET") {
    const headers = authorization === undefined ? {} : { authorization };
    const { status, body } = await foreignRequest(foreignAgent(port), { method, path: "/metrics", headers });
    return { status, text: body.toString() };
  }

  it("tells the readings by the manager's names to whoever has the token, and to nobody else", async () => {
    const { wsmanPort } = await manage({ metrics });
    const { status, text } = await scrape(wsmanPort, `Bearer ${TOKEN}`);
    expect(status).toBe(200);
    expect(text).toMatch(/^rusuban_reading_ratio\{host="[^"]+",component="memory",measure="used"\} 0\.25$/m);
    expect(text).toMatch(/^rusuban_reading_state\{host="[^"]+",component="sensor",measure="answers"\} 2$/m);
    expect(text).toMatch(/^rusuban_read_timestamp_seconds 1800000000$/m);
    for (const wrong of [undefined, "Bearer wrong", `Basic ${TOKEN}`]) {
      expect(await scrape(wsmanPort, wrong)).toEqual({ status: 401, text: "" });
    }
    expect((await scrape(wsmanPort, `Bearer ${TOKEN}`, "POST")).status).toBe(405);
  });

  it("opens nothing else: WS-Management still wants an account, and CIM-XML the manager's certificate", async () => {
    const { wsmanPort, cimXmlPort } = await manage({ metrics });
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/soap+xml;charset=UTF-8" };
    const request = { method: "POST", path: "/wsman", headers, body: "<x/>" };
    expect((await foreignRequest(foreignAgent(wsmanPort), request)).status).toBe(401);
    await expect(scrape(cimXmlPort, `Bearer ${TOKEN}`)).rejects.toThrow();
  });
});
