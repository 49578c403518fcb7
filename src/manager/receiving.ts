import type { Database } from "../database/open-database.ts";
import type { HttpsListenerNeeds } from "../net/https-listen.ts";
import { readIssuers } from "../net/issuer-file.ts";
import type { PortBook } from "../ports/port-settings.ts";
import type { Clock } from "../runtime/clock.ts";
import { SettingsError } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { Random } from "../runtime/random.ts";
import type { Service } from "../runtime/service.ts";
import type { Inbox } from "./alerts/inbox.ts";
import type { HostDecisions } from "./fleet/host-groups.ts";
import type { HostList } from "./fleet/host-list.ts";
import { createIndicationIntake } from "./indications/indication-intake.ts";
import { createHostOf, createIndicationListener } from "./indications/indication-listener.ts";
import { createSequenceMemory } from "./indications/sequence-memory.ts";
import type { DeclaredListener } from "./listeners.ts";
import type { ManagerSettings } from "./settings.ts";
import type { Watching } from "./watching.ts";
import { createEventCollector } from "./windows-events/event-collector.ts";
import { createEventIntake } from "./windows-events/event-intake.ts";
import { createPublishers, type Publishers } from "./windows-events/publishers.ts";
import { subscriptionOf } from "./windows-events/subscription.ts";

// The part of the composition root that hears what others tell by the standards: indications, and Windows' events.

export interface ReceivingNeeds {
  readonly settings: ManagerSettings;
  readonly book: PortBook;
  readonly managerId: string;
  /** Where servers reach this manager, the best first. */
  readonly addresses: readonly string[];
  /** Numbers of the indications that were seen. */
  readonly indicationsFile: string;
  readonly listening: Omit<HttpsListenerNeeds, "flow" | "port" | "allow" | "tls">;
  readonly database: Database;
  readonly hosts: HostList;
  readonly decisions: HostDecisions;
  readonly inbox: Inbox;
  readonly watching: Watching;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** For what others can cause without end. */
  readonly boundedLog: Log;
}

export interface Receiving {
  /** Of a host that is no longer minded. */
  remove(hostId: string): void;
  /** In the order in which they start. */
  readonly services: readonly Service[];
  readonly declared: readonly DeclaredListener[];
}

export function createReceiving(needs: ReceivingNeeds): Receiving {
  const { settings, book, listening, hosts, decisions, inbox, watching, clock, random, log, boundedLog } = needs;
  const byAddress = settings["indications.byAddress"] === "on";
  const hostOf = createHostOf({
    hosts: hosts.all,
    hasAgent: (hostId) => decisions.hasAgent(hostId),
    byAddress,
    hostOfToken: (token) => watching.subscriptions?.hostOf(token),
  });
  const indications = createIndicationIntake({
    inbox,
    hostOf,
    memory: createSequenceMemory({ file: needs.indicationsFile, log }),
    clock,
    random,
    log: boundedLog,
  });
  const indicationListener = createIndicationListener({
    book,
    listening,
    allowAnonymous: byAddress || watching.subscriptions !== undefined,
    intake: indications,
    ...{ hostOf, random, log: boundedLog },
  });
  const windows = settings["events.collect"] === "on" ? createWindowsEvents(needs) : undefined;
  return {
    remove: (hostId) => windows?.publishers.remove(hostId),
    services: [indications],
    declared: windows === undefined ? [indicationListener] : [indicationListener, windows.declared],
  };
}

function createWindowsEvents(needs: ReceivingNeeds): { publishers: Publishers; declared: DeclaredListener } {
  const { settings, book, managerId, addresses, listening, database, hosts, inbox, watching } = needs;
  const { clock, random, boundedLog: log } = needs;
  const file = settings["events.issuerFile"];
  if (file === "") {
    const what = "name the file with the certificate of the authority that issues the Windows servers' certificates";
    throw new SettingsError("events.issuerFile", `${what}, or set events.collect to off`);
  }
  const subscription = subscriptionOf({
    managerId,
    queries: settings["events.queries"],
    heartbeatSeconds: settings["events.heartbeatSeconds"],
    batchSeconds: settings["events.batchSeconds"],
    language: settings["events.language"],
  });
  const publishers = createPublishers({
    ...{ database, hosts, clock, random, log },
    onDiscovered: watching.onDiscovered,
  });
  const declared = createEventCollector({
    ...{ book, listening, subscription, publishers, random, log },
    address: addresses[0] ?? "localhost",
    issuers: readIssuers("events.issuerFile", file),
    commit: createEventIntake({
      ...{ inbox, publishers, clock, random, log },
      subscriptionId: subscription.id,
      onSign: watching.onEvents,
    }),
    onAsk: watching.onEvents,
  });
  return { publishers, declared };
}
