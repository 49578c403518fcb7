import { resolve } from "node:path";
import { openForJob } from "../firewall/live/job-openings.ts";
import { type Alert, SEVERITIES, type Severity } from "../model/alert.ts";
import type { HostFacts } from "../model/host.ts";
import type { Connections } from "../net/connections.ts";
import type { Identity } from "../net/identity.ts";
import { createTlsListener, type TlsListener } from "../net/listen.ts";
import { createDataPortPool } from "../ports/data-port-pool.ts";
import { flowName } from "../ports/port-map.ts";
import type { PortBook } from "../ports/port-settings.ts";
import { NDMP_RECORD_BYTES_MAX } from "../protocols/ndmp/connection.ts";
import { openRecordChannel } from "../protocols/record-channel.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { VERSION } from "../runtime/package.ts";
import { serveControl } from "./backup/control-session.ts";
import { createJobPlaces } from "./backup/job-places.ts";
import { createJobRunner } from "./backup/job-runner.ts";
import type { DoctorHelp } from "./doctor/help-service.ts";
import { createJobDoors } from "./firewall/job-doors.ts";
import type { openFirewall } from "./firewall/open-firewall.ts";
import type { ManagerLink } from "./fleet/manager-link.ts";
import type { AgentSettings } from "./settings.ts";

// The part of the composition root that does what the manager orders over backup-control: backups, restores, test alerts,
// the doctor's questions.

/** Above the manager's interval of polling a job, and its heartbeats. */
const IDLE_TIMEOUT_MS = 120_000;

export interface CommandsNeeds {
  readonly dataDirectory: string;
  readonly settings: AgentSettings;
  readonly book: PortBook;
  readonly host: { readonly hostId: string; readonly facts: HostFacts };
  readonly identity: Identity;
  readonly link: ManagerLink;
  readonly firewall: ReturnType<typeof openFirewall>;
  readonly doctorHelp: DoctorHelp;
  readonly raise: (alerts: readonly Alert[]) => Promise<void>;
  readonly connections: Connections;
  readonly clock: Clock;
  readonly log: Log;
}

export function createCommandListener(needs: CommandsNeeds): TlsListener {
  const { dataDirectory, settings, book, host, identity, link, firewall, doctorHelp, raise, connections } = needs;
  const { clock, log } = needs;
  const { hostname, platform, operatingSystem } = host.facts;
  const runner = createJobRunner({ link, leftOut: [resolve(dataDirectory, "manager", "store")], clock, log });
  const concurrentJobs = settings["backup.concurrentJobs"];
  const pool = createDataPortPool({ range: book.rangeOf("backupData"), concurrentJobs });
  const places = createJobPlaces({ jobsMax: concurrentJobs, pool });
  const jobDoors = createJobDoors({
    seconds: settings["firewall.jobOpenings"],
    open: (opening) => openForJob(firewall.machine, opening),
    log,
  });
  return createTlsListener({
    flow: "backupControl",
    host: settings["listen.host"],
    port: book.portOf("backupControl"),
    identity,
    allow: ["manager"],
    isRevoked: () => false, // A host hears of no revocations; its manager is the only one it listens to.
    isExpected: (peer) => peer.kind === "manager" && peer.id === link.facts.managerId,
    connections,
    log,
    clock,
    onConnection({ socket, remoteAddress, remotePort }) {
      const destination = { flow: flowName("backupControl"), host: remoteAddress, port: remotePort };
      const channel = openRecordChannel(socket, {
        destination,
        recordBytesMax: NDMP_RECORD_BYTES_MAX,
        idleTimeoutMs: IDLE_TIMEOUT_MS,
        clock,
      });
      return serveControl(channel, {
        runBackup: runner.runBackup,
        runRecover: runner.runRecover,
        raiseTestAlerts: ({ ids, severity, summary }) =>
          raise(ids.map((id) => testAlert({ id, severity: severityOf(severity), summary, nowMs: clock.now() }))),
        answerDoctor: doctorHelp.forAsker({ address: remoteAddress }),
        allowed: { paths: settings["backup.paths"], targets: settings["backup.targets"] },
        takePlace: (jobId) => jobDoors.around(places.take(jobId), { jobId, peer: remoteAddress }),
        host: { hostname, osType: platform, osVersion: operatingSystem, hostId: host.hostId },
        agentVersion: VERSION,
        clock,
        log,
      });
    },
  });
}

function testAlert({
  id,
  severity,
  summary,
  nowMs,
}: {
  id: string;
  severity: Severity;
  summary: string;
  nowMs: number;
}): Alert {
  return {
    id,
    raisedAtMs: nowMs,
    severity,
    category: "communication",
    kind: "event",
    component: "agent",
    condition: "test",
    summary,
    details: [],
  };
}

function severityOf(number: number): Severity {
  const names = Object.keys(SEVERITIES) as Severity[];
  return names.find((name) => SEVERITIES[name] === number) ?? "information";
}
