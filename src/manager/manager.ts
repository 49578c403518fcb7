import type { ListeningFlow } from "../api/status-routes.ts";
import type { Connection } from "../net/connections.ts";
import { Connections } from "../net/connections.ts";
import { dialTls } from "../net/dial.ts";
import { createHttpsListener, peerOfRequest } from "../net/https-listen.ts";
import type { Identity } from "../net/identity.ts";
import { LISTENER_LIMITS } from "../net/limits.ts";
import { createTlsListener } from "../net/listen.ts";
import type { Peer } from "../net/peer.ts";
import { ping } from "../net/ping.ts";
import { portBookOf, portOverridesOf, portsToTell } from "../net/port-settings.ts";
import { createRefusalLog } from "../net/refusal-log.ts";
import { type FlowKey, flowName, flowOf } from "../ports/port-map.ts";
import { BROWSER_RECORD_BYTES_MAX } from "../protocols/browser/messages.ts";
import { DEDUP_ENGINE_RECORD_BYTES_MAX, DEDUP_MANAGER_RECORD_BYTES_MAX } from "../protocols/dedup/messages.ts";
import { NDMP_RECORD_BYTES_MAX } from "../protocols/ndmp/connection.ts";
import { openRecordChannel } from "../protocols/record-channel.ts";
import { REPORT_RECORD_BYTES_MAX } from "../protocols/report/messages.ts";
import { createBoundedLog } from "../runtime/bounded-log.ts";
import { type Clock, every } from "../runtime/clock.ts";
import { ConnectError, reasonOf } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import { VERSION } from "../runtime/package.ts";
import type { Random } from "../runtime/random.ts";
import { type Service, startAll } from "../runtime/service.ts";
import type { Program } from "../runtime/supervised.ts";
import type { Channel } from "../wire/channel.ts";
import { createInbox } from "./alerts/inbox.ts";
import { createLatestReadings } from "./alerts/latest-readings.ts";
import { findOpenAlert } from "./alerts/open-alert.ts";
import { createReportReceiver } from "./alerts/receiver.ts";
import {
  createAccountRepository,
  createAuditTrail,
  createSessionRepository,
  createSignInLinkRepository,
} from "./api/account-tables.ts";
import { readConsoleFiles } from "./api/console-files.ts";
import { createApi } from "./api/create-api.ts";
import { createHandlers } from "./api/create-handlers.ts";
import { createEventHub } from "./api/event-hub.ts";
import { identifyByCertificate } from "./api/identity.ts";
import { createPasswords } from "./api/passwords.ts";
import { createSessions } from "./api/sessions.ts";
import { createSignInThrottle } from "./api/sign-in-throttle.ts";
import { createAlertDesk } from "./api-alerts.ts";
import { createEnrolmentTokens, createHostDirectory, toHost } from "./api-hosts.ts";
import { createJobDesk } from "./api-jobs.ts";
import { createSnapshotDesk, toSnapshot } from "./api-snapshots.ts";
import { backupAlertOf } from "./backup/backup-alerts.ts";
import { greet, raiseTestAlerts } from "./backup/control-client.ts";
import { serveDedupEngine, serveDedupManager } from "./backup/dedup-receivers.ts";
import { DedupSessions } from "./backup/dedup-sessions.ts";
import { createJobList } from "./backup/job-list.ts";
import { Jobs } from "./backup/jobs.ts";
import { createSpaceReclaimer } from "./backup/space-reclaimer.ts";
import { type HostSeen, serveBrowser } from "./fleet/browser-receiver.ts";
import { CertificateList } from "./fleet/certificate-list.ts";
import { Enrolment } from "./fleet/enrolment.ts";
import { createHostList } from "./fleet/host-list.ts";
import { Presence } from "./fleet/presence.ts";
import { createListeners } from "./listeners.ts";
import { issueManagerIdentity, openManagerData, reachableAddresses, writeAdministratorLink } from "./manager-data.ts";
import type { ManagerSettings } from "./settings.ts";
import { createReachability } from "./watch/reachability.ts";
import { createReturns } from "./watch/returns.ts";

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

