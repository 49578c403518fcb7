import type { Database } from "../database/open-database.ts";
import { createHttpsListener, type HttpsListenerNeeds, peerOfRequest } from "../net/https-listen.ts";
import { readMetricsToken } from "../net/metrics-token.ts";
import type { PortBook } from "../ports/port-settings.ts";
import type { Clock } from "../runtime/clock.ts";
import { reasonOf } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { Random } from "../runtime/random.ts";
import {
  createAccountRepository,
  createAuditTrail,
  createSessionRepository,
  createSignInLinkRepository,
} from "./api/account-tables.ts";
import { readConsoleFiles } from "./api/console-files.ts";
import { createApi } from "./api/create-api.ts";
import { createHandlers, type HandlerNeeds } from "./api/create-handlers.ts";
import type { EventHub } from "./api/event-hub.ts";
import { identifyByCertificate } from "./api/identity.ts";
import type { MetricsService } from "./api/metrics-route.ts";
import { createPasswords } from "./api/passwords.ts";
import { createSessions } from "./api/sessions.ts";
import { createSignInThrottle } from "./api/sign-in-throttle.ts";
import type { DeclaredListener } from "./listeners.ts";
import { collectManagerMetrics } from "./metrics/manager-metrics.ts";

// One API on two listeners: administration knows its callers by certificate, the console by session.

type Fleet = Omit<HandlerNeeds, "accounts" | "links" | "sessions" | "passwords" | "throttle">;

export interface WebNeeds {
  readonly fleet: Fleet;
  readonly hub: EventHub;
  readonly database: Database;
  readonly book: PortBook;
  /** What the two listeners have in common with all others. */
  readonly listening: Omit<HttpsListenerNeeds, "flow" | "port" | "allow" | "tls">;
  /** Where the built console is. */
  readonly consoleFolder: string;
  readonly sessionSeconds: number;
  /** The private file with the token of `/metrics`; empty: there is none. */
  readonly metricsTokenFile: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface Web {
  readonly declared: readonly DeclaredListener[];
  close(): Promise<void>;
}

export async function createWeb(needs: WebNeeds): Promise<Web> {
  const { fleet, hub, database, book, listening, consoleFolder, sessionSeconds, clock, random, log } = needs;
  const sessions = createSessions({
    repository: createSessionRepository(database),
    clock,
    random,
    lifetimeSeconds: sessionSeconds,
  });
  const common = {
    handlers: createHandlers({
      ...fleet,
      accounts: createAccountRepository(database),
      links: createSignInLinkRepository(database),
      sessions,
      passwords: createPasswords({ random }),
      throttle: createSignInThrottle({ clock }),
    }),
    hub,
    hosts: fleet.hosts,
    manager: fleet.manager,
    audit: createAuditTrail(database),
    clock,
    random,
    log,
    sessionSeconds,
  };
  const administrationPort = book.portOf("administration");
  const administration = createHttpsListener({
    ...listening,
    flow: "administration",
    port: administrationPort,
    allow: ["administrator"],
  });
  const administrationApi = await createApi({
    ...common,
    listener: "administration",
    serverFactory: administration.serverFactory,
    identify: identifyByCertificate(({ raw }) => {
      const peer = peerOfRequest(raw);
      return peer.kind === "administrator" ? peer.name : undefined;
    }),
    consoleFiles: undefined,
  });
  const consolePort = book.portOf("console");
  const console = createHttpsListener({
    ...listening,
    flow: "console",
    port: consolePort,
    allow: ["anonymous"],
    tls: "server-only",
  });
  const consoleApi = await createApi({
    ...common,
    listener: "console",
    serverFactory: console.serverFactory,
    identify: sessions.identify,
    onSessionsEnded: sessions.onEnded,
    metrics: needs.metricsTokenFile === "" ? undefined : await createMetrics(needs.metricsTokenFile, fleet),
    consoleFiles: await readConsoleFiles(consoleFolder).catch((error: unknown) => {
      log.warn({ reason: reasonOf(error) }, "the console's pages are missing; its API works");
      return undefined;
    }),
  });
  return {
    declared: [
      { flow: "administration", port: administrationPort, listener: administration },
      { flow: "console", port: consolePort, listener: console },
    ],
    async close() {
      await Promise.all([administrationApi.close(), consoleApi.close()]);
    },
  };
}

async function createMetrics(tokenFile: string, fleet: Fleet): Promise<MetricsService> {
  return { mayScrape: await readMetricsToken(tokenFile), collect: () => collectManagerMetrics(fleet) };
}
