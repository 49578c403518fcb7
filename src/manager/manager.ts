import type { ListeningFlow } from "../api/status-routes.ts";
import { Connections } from "../net/connections.ts";
import { portBookOf, portOverridesOf, portsToTell } from "../net/port-settings.ts";
import { createRefusalLog } from "../net/refusal-log.ts";
import { flowName } from "../ports/port-map.ts";
import { createBoundedLog } from "../runtime/bounded-log.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { VERSION } from "../runtime/package.ts";
import type { Random } from "../runtime/random.ts";
import { startAll } from "../runtime/service.ts";
import type { Program } from "../runtime/supervised.ts";
import type { RetentionPolicy } from "../store/retention.ts";
import { createInbox } from "./alerts/inbox.ts";
import { findOpenAlert } from "./alerts/open-alert.ts";
import { createReportReceiver } from "./alerts/receiver.ts";
import { createAuditUpkeep } from "./api/audit-upkeep.ts";
import { createEventHub } from "./api/event-hub.ts";
import { createAlertDesk } from "./api-alerts.ts";
import { createExaminationDesk } from "./api-doctor.ts";
import { createEnrolmentTokens, createHostDirectory, toHost } from "./api-hosts.ts";
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
import { createCertificateNames } from "./fleet/certificate-names.ts";
import { createControlLink } from "./fleet/control-link.ts";
import { Enrolment } from "./fleet/enrolment.ts";
import { HostDecisions } from "./fleet/host-groups.ts";
import { createHostList } from "./fleet/host-list.ts";
import { Presence } from "./fleet/presence.ts";
import { createHousekeeping } from "./housekeeping.ts";
import { createListeners } from "./listeners.ts";
import {
  issueManagerIdentity,
  managerFiles,
  namesOfThisComputer,
  openManagerData,
  reachableAddresses,
  writeAdministratorLink,
} from "./manager-data.ts";
import { createReceiving } from "./receiving.ts";
import { createRecordListeners } from "./record-listeners.ts";
import { MANAGER_DIALS, type ManagerSettings } from "./settings.ts";
import { openMaintenanceCalendar } from "./watch/maintenance/maintenance-calendar.ts";
import { createReadingsRoom, createWatching } from "./watching.ts";
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
  const names = createCertificateNames({ database, managerNames: [...addresses, ...namesOfThisComputer()] });
  const enrolment = new Enrolment({
    database,
    authority,
    certificates,
    names,
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
  const {
    readings,
    history,
    services: readingServices,
  } = await createReadingsRoom({
    ...{ settings, database, hosts, hub, clock, log },
  });

  // Connections to agents
  const control = createControlLink({
    hosts,
    identity: () => identity,
    greet: (channel) => greet(channel, { clock }),
    clock,
  });

  const watching = await createWatching({
    ...{ settings, book, managerId, addresses, database, hosts, presence, decisions, maintenance, inbox, readings },
    secretKeyFile: managerFiles(dataDirectory).secretKey,
    knock: control.knock,
    explain: (hostId) => void logExamination(doctor, hostId, log),
    publishHost,
    ...{ clock, random, log, boundedLog },
  });
  const { onSign } = watching;
  const receiver = createReportReceiver({
    inbox,
    readings,
    clock,
    log: log.child({ flow: flowName("managerReport") }),
    onSeen: onSign,
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

  const hostDirectory = createHostDirectory({
    hosts,
    presence,
    certificates,
    names,
    connections,
    onRevoked: (hostId) => {
      receiver.closeHost(hostId);
      readings.remove(hostId);
      history.remove(hostId);
      decisions.remove(hostId);
      watching.remove(hostId);
      receiving.remove(hostId);
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
    ...watching.desks,
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
      names,
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
  const receiving = createReceiving({
    ...{ settings, book, managerId, addresses, listening, database, hosts, decisions, inbox, watching },
    indicationsFile: managerFiles(dataDirectory).indications,
    ...{ clock, random, log, boundedLog },
  });
  const listeners = createListeners({
    host: listenHost,
    log,
    declared: [
      ...receiving.declared,
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
      ...readingServices,
      { name: "web", start: async () => {}, stop: () => web.close() },
      receiver,
      { name: "jobs", start: () => jobs.start(), stop: () => jobs.stop() },
      { name: "idle examinations", async start() {}, stop: () => idleExaminations.stop() },
      ...receiving.services,
      ...watching.services,
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
      createAuditUpkeep({
        database,
        bounds: { days: settings["audit.days"], entriesMax: settings["audit.entries"] },
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
