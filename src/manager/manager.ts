import type { ListeningFlow } from "../api/status-routes.ts";
import type { MaintenanceWindow } from "../model/maintenance.ts";
import { Connections } from "../net/connections.ts";
import { ping } from "../net/ping.ts";
import { portBookOf, portOverridesOf, portsToTell } from "../net/port-settings.ts";
import { createRefusalLog } from "../net/refusal-log.ts";
import { flowName } from "../ports/port-map.ts";
import { createBoundedLog } from "../runtime/bounded-log.ts";
import type { Clock } from "../runtime/clock.ts";
import { reasonOf } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import { VERSION } from "../runtime/package.ts";
import type { Random } from "../runtime/random.ts";
import { startAll } from "../runtime/service.ts";
import type { Program } from "../runtime/supervised.ts";
import type { RetentionPolicy } from "../store/retention.ts";
import { createInbox } from "./alerts/inbox.ts";
import { createLatestReadings } from "./alerts/latest-readings.ts";
import { findOpenAlert } from "./alerts/open-alert.ts";
import { createReportReceiver } from "./alerts/receiver.ts";
import { createEventHub } from "./api/event-hub.ts";
import { createAlertDesk } from "./api-alerts.ts";
import { createExaminationDesk } from "./api-doctor.ts";
import { createAgentlessDesk, createEnrolmentTokens, createHostDirectory, toHost } from "./api-hosts.ts";
import { createJobDesk } from "./api-jobs.ts";
import { createSnapshotDesk, toSnapshot } from "./api-snapshots.ts";
import { backupAlertOf } from "./backup/backup-alerts.ts";
import { greet, openDoctorLine, raiseTestAlerts } from "./backup/control-client.ts";
import { serveDedupEngine, serveDedupManager } from "./backup/dedup-receivers.ts";
import { DedupSessions } from "./backup/dedup-sessions.ts";
import { createJobList } from "./backup/job-list.ts";
import { Jobs } from "./backup/jobs.ts";
import { createStoreUpkeep } from "./backup/store-upkeep.ts";
import { createDoctor, ownFlowsOf } from "./doctor/doctor.ts";
import { createIdleExaminations } from "./doctor/idle-examinations.ts";
import { logExamination } from "./doctor/log-examination.ts";
import { type HostSeen, serveBrowser } from "./fleet/browser-receiver.ts";
import { CertificateList } from "./fleet/certificate-list.ts";
import { createControlLink } from "./fleet/control-link.ts";
import { Enrolment } from "./fleet/enrolment.ts";
import { HostDecisions } from "./fleet/host-groups.ts";
import { createHostList } from "./fleet/host-list.ts";
import { Presence } from "./fleet/presence.ts";
import { createHousekeeping } from "./housekeeping.ts";
import { createIndicationIntake } from "./indications/indication-intake.ts";
import { createHostOf, createIndicationListener } from "./indications/indication-listener.ts";
import { createSequenceMemory } from "./indications/sequence-memory.ts";
import { createListeners } from "./listeners.ts";
import {
  issueManagerIdentity,
  managerFiles,
  openManagerData,
  reachableAddresses,
  writeAdministratorLink,
} from "./manager-data.ts";
import { createRecordListeners } from "./record-listeners.ts";
import { MANAGER_DIALS, type ManagerSettings } from "./settings.ts";
import { createAgentlessList } from "./watch/agentless/agentless-list.ts";
import { createAgentlessWatch } from "./watch/agentless/agentless-watch.ts";
import { discover } from "./watch/agentless/discovery.ts";
import { createDownAlert } from "./watch/agentless/down-alert.ts";
import { openSecretSeal } from "./watch/agentless/sealed-secret.ts";
import { createForwarding } from "./watch/forward/forwarding.ts";
import { groupStates } from "./watch/group-states.ts";
import { createHistory } from "./watch/history/history.ts";
import { openMaintenanceCalendar } from "./watch/maintenance/maintenance-calendar.ts";
import { nextOccurrence } from "./watch/maintenance/maintenance-times.ts";
import { createReachability } from "./watch/reachability.ts";
import { createReturns } from "./watch/returns.ts";
import { createSubscriptions } from "./watch/subscriptions/subscriptions.ts";
import { createWeb } from "./web.ts";

