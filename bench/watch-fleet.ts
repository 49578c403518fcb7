// Simulated servers: each at an address of its own on the loopback network, one port, one certificate, answering
// WS-Management or CIM-XML over TLS with our own agent's protocol code.

import { X509Certificate } from "node:crypto";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer, type Server } from "node:net";
import { createIndicationService } from "../src/agent/indications/indication-service.ts";
import { createIndicationStore } from "../src/agent/indications/indication-store.ts";
import { createObjectManager } from "../src/cim/create-object-manager.ts";
import type { ObjectManager } from "../src/cim/object-manager.ts";
import { CIMV2, INTEROP, provide } from "../src/cim/provider.ts";
import { CIM_AlertIndication } from "../src/cim/schema/indication.ts";
import { CIM_ObjectManager } from "../src/cim/schema/interop.ts";
import { openSqlite } from "../src/database/open-sqlite.ts";
import { fingerprintOf } from "../src/net/certificate.ts";
import { createTestAuthority, WEB1 } from "../src/net/loopback-fixture.ts";
import { createCimXmlServer } from "../src/protocols/cim-xml/server.ts";
import { createEventSource } from "../src/protocols/wsman/event-source.ts";
import { createMemoryEventStorage } from "../src/protocols/wsman/event-storage.ts";
import { createWsmanHandler, type HttpHandler } from "../src/protocols/wsman/http-handler.ts";
import { createWsmanServer } from "../src/protocols/wsman/server.ts";
import type { Clock } from "../src/runtime/clock.ts";
import { silentLog as log } from "../src/runtime/log.ts";
import { formatUuid, systemRandom as random } from "../src/runtime/random.ts";
import { addressOf, kindOf } from "./watch-hosts.ts";
import { createMachine } from "./watch-machine.ts";
import { fasterClock, serveParts } from "./watch-parts.ts";

interface Host {
  readonly handle: HttpHandler;
  /** Moments of its looks, milliseconds of this process. */
  readonly looks: number[];
  /** Loses its subscription, as a server does that was set up anew. */
  readonly forget: () => Promise<void>;
  readonly isSubscribed: () => boolean;
}

const hosts: Host[] = [];
const listeners: Server[] = [];
const byAddress = new Map<string, Host>();
const RULES = { allowPlain: false, allowLoopback: true, defaultPort: 1 };
const known = async () => ({ known: true, user: "ops", mayChange: true }) as const;
const newMessageId = () => `uuid:${formatUuid(random(16))}`;
let connections = 0;
let handshakes = 0;
let resumed = 0;
let requests = 0;

/** The machine, and when somebody begins to look at it: the operating system is asked first. */
function watched(machine: ObjectManager, looks: number[]): ObjectManager {
  return {
    ...machine,
    enumerateInstances(operation) {
      if (operation.className.endsWith("_OperatingSystem")) looks.push(performance.now());
      return machine.enumerateInstances(operation);
    },
  };
}

function createCimXmlHost(machine: ObjectManager, { clock }: { clock: Clock }): Host {
  const looks: number[] = [];
  const common = { identify: known, hostName: "fake", clock, random, log };
  const server = createCimXmlServer({ manager: watched(machine, looks), ...common });
  const create = () => {
    const indications = createIndicationService({
      store: createIndicationStore({ sqlite: openSqlite({ file: ":memory:", cacheBytes: 100_000 }), clock, random }),
      isSubclass: (name, ancestor) => name === ancestor || ancestor === "CIM_Indication",
      ...{ rules: RULES, systemName: "fake", trustOf: () => ({ trust: { kind: "system" } }) as const },
      ...{ clock, random, log },
    });
    const names = { SystemCreationClassName: "CIM_ComputerSystem", SystemName: "fake" };
    const manager = createObjectManager({
      classes: { [CIMV2]: [], [INTEROP]: [CIM_AlertIndication] },
      providers: [
        ...indications.providers,
        provide(CIM_ObjectManager, {
          namespace: INTEROP,
          instances: () => [{ ...names, CreationClassName: "CIM_ObjectManager", Name: "fake" }],
        }),
      ],
      clock,
    });
    return { indications, server: createCimXmlServer({ manager, ...common }) };
  };
  let interop: ReturnType<typeof create> | undefined;
  return {
    looks,
    handle(request, response) {
      if (decodeURIComponent(String(request.headers.cimobject)) !== INTEROP) return server.handle(request, response);
      interop ??= create();
      interop.server.handle(request, response);
    },
    async forget() {
      await interop?.indications.stop();
      interop?.server.stop();
      interop = undefined;
    },
    isSubscribed: () => (interop?.indications.destinations().length ?? 0) > 0,
  };
}

