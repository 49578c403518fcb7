import type { Database } from "../database/open-database.ts";
import type { MaintenanceWindow } from "../model/maintenance.ts";
import { createPinger } from "../net/pinger.ts";
import type { PortBook } from "../ports/port-settings.ts";
import type { Clock } from "../runtime/clock.ts";
import { reasonOf } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { Random } from "../runtime/random.ts";
import type { Service } from "../runtime/service.ts";
import type { Inbox } from "./alerts/inbox.ts";
import { createLatestReadings, type LatestReadings } from "./alerts/latest-readings.ts";
import type { HandlerNeeds } from "./api/create-handlers.ts";
import type { EventHub } from "./api/event-hub.ts";
import { createAgentlessDesk, toHost } from "./api-hosts.ts";
import { createIndicationDesk } from "./api-indications.ts";
import type { ControlLink } from "./fleet/control-link.ts";
import type { HostDecisions } from "./fleet/host-groups.ts";
import type { HostList } from "./fleet/host-list.ts";
import type { Presence } from "./fleet/presence.ts";
import type { ManagerSettings } from "./settings.ts";
import { createAgentlessList } from "./watch/agentless/agentless-list.ts";
import { createAgentlessWatch } from "./watch/agentless/agentless-watch.ts";
import { discover } from "./watch/agentless/discovery.ts";
import { createDownAlert } from "./watch/agentless/down-alert.ts";
import { createLookNotes } from "./watch/agentless/look-notes.ts";
import { openSecretSeal } from "./watch/agentless/sealed-secret.ts";
import { createForwarding } from "./watch/forward/forwarding.ts";
import { groupStates } from "./watch/group-states.ts";
import { createHistory, type History } from "./watch/history/history.ts";
import { createLookJudge } from "./watch/look-judge.ts";
import type { MaintenanceCalendar } from "./watch/maintenance/maintenance-calendar.ts";
import { nextOccurrence } from "./watch/maintenance/maintenance-times.ts";
import { createReachability } from "./watch/reachability.ts";
import { createReturns } from "./watch/returns.ts";
import { createSubscriptions } from "./watch/subscriptions/subscriptions.ts";
import { createThresholdDesk, ruleSettingsFrom } from "./watch/threshold-desk.ts";
import { createWindowsSilence } from "./watch/windows-silence.ts";

// The part of the composition root that watches: readings with their history, hosts that fall silent and return, servers
// without an agent and the subscriptions at them.

const PING_TIMEOUT_MS = 3_000;

/** The last look at each host, told to whoever looks on, kept as history, and passed on where the settings say so. */
export interface ReadingsRoom {
  readonly readings: LatestReadings;
  readonly history: History;
  /** In the order in which they start. */
  readonly services: readonly Service[];
}