// The manager's composition root: builds every part, ties them together, starts them in order and stops them last-first.

/** What a manager that has started says of itself. */
export interface ManagerReady {
  readonly managerId: string;
  readonly authorityFingerprint: string;
  readonly flows: readonly ListeningFlow[];
  readonly consoleUrl: string;
}

export interface ManagerNeeds {
  readonly dataDirectory: string;
  readonly settings: ManagerSettings;
  /** Where the built console is. */
  readonly consoleFolder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const PING_TIMEOUT_MS = 3_000;

/** Undefined without a rule that counts: tags alone keep some and give nobody leave to forget the others. */
function retentionPolicyOf(settings: ManagerSettings): RetentionPolicy | undefined {
  const policy = {
    last: settings["store.keepLast"],
    hourly: settings["store.keepHourly"],
    daily: settings["store.keepDaily"],
    weekly: settings["store.keepWeekly"],
    monthly: settings["store.keepMonthly"],
    yearly: settings["store.keepYearly"],
    withinMs: settings["store.keepWithinSeconds"] * 1_000,
  };
  if (Object.values(policy).every((count) => count === 0)) return undefined;
  return { ...policy, tags: settings["store.keepTags"] };
}

export function createManager(needs: ManagerNeeds): Program<ManagerReady> {
  let stopAll = async () => {};
  return {
    async start() {
      const { ready, stop } = await startManager(needs);
      stopAll = stop;
      return ready;
    },
    stop: () => stopAll(),
  };
}

async function startManager({ dataDirectory, settings, consoleFolder, clock, random, log }: ManagerNeeds) {
  const book = portBookOf(settings, settings["jobs.concurrent"]);
  const listenHost = settings["listen.host"];
  const addresses = reachableAddresses(listenHost, settings["listen.names"]);
  const data = await openManagerData({ dataDirectory, names: addresses, clock, random, log });
  const { authority, database, store, managerId } = data;
  let { identity } = data;
  const startedAtMs = clock.now();

  // For what others can cause without end.
  const boundedLog = createBoundedLog({ log, clock });

  // Fleet
  const hosts = createHostList(database);
  const presence = new Presence(() => clock.now());
  const decisions = new HostDecisions();
  for (const host of await hosts.all()) {
    presence.add(host.id, host.lastSeenAtMs);
    decisions.set(host.id, host);
  }
  const certificates = await CertificateList.open({ database, clock });
  const connections = new Connections();
  const enrolment = new Enrolment({
    database,
    authority,
    certificates,
    clock,
    random,
    certificateDays: settings["certificates.days"],
  });

  // What happens, for whoever looks on
  const hub = createEventHub({ random });
  const publishHost = async (hostId: string) => {
    const record = await hosts.find(hostId);
    if (record !== undefined) hub.publish({ kind: "host", host: toHost(record, presence) });
  };

  // Alerts and readings
  const maintenance = await openMaintenanceCalendar({
    database,
    groupOf: (hostId) => decisions.groupOf(hostId),
    clock,
    random,
  });
  const inbox = createInbox({
    database,
    quietedBy(hostId) {
      const window = maintenance.windowOf(hostId);
      return window && `maintenance${window.note === "" ? "" : `: ${window.note}`}`;
    },
    clock,
    log,
    onAlerts: (alerts) => {
      for (const alert of alerts) hub.publish({ kind: "alert", alert });
    },
  });
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
  const returns = createReturns({ inbox, find: hosts.find, clock, random, log });
  const onSign = (hostId: string) => {
    if (!presence.sign(hostId)) return;
    void publishHost(hostId).then(() => returns.onReturn(hostId));
  };
  const receiver = createReportReceiver({
    inbox,
    readings,
    clock,
    log: log.child({ flow: flowName("managerReport") }),
    onSeen: onSign,
  });

  // Connections to agents
  const control = createControlLink({
    hosts,
    identity: () => identity,
    greet: (channel) => greet(channel, { clock }),
    clock,
  });

  // Backup
  const sessions = new DedupSessions({ store, random, log: boundedLog });
  const jobList = createJobList(database);
  const doctor = createDoctor({
    async find(hostId) {
      const host = await hosts.find(hostId);
      return host && { ...host, isRevoked: host.revokedAtMs !== null };
    },
    identity: () => identity,
    flows: () => ownFlowsOf(listeners.flows()),
    dials: MANAGER_DIALS,
    hasConnection: (hostId, flow) => connections.countOf({ kind: "host", hostId }, flowName(flow)) > 0,
    askOverReport: (hostId) => receiver.askerOf(hostId),
    openControl: async (hostId, signal) => openDoctorLine(await control.connect(hostId, signal), { clock }),
    clock,
    random,
    log,
  });
  const idleExaminations = createIdleExaminations(doctor, { clock, random });
  const jobs = new Jobs({
    explain: doctor.lineFor,
    list: jobList,
    connect: control.connect,
    permit: ({ id, request }) => {
      if (request.kind === "restore") {
        return sessions.permit({ kind: "restore", jobId: id, hostId: request.hostId, snapshotId: request.snapshotId });
      }
      return sessions.permit({
        kind: "backup",
        jobId: id,
        hostId: request.hostId,
        draft: { paths: request.paths, tags: request.tags, managerVersion: VERSION },
        describeHost: async () => {
          const host = await hosts.find(request.hostId);
          return { hostName: host?.name ?? request.hostId, agentVersion: host?.facts.agentVersion ?? "unknown" };
        },
      });
    },
    madeBy: (jobId) => store.findSnapshot(jobId),
    concurrent: settings["jobs.concurrent"],
    onChange: (job) => hub.publish({ kind: "job", job }),
    async onEnded(job) {
      const snapshot =
        job.kind === "backup" && job.snapshotId !== null ? store.findSnapshot(job.snapshotId) : undefined;
      if (snapshot !== undefined) hub.publish({ kind: "snapshot", snapshot: toSnapshot(snapshot) });
      const alert = backupAlertOf(job, { clock, random });
      // What ends an alert is told only where there is one to end: a backup that is done is no news.
      const isNews =
        alert?.kind === "raised" || (alert && (await findOpenAlert(inbox, { hostId: job.hostId, ...alert })));
      if (alert !== undefined && isNews) await inbox.raise(job.hostId, alert);
    },
    clock,
    random,
    log,
  });

  // Watching
  const mayBeTold = (hostId: string) => decisions.isWatched(hostId) && maintenance.windowOf(hostId) === undefined;
  const pingOnce = (address: string) => ping({ host: address, timeoutMs: PING_TIMEOUT_MS, clock });
  const reachability = createReachability({
    // What is in maintenance, or not watched, may be silent; whoever is so still afterwards is told of then.
    silent: (silentMs) => presence.silent(silentMs).filter((hostId) => decisions.hasAgent(hostId) && mayBeTold(hostId)),
    miss: (hostId) => presence.miss(hostId, settings["hosts.unreachableSeconds"] * 1_000),
    async find(hostId) {
      const record = await hosts.find(hostId);
      return record && toHost(record, presence);
    },
    ping: pingOnce,
    knock: control.knock,
    explain: (hostId) => void logExamination(doctor, hostId, log),
    raise: (hostId, alert) => returns.raiseOnce(hostId, alert),
    onChange: (hostId) => void publishHost(hostId),
    unreachableSeconds: settings["hosts.unreachableSeconds"],
    clock,
    random,
    log,
  });
  const seal = await openSecretSeal(managerFiles(dataDirectory).secretKey, random);
  const agentlessList = createAgentlessList({ database, seal, clock, random, log });
  const subscriptions =
    settings["indications.subscribe"] === "off"
      ? undefined
      : createSubscriptions({
          managerId,
          address: addresses[0] ?? "localhost",
          port: book.portOf("cimIndication"),
          find: agentlessList.find,
          ping: pingOnce,
          inbox,
          mayBeTold,
          ...{ database, seal, clock, random, log: boundedLog },
        });
  const agentless = createAgentlessWatch({
    list: agentlessList,
    ping: pingOnce,
    intervalMs: settings["hosts.pollSeconds"] * 1_000,
    failuresMax: settings["hosts.pollFailures"],
    onLook(hostId, { facts, readings: look }) {
      readings.take(hostId, look);
      onSign(hostId);
      void hosts.looked(hostId, facts, clock.now()).catch((error: unknown) => {
        log.error({ host: hostId, reason: reasonOf(error) }, "what was seen of a server could not be noted");
      });
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
  const hostDirectory = createHostDirectory({
    hosts,
    presence,
    certificates,
    connections,
    onRevoked: (hostId) => {
      receiver.closeHost(hostId);
      readings.remove(hostId);
      history.remove(hostId);
      decisions.remove(hostId);
      agentless.remove(hostId);
      subscriptions?.remove(hostId);
      void publishHost(hostId);
    },
    onChanged(record) {
      decisions.set(record.id, record);
      void publishHost(record.id);
    },
    clock,
  });
  const consoleName = listenHost === "::" || listenHost === "0.0.0.0" ? (addresses[0] ?? "localhost") : listenHost;
  const consoleUrl = `https://${consoleName.includes(":") ? `[${consoleName}]` : consoleName}:${book.portOf("console")}`;
  const manager = {
    version: VERSION,
    managerId,
    startedAtMs,
    flows: (): readonly ListeningFlow[] => listeners.flows(),
    consoleUrl: () => consoleUrl,
  };
  const fleet = {
    clock,
    random,
    manager,
    hosts: hostDirectory,
    readings,
    history,
    agentless: createAgentlessDesk(agentless, {
      discover: (asked) => discover(asked, { clock, ping: (host, timeoutMs) => ping({ host, timeoutMs, clock }) }),
      subscriptions,
      namesByAddress: async () => new Map((await hosts.all()).toReversed().map(({ address, name }) => [address, name])),
      describe: async (hostId) => {
        const record = await hosts.find(hostId);
        if (record === undefined) return undefined;
        presence.add(hostId, null);
        decisions.set(hostId, record);
        void publishHost(hostId);
        return toHost(record, presence);
      },
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
    alerts: createAlertDesk(inbox),
    examinations: createExaminationDesk(doctor, { idle: idleExaminations, clock }),
    testAlerts: {
      async raise(hostId: string, ids: readonly string[]) {
        const order = { ids, severity: 2, summary: "Test alert: if you read this, alerts of this host reach you." };
        await raiseTestAlerts(await control.connect(hostId), order, { clock });
      },
    },
    tokens: createEnrolmentTokens({
      enrolment,
      validSeconds: settings["hosts.tokenSeconds"],
      addresses,
      port: () => book.portOf("agentBrowser"),
    }),
    jobs: createJobDesk({ jobs, list: jobList, pathsOf: (id) => store.findSnapshot(id)?.paths ?? [] }),
    snapshots: createSnapshotDesk(store),
  };

  // Listeners
  const isRevoked = (serial: string) => certificates.isRevoked(serial);
  const listening = { host: listenHost, identity, isRevoked, connections, log, clock };
  const web = await createWeb({
    fleet,
    hub,
    database,
    book,
    listening,
    consoleFolder,
    sessionSeconds: settings["console.sessionSeconds"],
    metricsTokenFile: settings["metrics.tokenFile"],
    clock,
    random,
    log: boundedLog,
  });
  const onSeen = async (seen: HostSeen) => {
    presence.add(seen.hostId, null);
    await hosts.seen(seen.hostId, { ...seen, atMs: clock.now() });
    onSign(seen.hostId);
  };
  const browserNeeds = {
    enrolment,
    authorityPem: authority.certificate,
    manager: { managerId, ports: portsToTell(portOverridesOf(settings)) },
    advertiseAgainSeconds: settings["hosts.advertiseSeconds"],
    onSeen,
    refusals: createRefusalLog({ flow: flowName("agentBrowser"), log, clock }),
    log,
    clock,
  };
  const byAddress = settings["indications.byAddress"] === "on";
  const hostOf = createHostOf({
    hosts: hosts.all,
    hasAgent: (hostId) => decisions.hasAgent(hostId),
    byAddress,
    hostOfToken: (token) => subscriptions?.hostOf(token),
  });
  const indications = createIndicationIntake({
    inbox,
    hostOf,
    memory: createSequenceMemory({ file: managerFiles(dataDirectory).indications, log }),
    clock,
    random,
    log: boundedLog,
  });
  const listeners = createListeners({
    host: listenHost,
    log,
    declared: [
      createIndicationListener({
        book,
        listening,
        allowAnonymous: byAddress || subscriptions !== undefined,
        intake: indications,
        ...{ hostOf, random, log: boundedLog },
      }),
      ...createRecordListeners({
        book,
        listening,
        onSign,
        serve: {
          agentBrowser: (channel, connection) => serveBrowser(connection, channel, browserNeeds),
          managerReport: (channel, hostId) => receiver.serve(channel, hostId),
          dedupEngine: (channel, hostId) => serveDedupEngine(channel, hostId, sessions),
          dedupManager: (channel, hostId) => serveDedupManager(channel, hostId, sessions),
        },
      }),
      ...web.declared,
    ],
  });

  const stop = await startAll(
    [
      { name: "data", start: async () => {}, stop: () => data.close() },
      inbox,
      history,
      ...(forwarding === undefined ? [] : [forwarding]),
      { name: "web", start: async () => {}, stop: () => web.close() },
      receiver,
      { name: "jobs", start: () => jobs.start(), stop: () => jobs.stop() },
      { name: "idle examinations", async start() {}, stop: () => idleExaminations.stop() },
      indications,
      reachability,
      agentless,
      ...(subscriptions === undefined ? [] : [subscriptions]),
      createStoreUpkeep({
        store,
        policy: retentionPolicyOf(settings),
        timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        isInUse: (snapshotId) => sessions.isRestoring(snapshotId),
        verifySeconds: settings["store.verifySecondsDaily"],
        damage: {
          raise: (hostId, alert) => inbox.raise(hostId, alert),
          isOpen: async (about) => (await findOpenAlert(inbox, about)) !== undefined,
          clock,
          random,
        },
        clock,
        log,
      }),
      createHousekeeping({
        clock,
        log,
        connections,
        identity: () => identity,
        renew: () => issueManagerIdentity(authority, { dataDirectory, names: addresses, clock, random }),
        onRenewed: (renewed) => {
          identity = renewed;
          listeners.setIdentity(renewed);
        },
      }),
      listeners,
    ],
    { clock, log },
  );
  const localAddress = listenHost === "::" || listenHost === "0.0.0.0" ? "127.0.0.1" : listenHost;
  await writeAdministratorLink(dataDirectory, {
    address: localAddress,
    port: book.portOf("administration"),
    managerId,
  });
  log.info({ managerId, data: dataDirectory, version: VERSION }, "manager is ready");
  return {
    ready: { managerId, authorityFingerprint: authority.fingerprint, flows: listeners.flows(), consoleUrl },
    stop,
  };
}
