// How others manage this host by the standards: WS-Management and CIM-XML over one object manager, and indications over
// both. Our manager comes with its certificate; anybody else's client with an account, and without accounts nobody else
// gets past the handshake.

import { existsSync, renameSync } from "node:fs";
import { hostname } from "node:os";
import type { ObjectManager } from "../../cim/object-manager.ts";
import { CIMV2 } from "../../cim/provider.ts";
import { openSqlite, type Sqlite } from "../../database/open-sqlite.ts";
import type { Alert } from "../../model/alert.ts";
import { readAuthorityFiles } from "../../net/authority-files.ts";
import type { Connections } from "../../net/connections.ts";
import { createHttpListener } from "../../net/http-listen.ts";
import { createHttpsListener, type HttpsListener } from "../../net/https-listen.ts";
import type { Identity } from "../../net/identity.ts";
import type { PortBook } from "../../ports/port-settings.ts";
import { createCimXmlServer } from "../../protocols/cim-xml/server.ts";
import { createEventSource } from "../../protocols/wsman/event-source.ts";
import { createWsmanHandler } from "../../protocols/wsman/http-handler.ts";
import { createWsmanServer } from "../../protocols/wsman/server.ts";
import type { Clock } from "../../runtime/clock.ts";
import { CorruptionError, reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { VERSION } from "../../runtime/package.ts";
import { formatUuid, type Random } from "../../runtime/random.ts";
import type { Service } from "../../runtime/service.ts";
import type { AgentObjectManagerNeeds } from "../cim/create-agent-object-manager.ts";
import { createAlertIndications } from "../indications/alert-indication.ts";
import { type DestinationRules, parseDestination } from "../indications/destination-address.ts";
import { createIndicationService } from "../indications/indication-service.ts";
import { createIndicationStore } from "../indications/indication-store.ts";
import { createLifeCycleWatch } from "../indications/life-cycle-watch.ts";
import { INDICATION_LIMITS } from "../indications/limits.ts";
import { createAccounts } from "./accounts.ts";
import { type AgentMetricsNeeds, serveMetrics } from "./agent-metrics.ts";
import { type Caller, createCallers } from "./callers.ts";
import { createEventStore } from "./event-store.ts";
import { createFanOut } from "./fan-out.ts";
import { createSinkDialer } from "./sink-dialer.ts";
import { createTrustOf } from "./trust.ts";

/** Subscriptions are few, and events rare. */
const CACHE_BYTES = 512 * 1024;

export interface ManagementNeeds {
  readonly files: { readonly accounts: string; readonly events: string; readonly indications: string };
  readonly settings: {
    readonly listenHost: string;
    /** Whether WS-Management is served on plain HTTP, too, and CIM-XML on the loopback address. */
    readonly plainWsman: boolean;
    readonly localCimXml: boolean;
    readonly rules: DestinationRules;
    /** Files of authorities whose certificates listeners of indications may show, beside our own. */
    readonly destinationAuthorities?: readonly string[];
  };
  readonly book: PortBook;
  readonly identity: () => Identity;
  readonly managerId: () => string;
  /** Makes the object manager with what this room adds to it. */
  readonly createObjects: (additions: Pick<AgentObjectManagerNeeds, "providers" | "mechanisms">) => ObjectManager;
  /** Undefined where nobody may scrape. */
  readonly metrics?: AgentMetricsNeeds | undefined;
  readonly connections: Connections;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface Management {
  /** In the order in which they start. */
  readonly services: readonly Service[];
  /** Each may be missing: its port may be somebody else's. */
  readonly listeners: readonly Service[];
  /** Tells an alert to whoever has subscribed. Never throws: the alert itself is told another way. */
  tell(alert: Alert): void;
  /** A renewed certificate is shown from now on. */
  setIdentity(identity: Identity): void;
}

export async function createManagement(needs: ManagementNeeds): Promise<Management> {
  const { files, settings, book, identity, managerId, metrics, connections, clock, random, log } = needs;
  const { rules, listenHost, destinationAuthorities = [] } = settings;
  const systemName = hostname();
  const trustOf = createTrustOf(
    identity,
    await readAuthorityFiles("cim.destinationAuthorities", destinationAuthorities),
  );
  const newMessageId = () => `uuid:${formatUuid(random(16))}`;

  // Indications over CIM-XML are instances of the object manager, whose classes their filters speak of.
  let objects: ObjectManager;
  const indicationStore = createIndicationStore({ sqlite: openOrSetAside(files.indications, needs), clock, random });
  const indications = createIndicationService({
    store: indicationStore,
    isSubclass: (className, ancestor) => objects.isSubclass({ namespace: CIMV2, className, ancestor }),
    rules,
    systemName,
    trustOf,
    clock,
    random,
    log,
  });
  objects = needs.createObjects({
    providers: () => indications.providers,
    mechanisms: [
      { protocol: "ws-management", version: "1.2" },
      { protocol: "cim-xml", version: "1.0" },
    ],
  });

  const eventStore = createEventStore(openOrSetAside(files.events, needs));
  const sinks = createSinkDialer({ rules, trustOf, clock, timeoutMs: INDICATION_LIMITS.deliveryTimeoutMs });
  const events = createEventSource({
    objects,
    storage: eventStore,
    post: sinks.post,
    judgeAddress: (address) => problemOf(() => parseDestination(address, rules)),
    clock,
    random,
    log,
  });

  const emit = createFanOut({ indications, events, log });
  const lifeCycle = createLifeCycleWatch({
    manager: objects,
    isWanted: () => indications.wantsLifeCycle || events.wants("CIM_InstIndication"),
    emit,
    hostName: systemName,
    clock,
    random,
    log,
  });
  const alerts = createAlertIndications({ systemName, clock });

  const accounts = createAccounts({ file: files.accounts, random });
  const callers = createCallers({ accounts, clock, random, log });
  const wsman = createWsmanServer({
    objects,
    product: { vendor: "Rusuban", version: VERSION },
    eventing: events,
    clock,
    random,
    log,
  });
  const cimXml = (identify: (request: Parameters<typeof callers.identify>[0]) => Promise<Caller>) =>
    createCimXmlServer({
      manager: objects,
      identify: async (request) => cimXmlCaller(await identify(request)),
      hostName: systemName,
      clock,
      random,
      log,
    });

  await accounts.list(); // A damaged file is told at the start, not to the first who needs it.
  const standard = (flow: "wsmanHttps" | "cimXml"): HttpsListener =>
    createHttpsListener({
      flow,
      host: listenHost,
      port: book.portOf(flow),
      identity: identity(),
      tls: "standard",
      allow: ["manager", "anonymous"],
      mayBeAnonymous: () => (flow === "wsmanHttps" && metrics !== undefined) || accounts.areThere(),
      isRevoked: () => false, // A host hears of no revocations; its manager is the only one it listens to.
      isExpected: (peer) => peer.kind === "manager" && peer.id === managerId(),
      connections,
      log,
      clock,
    });

  const wsmanListener = standard("wsmanHttps");
  const handleWsman = createWsmanHandler({ server: wsman, identify: callers.identify, newMessageId });
  wsmanListener.serverFactory(
    metrics === undefined
      ? handleWsman
      : serveMetrics(metrics, { host: systemName, version: VERSION, next: handleWsman }),
  );
  const cimXmlListener = standard("cimXml");
  const cimXmlServer = cimXml(callers.identify);
  cimXmlListener.serverFactory(cimXmlServer.handle);
  const listeners: Service[] = [wsmanListener, cimXmlListener];
  const stops = [() => wsman.close(), () => cimXmlServer.stop()];
  if (settings.plainWsman) {
    const plain = createHttpListener({
      flow: "wsmanHttp",
      host: listenHost,
      port: book.portOf("wsmanHttp"),
      log,
      clock,
    });
    plain.serverFactory(createWsmanHandler({ server: wsman, identify: callers.identifyPlain, newMessageId }));
    log.warn({ flow: "wsman-http" }, "WS-Management is served without encryption: passwords can be read on the way");
    listeners.push(plain);
  }
  if (settings.localCimXml) {
    const local = createHttpListener({
      flow: "cimXmlLoopback",
      host: "127.0.0.1",
      port: book.portOf("cimXmlLoopback"),
      log,
      clock,
    });
    const server = cimXml(callers.identifyPlain);
    local.serverFactory(server.handle);
    stops.push(() => server.stop());
    listeners.push(local);
  }

  const stores: Service = {
    name: "stores of indications",
    start: async () => {},
    async stop() {
      for (const stop of stops) stop();
      sinks.close();
      eventStore.close();
    },
  };
  return {
    services: [stores, indications, events, lifeCycle],
    listeners,
    tell(alert) {
      emit([alerts.of(alert)]);
    },
    setIdentity(renewed) {
      wsmanListener.setIdentity(renewed);
      cimXmlListener.setIdentity(renewed);
      sinks.forget();
    },
  };
}

/** A damaged one is set aside: who had subscribed finds out when it renews, and alerts have their own way. */
function openOrSetAside(file: string, { clock, log }: Pick<ManagementNeeds, "clock" | "log">): Sqlite {
  try {
    return openSqlite({ file, cacheBytes: CACHE_BYTES });
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    const aside = `${file}.damaged-${clock.now()}`;
    for (const suffix of ["", "-wal", "-shm"]) if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
    log.error({ file, aside, reason: error.message }, "subscriptions to indications are damaged and were set aside");
    return openSqlite({ file, cacheBytes: CACHE_BYTES });
  }
}

function problemOf(judge: () => unknown): string | undefined {
  try {
    judge();
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/** In the words of CIM-XML: a refusal is an HTTP status with its headers. */
function cimXmlCaller(caller: Caller) {
  if (caller.known) return caller;
  if (caller.retryAfterSeconds !== undefined) {
    const headers = { "retry-after": String(caller.retryAfterSeconds) };
    return { known: false, status: 503, reason: "try again later", headers } as const;
  }
  const headers = { "www-authenticate": 'Basic realm="CIM", charset="UTF-8"' };
  return { known: false, status: 401, reason: "name and password of an account are needed", headers } as const;
}