export async function createReadingsRoom(needs: {
  readonly settings: ManagerSettings;
  readonly database: Database;
  readonly hosts: Pick<HostList, "find">;
  readonly hub: Pick<EventHub, "publish">;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<ReadingsRoom> {
  const { settings, database, hosts, hub, clock, log } = needs;
  const history = createHistory({
    database,
    settings: {
      minutesDays: settings["history.minutesDays"],
      hoursDays: settings["history.hoursDays"],
      bytesMax: settings["history.mebibytes"] * 1024 * 1024,
    },
    clock,
    log,
  });
  const forwarding = await createForwarding(settings, { clock, log });
  const readings = createLatestReadings({
    onReadings(hostId, latest) {
      hub.publish({ kind: "readings", hostId, readings: latest });
      history.take(hostId, latest);
      if (forwarding === undefined) return;
      void hosts.find(hostId).then((host) => host && forwarding.take(host.name, latest));
    },
  });
  return { readings, history, services: forwarding === undefined ? [history] : [history, forwarding] };
}

export interface WatchingNeeds {
  readonly settings: ManagerSettings;
  readonly book: PortBook;
  readonly managerId: string;
  /** Where servers reach this manager, the best first. */
  readonly addresses: readonly string[];
  readonly secretKeyFile: string;
  readonly database: Database;
  readonly hosts: HostList;
  readonly presence: Presence;
  readonly decisions: HostDecisions;
  readonly maintenance: MaintenanceCalendar;
  readonly inbox: Inbox;
  readonly readings: LatestReadings;
  readonly knock: ControlLink["knock"];
  /** Has somebody find out what stands between a silent host and this manager. */
  readonly explain: (hostId: string) => void;
  /** Tells whoever looks on how a host is now. */
  readonly publishHost: (hostId: string) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** For what others can cause without end. */
  readonly boundedLog: Log;
}

export interface Watching {
  /** A host has shown that it lives. */
  onSign(hostId: string): void;
  /** A host has shown that it lives by what its Windows sends, which says so of hosts that are known by nothing else. */
  onEvents(hostId: string): void;
  /** A host that has just been made is minded from now on. */
  onDiscovered(hostId: string): Promise<void>;
  /** Of a host that is no longer minded. */
  remove(hostId: string): void;
  /** Undefined where the settings have it off. */
  readonly subscriptions: ReturnType<typeof createSubscriptions> | undefined;
  /** What the API asks of it. */
  readonly desks: Pick<HandlerNeeds, "agentless" | "groups" | "indications" | "maintenance">;
  /** In the order in which they start. */
  readonly services: readonly Service[];
}

export async function createWatching(needs: WatchingNeeds): Promise<Watching> {
  const { settings, book, database, hosts, presence, decisions, maintenance, inbox, readings, publishHost } = needs;
  const { clock, random, log, boundedLog } = needs;
  const mayBeTold = (hostId: string) => decisions.isWatched(hostId) && maintenance.windowOf(hostId) === undefined;
  const pinger = createPinger({ clock });
  const pingOnce = (address: string) => pinger.ping(address, PING_TIMEOUT_MS);
  const returns = createReturns({ inbox, find: hosts.find, clock, random, log });
  const onSign = (hostId: string) => {
    if (!presence.sign(hostId)) return;
    void publishHost(hostId).then(() => returns.onReturn(hostId));
  };
  const reachability = createReachability({
    // What is in maintenance, or not watched, may be silent; whoever is so still afterwards is told of then.
    silent: (silentMs) => presence.silent(silentMs).filter((hostId) => decisions.hasAgent(hostId) && mayBeTold(hostId)),
    miss: (hostId) => presence.miss(hostId, settings["hosts.unreachableSeconds"] * 1_000),
    async find(hostId) {
      const record = await hosts.find(hostId);
      return record && toHost(record, presence);
    },
    ping: pingOnce,
    knock: needs.knock,
    explain: needs.explain,
    raise: (hostId, alert) => returns.raiseOnce(hostId, alert),
    onChange: (hostId) => void publishHost(hostId),
    unreachableSeconds: settings["hosts.unreachableSeconds"],
    clock,
    random,
    log,
  });
  const seal = await openSecretSeal(needs.secretKeyFile, random);
  const agentlessList = createAgentlessList({ database, seal, clock, random, log });
  const subscriptions =
    settings["indications.subscribe"] === "off"
      ? undefined
      : createSubscriptions({
          managerId: needs.managerId,
          address: needs.addresses[0] ?? "localhost",
          port: book.portOf("cimIndication"),
          find: agentlessList.find,
          ping: pingOnce,
          inbox,
          mayBeTold,
          ...{ database, seal, clock, random, log: boundedLog },
        });
  const ruleSettings = ruleSettingsFrom(settings);
  const judge = createLookJudge({
    ...{ inbox, settings: ruleSettings, thresholdsOf: agentlessList.thresholdsOf },
    isWatched: (hostId) => decisions.isWatched(hostId),
    ...{ clock, random, log: boundedLog },
  });
  const silence = createWindowsSilence({
    heartbeatMs: settings["events.heartbeatSeconds"] * 1_000,
    silent: (silentMs) =>
      presence
        .silent(silentMs)
        .filter((id) => decisions.isKnownByEvents(id) && mayBeTold(id) && presence.of(id).state !== "unreachable"),
    miss: (hostId, silentMs) => presence.miss(hostId, silentMs),
    async find(hostId) {
      const record = await hosts.find(hostId);
      return record && toHost(record, presence);
    },
    ping: pingOnce,
    raise: (hostId, alert) => returns.raiseOnce(hostId, alert),
    onChange: (hostId) => void publishHost(hostId),
    clock,
    random,
    log,
  });
  const notes = createLookNotes({ hosts, clock, log });
  const agentless = createAgentlessWatch({
    list: agentlessList,
    ping: pingOnce,
    intervalMs: settings["hosts.pollSeconds"] * 1_000,
    failuresMax: settings["hosts.pollFailures"],
    onLook(hostId, { facts, readings: look }) {
      void judge.judge(hostId, look).then((stated) => stated && readings.take(hostId, stated));
      onSign(hostId);
      notes.take(hostId, facts);
    },
    onDown(target, why) {
      const { hostId } = target;
      if (!mayBeTold(hostId)) return;
      if (presence.miss(hostId, 0)) void publishHost(hostId);
      const { lastSignAtMs: lastSeenAtMs } = presence.of(hostId);
      const alert = createDownAlert(target, { ...why, lastSeenAtMs }, { clock, random });
      void returns.raiseOnce(hostId, alert).catch((error: unknown) => {
        log.error({ host: hostId, reason: reasonOf(error) }, "an alert about a server could not be noted");
      });
    },
    clock,
    random,
    log: boundedLog,
  });
  /** What is to be known of a host that has just been added. */
  const describe = async (hostId: string) => {
    const record = await hosts.find(hostId);
    if (record === undefined) return undefined;
    presence.add(hostId, null);
    decisions.set(hostId, record);
    void publishHost(hostId);
    return toHost(record, presence);
  };
  return {
    onSign,
    onEvents(hostId) {
      if (!decisions.isKnownByEvents(hostId)) return;
      onSign(hostId);
      notes.take(hostId, {});
    },
    async onDiscovered(hostId) {
      await describe(hostId);
    },
    remove(hostId) {
      agentless.remove(hostId);
      judge.remove(hostId);
      subscriptions?.remove(hostId);
    },
    subscriptions,
    desks: {
      indications: createIndicationDesk({ find: agentlessList.find, subscriptions }),
      agentless: createAgentlessDesk(agentless, {
        discover: (asked) => discover(asked, { clock, ping: pinger.ping }),
        subscriptions,
        thresholds: createThresholdDesk({ list: agentlessList, settings: ruleSettings, onChanged: judge.changed }),
        namesByAddress: async () =>
          new Map((await hosts.all()).toReversed().map(({ address, name }) => [address, name])),
        describe,
      }),
      groups: {
        states: async () =>
          groupStates(
            (await hosts.all()).map((record) => toHost(record, presence)),
            (hostId) => readings.of(hostId),
          ),
      },
      maintenance: {
        ...maintenance,
        nextOf: ({ schedule }: MaintenanceWindow) => nextOccurrence(schedule, clock.now()),
      },
    },
    services: [
      pinger,
      reachability,
      ...(settings["events.collect"] === "on" ? [silence] : []),
      notes,
      agentless,
      ...(subscriptions === undefined ? [] : [subscriptions]),
    ],
  };
}