function createWsmanHost(machine: ObjectManager, { vendor, clock }: { vendor: string; clock: Clock }): Host {
  const looks: number[] = [];
  const objects = watched(machine, looks);
  const create = () => {
    const post = () => Promise.reject(new Error("nothing is told here"));
    const eventing = createEventSource({ objects, storage: createMemoryEventStorage(), post, clock, random, log });
    const server = createWsmanServer({ objects, product: { vendor, version: "1.0" }, eventing, clock, random, log });
    return { eventing, handle: createWsmanHandler({ server, identify: known, newMessageId }) };
  };
  let now = create();
  return {
    looks,
    handle: (request, response) => now.handle(request, response),
    async forget() {
      await now.eventing.stop();
      now = create();
    },
    isSubscribed: () => now.eventing.subscriptions.length > 0,
  };
}

/** On every address the same port: the first one's, which the system chooses. */
async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen({ host, port }, resolve));
  return (server.address() as AddressInfo).port;
}

const works = {
  /** Serves so many hosts. `factor`: how much faster than the world's their clock runs. */
  async start({ count, factor, keepAliveMs }: { count: number; factor: number; keepAliveMs: number }) {
    const clock = fasterClock(factor);
    const machine = createMachine();
    const authority = await createTestAuthority();
    const identity = await authority.identify(WEB1, { names: ["fleet"] });
    const { key, cert } = identity.secureContextOptions();
    await authority.remove();
    const https = createHttpsServer({ key, cert, keepAliveTimeout: keepAliveMs / factor }, (request, response) => {
      requests += 1;
      byAddress.get(request.socket.localAddress ?? "")?.handle(request, response);
    });
    https.on("secureConnection", (socket) => {
      handshakes += 1;
      if (socket.isSessionReused()) resumed += 1;
    });
    let port = 0;
    for (let index = 0; index < count; index += 1) {
      const kind = kindOf(index);
      const vendor = kind === "windows" ? "Microsoft Corporation" : "Openwsman Project";
      const host =
        kind === "cim-xml" ? createCimXmlHost(machine, { clock }) : createWsmanHost(machine, { vendor, clock });
      hosts.push(host);
      byAddress.set(addressOf(index), host);
      const listener = createServer({ noDelay: true }, (socket) => {
        connections += 1;
        socket
          .on("error", () => {})
          .once("close", () => {
            connections -= 1;
          });
        https.emit("connection", socket);
      });
      listeners.push(listener);
      port = await listen(listener, addressOf(index), port);
    }
    return { port, fingerprint: fingerprintOf(new X509Certificate(cert)) };
  },
  /** What came since the last question. */
  told() {
    const looks = hosts.map((host) => host.looks.splice(0));
    const answer = { looks, connections, handshakes, resumed, requests, processor: process.cpuUsage() };
    [handshakes, resumed, requests] = [0, 0, 0];
    return answer;
  },
  /** How many of them have a subscription. */
  subscribed: () => hosts.filter((host) => host.isSubscribed()).length,
  async forget(count: number) {
    const chosen = hosts.filter((host) => host.isSubscribed()).slice(0, count);
    for (const host of chosen) await host.forget();
    return chosen.length;
  },
} as const;
export type FleetWorks = typeof works;

serveParts(works, async () => {
  for (const listener of listeners) listener.close();
});
