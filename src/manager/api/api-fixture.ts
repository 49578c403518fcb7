// Both listeners of the API over a fleet in memory and a database in memory. Never used outside tests.

import { createServer } from "node:http";
import type { FastifyInstance, FastifyServerFactory } from "fastify";
import { type ApiClient, createClient, type Transport } from "../../api/client.ts";
import { type Database, openDatabase } from "../../database/open-database.ts";
import { readMetricsToken } from "../../net/metrics-token.ts";
import type { Clock } from "../../runtime/clock.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { type Log, silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { collectManagerMetrics } from "../metrics/manager-metrics.ts";
import {
  createAccountRepository,
  createAuditTrail,
  createSessionRepository,
  createSignInLinkRepository,
} from "./account-tables.ts";
import type { ConsoleFiles } from "./console-files.ts";
import { createApi } from "./create-api.ts";
import { createHandlers } from "./create-handlers.ts";
import { createEventHub, type EventHub } from "./event-hub.ts";
import type { Identify } from "./identity.ts";
import { createMemoryFleet, type MemoryFleet } from "./memory-fleet-fixture.ts";
import type { ManagerFacts } from "./needs.ts";
import { createPasswords } from "./passwords.ts";
import { createSessions } from "./sessions.ts";
import { createSignInThrottle } from "./sign-in-throttle.ts";

export interface ApiFixture {
  readonly clock: Clock;
  readonly hub: EventHub;
  readonly fleet: MemoryFleet;
  readonly database: Database;
  readonly administration: FastifyInstance;
  readonly console: FastifyInstance;
  close(): Promise<void>;
}

export interface FixtureOptions {
  readonly clock?: Clock;
  readonly log?: Log;
  readonly consoleFiles?: ConsoleFiles;
  readonly consoleUrl?: () => string;
  readonly consoleServerFactory?: FastifyServerFactory;
  /** Where the console shall answer `/metrics`. */
  readonly metricsTokenFile?: string;
  /** How the administration port knows callers; as nobody where not given. */
  readonly identify?: Identify;
}

const plainServer: FastifyServerFactory = (handler) => createServer(handler);
export const SESSION_SECONDS = 43_200;

export async function createApiFixture(options: FixtureOptions = {}): Promise<ApiFixture> {
  const clock = options.clock ?? new FakeClock();
  const log = options.log ?? silentLog;
  const random = systemRandom;
  const database = await openDatabase({ file: ":memory:", clock, log: silentLog });
  const hub = createEventHub({ random });
  const fleet = createMemoryFleet({ clock, hub });
  const sessions = createSessions({
    repository: createSessionRepository(database),
    clock,
    random,
    lifetimeSeconds: SESSION_SECONDS,
  });
  const manager: ManagerFacts = {
    version: "0.1.0",
    managerId: "m1",
    startedAtMs: clock.now(),
    flows: () => [
      { flow: "console", transport: "tcp", address: "::", port: 0, listening: true, problem: null },
      {
        flow: "snmpTrap",
        transport: "udp",
        address: "::",
        port: 0,
        listening: false,
        problem: "port 44302 is already in use by snmptrapd (pid 812)",
      },
    ],
    consoleUrl: options.consoleUrl ?? (() => "https://manager.example"),
  };
  const handlers = createHandlers({
    ...fleet,
    clock,
    random,
    manager,
    accounts: createAccountRepository(database),
    links: createSignInLinkRepository(database),
    sessions,
    passwords: createPasswords({ random }),
    throttle: createSignInThrottle({ clock }),
  });
  const common = {
    handlers,
    hub,
    hosts: fleet.hosts,
    manager,
    audit: createAuditTrail(database),
    clock,
    random,
    log,
    sessionSeconds: SESSION_SECONDS,
  };
  const administration = await createApi({
    ...common,
    listener: "administration",
    serverFactory: plainServer,
    identify: options.identify ?? (() => undefined),
    consoleFiles: undefined,
  });
  const console = await createApi({
    ...common,
    listener: "console",
    serverFactory: options.consoleServerFactory ?? plainServer,
    identify: sessions.identify,
    onSessionsEnded: sessions.onEnded,
    consoleFiles: options.consoleFiles,
    metrics:
      options.metricsTokenFile === undefined
        ? undefined
        : {
            mayScrape: await readMetricsToken(options.metricsTokenFile),
            collect: () => collectManagerMetrics({ ...fleet, manager }),
          },
  });
  return {
    clock,
    hub,
    fleet,
    database,
    administration,
    console,
    async close() {
      await Promise.all([administration.close(), console.close()]);
      await database.destroy();
    },
  };
}

/** Whoever holds a role, for the administration port. */
export function identifyAs(role: "viewer" | "operator" | "administrator"): Identify {
  return () => ({ name: `the ${role}`, role, via: "certificate", session: null });
}

/** The contract's own client over an instance that listens nowhere. */
export function clientOf(app: FastifyInstance, headers: Readonly<Record<string, string>> = {}): ApiClient {
  return createClient(injectTransport(app, headers));
}

export function injectTransport(app: FastifyInstance, headers: Readonly<Record<string, string>>): Transport {
  return async (request) => {
    const response = await app.inject({
      method: request.method,
      url: request.path,
      headers: { ...request.headers, ...headers },
      ...(request.body === undefined ? {} : { payload: request.body }),
    });
    return {
      status: response.statusCode,
      headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
      body: (async function* () {
        yield response.rawPayload;
      })(),
    };
  };
}

/** What the console's own page sends along. */
export const FROM_OUR_PAGE = { "sec-fetch-site": "same-origin", host: "manager.example" } as const;