/** Silence after which a connection of our own flows ends; agents send heartbeats, and a control connection is polled. */
const IDLE_TIMEOUT_MS = 120_000;
const BROWSER_IDLE_TIMEOUT_MS = 15_000;
/** An agent may read unchanged files for long without a word; its job's end closes the line before this does. */
const ENGINE_IDLE_TIMEOUT_MS = 24 * 3_600_000;
/** A host opens one a job; the rest is for those that a crash has left half-open. Each may hold a record of 9 MiB. */
const DEDUP_CONNECTIONS_PER_HOST_MAX = 16;
const CONTROL_TIMEOUT_MS = 20_000;
const PING_TIMEOUT_MS = 3_000;
const HOUSEKEEPING_MS = 5 * 60_000;

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
  for (const host of await hosts.all()) presence.add(host.id, host.lastSeenAtMs);
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
  const inbox = createInbox({
    database,
    clock,
    log,
    onAlerts: (alerts) => {
      for (const alert of alerts) hub.publish({ kind: "alert", alert });
    },
  });
  const readings = createLatestReadings({
    onReadings: (hostId, latest) => hub.publish({ kind: "readings", hostId, readings: latest }),
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
  const controlChannel = async (hostId: string, signal?: AbortSignal): Promise<Channel> => {
    const host = await hosts.find(hostId);
    const port = host?.ports.backupControl ?? flowOf("backupControl").port ?? 0;
    const destination = { flow: flowName("backupControl"), host: host?.address ?? "unknown", port };
    if (host === undefined || host.revokedAtMs !== null)
      throw new ConnectError(destination, "ENOHOST", "the host was removed");
    const { socket } = await dialTls({
      ...destination,
      identity,
      trust: { authority: identity.authority },
      expect: { kind: "host", id: hostId },
      timeoutMs: CONTROL_TIMEOUT_MS,
      signal,
      clock,
    });
    return openRecordChannel(socket, {
      destination,
      recordBytesMax: NDMP_RECORD_BYTES_MAX,
      idleTimeoutMs: IDLE_TIMEOUT_MS,
      clock,
    });
  };
  const knock = async (hostId: string) => {
    try {
      await greet(await controlChannel(hostId), { clock });
      return { open: true, reason: "answers" };
    } catch (error) {
      return { open: false, reason: reasonOf(error) };
    }
  };

  // Backup
  const sessions = new DedupSessions({ store, random, log: boundedLog });
  const jobList = createJobList(database);
  const jobs = new Jobs({
    list: jobList,
    connect: controlChannel,
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

  // The API, for both of its listeners
  const reachability = createReachability({
    silent: (silentMs) => presence.silent(silentMs),
    miss: (hostId) => presence.miss(hostId, settings["hosts.unreachableSeconds"] * 1_000),
    async find(hostId) {
      const record = await hosts.find(hostId);
      return record && toHost(record, presence);
    },
    ping: (address) => ping({ host: address, timeoutMs: PING_TIMEOUT_MS, clock }),
    knock,
    raise: (hostId, alert) => returns.raiseOnce(hostId, alert),
    onChange: (hostId) => void publishHost(hostId),
    unreachableSeconds: settings["hosts.unreachableSeconds"],
    clock,
    random,
    log,
  });
  const hostDirectory = createHostDirectory({
    hosts,
    presence,
    certificates,
    connections,
    onRevoked: (hostId) => {
      receiver.closeHost(hostId);
      readings.remove(hostId);
      void publishHost(hostId);
    },
  });
  const accountSessions = createSessions({
    repository: createSessionRepository(database),
    clock,
    random,
    lifetimeSeconds: settings["console.sessionSeconds"],
  });
  const audit = createAuditTrail(database);
  const consoleName = listenHost === "::" || listenHost === "0.0.0.0" ? (addresses[0] ?? "localhost") : listenHost;
  const consoleUrl = `https://${consoleName.includes(":") ? `[${consoleName}]` : consoleName}:${book.portOf("console")}`;
  const manager = {
    version: VERSION,
    managerId,
    startedAtMs,
    flows: (): readonly ListeningFlow[] => listeners.flows(),
    consoleUrl: () => consoleUrl,
  };
  const handlers = createHandlers({
    clock,
    random,
    manager,
    hosts: hostDirectory,
    readings,
    alerts: createAlertDesk(inbox),
    testAlerts: {
      async raise(hostId, ids) {
        const order = { ids, severity: 2, summary: "Test alert: if you read this, alerts of this host reach you." };
        await raiseTestAlerts(await controlChannel(hostId), order, { clock });
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
    accounts: createAccountRepository(database),
    links: createSignInLinkRepository(database),
    sessions: accountSessions,
    passwords: createPasswords({ random }),
    throttle: createSignInThrottle({ clock }),
  });

  // Listeners
  const isRevoked = (serial: string) => certificates.isRevoked(serial);
  const common = { host: listenHost, identity, isRevoked, connections, log, clock };
  const administration = createHttpsListener({
    ...common,
    flow: "administration",
    port: book.portOf("administration"),
    allow: ["administrator"],
  });
  const consoleListener = createHttpsListener({
    ...common,
    flow: "console",
    port: book.portOf("console"),
    allow: ["anonymous"],
    tls: "server-only",
  });
  const apiNeeds = {
    handlers,
    hub,
    hosts: hostDirectory,
    manager,
    audit,
    clock,
    random,
    log: boundedLog,
    sessionSeconds: settings["console.sessionSeconds"],
  };
  const administrationApi = await createApi({
    ...apiNeeds,
    listener: "administration",
    serverFactory: administration.serverFactory,
    identify: identifyByCertificate(({ raw }) => {
      const peer = peerOfRequest(raw);
      return peer.kind === "administrator" ? peer.name : undefined;
    }),
    consoleFiles: undefined,
  });
  const consoleApi = await createApi({
    ...apiNeeds,
    listener: "console",
    serverFactory: consoleListener.serverFactory,
    identify: accountSessions.identify,
    consoleFiles: await readConsoleFiles(consoleFolder).catch((error: unknown) => {
      log.warn({ reason: reasonOf(error) }, "the console's pages are missing; its API works");
      return undefined;
    }),
  });

  const record = (
    flow: FlowKey,
    allow: readonly Peer["kind"][],
    { connectionsPerPeerMax = LISTENER_LIMITS.connectionsPerPeerMax, ...bounds }: RecordBounds,
    serve: ServeRecords,
  ) => ({
    flow,
    port: book.portOf(flow),
    listener: createTlsListener({
      ...common,
      limits: { ...LISTENER_LIMITS, connectionsPerPeerMax },
      flow,
      port: book.portOf(flow),
      allow,
      onConnection(connection) {
        const destination = { flow: flowName(flow), host: connection.remoteAddress, port: connection.remotePort };
        return serve(openRecordChannel(connection.socket, { destination, clock, ...bounds }), connection);
      },
    }),
  });
  const ofHost = (serve: (channel: Channel, hostId: string) => Promise<void>): ServeRecords => {
    return (channel, { peer }) => {
      if (peer.kind !== "host") throw new Error(`assertion failed: ${peer.kind} where only hosts are let in`);
      onSign(peer.hostId);
      return serve(channel, peer.hostId);
    };
  };
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
  const listeners = createListeners({
    host: listenHost,
    log,
    declared: [
      record(
        "agentBrowser",
        ["host", "anonymous"],
        { recordBytesMax: BROWSER_RECORD_BYTES_MAX, idleTimeoutMs: BROWSER_IDLE_TIMEOUT_MS },
        (channel, connection) => serveBrowser(connection, channel, browserNeeds),
      ),
      record(
        "managerReport",
        ["host"],
        { recordBytesMax: REPORT_RECORD_BYTES_MAX, idleTimeoutMs: IDLE_TIMEOUT_MS },
        ofHost((channel, hostId) => receiver.serve(channel, hostId)),
      ),
      record(
        "dedupEngine",
        ["host"],
        {
          recordBytesMax: DEDUP_ENGINE_RECORD_BYTES_MAX,
          idleTimeoutMs: ENGINE_IDLE_TIMEOUT_MS,
          connectionsPerPeerMax: DEDUP_CONNECTIONS_PER_HOST_MAX,
        },
        ofHost((channel, hostId) => serveDedupEngine(channel, hostId, sessions)),
      ),
      record(
        "dedupManager",
        ["host"],
        {
          recordBytesMax: DEDUP_MANAGER_RECORD_BYTES_MAX,
          idleTimeoutMs: IDLE_TIMEOUT_MS,
          connectionsPerPeerMax: DEDUP_CONNECTIONS_PER_HOST_MAX,
        },
        ofHost((channel, hostId) => serveDedupManager(channel, hostId, sessions)),
      ),
      { flow: "administration", port: book.portOf("administration"), listener: administration },
      { flow: "console", port: book.portOf("console"), listener: consoleListener },
    ],
  });

  const stop = await startAll(
    [
      { name: "data", start: async () => {}, stop: () => data.close() },
      inbox,
      {
        name: "apis",
        start: async () => {},
        stop: async () => void (await Promise.all([administrationApi.close(), consoleApi.close()])),
      },
      receiver,
      { name: "jobs", start: () => jobs.start(), stop: () => jobs.stop() },
      reachability,
      createSpaceReclaimer({ store, clock, log }),
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

type RecordBounds = {
  readonly recordBytesMax: number;
  readonly idleTimeoutMs: number;
  /** LISTENER_LIMITS' where left out: fewer where records are large, since each connection may hold one. */
  readonly connectionsPerPeerMax?: number;
};
type ServeRecords = (channel: Channel, connection: Connection) => Promise<void>;

/** Ends connections that outlive their certificate, and renews the manager's own. */
function createHousekeeping({
  clock,
  log,
  connections,
  identity,
  renew,
  onRenewed,
}: {
  readonly clock: Clock;
  readonly log: Log;
  readonly connections: Connections;
  readonly identity: () => Identity;
  readonly renew: () => Promise<Identity>;
  readonly onRenewed: (identity: Identity) => void;
}): Service {
  let stop = () => {};
  return {
    name: "housekeeping",
    async start() {
      stop = every(clock, HOUSEKEEPING_MS, async () => {
        const ended = connections.closeExpired(clock);
        if (ended > 0) log.info({ ended }, "connections outlived their certificates and were ended");
        if (clock.now() < identity().renewAfter) return;
        try {
          onRenewed(await renew());
          log.info({ validUntilMs: identity().expiresAt }, "the manager's certificate was renewed");
        } catch (error) {
          log.error({ reason: reasonOf(error) }, "the manager's certificate could not be renewed");
        }
      });
    },
    async stop() {
      stop();
    },
  };
}
