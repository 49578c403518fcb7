import type { HostOverview } from "../api/host-routes.ts";
import type { ManagerStatus } from "../api/status-routes.ts";
import type { InboxAlert } from "../model/alert.ts";
import type { Job } from "../model/job.ts";
import type { Snapshot, SnapshotEntry } from "../model/snapshot.ts";
import { PORT_MAP } from "../ports/port-map.ts";

// Things for tests, whole and plausible; each takes what differs.

const NOW_MS = Date.UTC(2026, 10, 22, 9, 30, 0);
const MINUTE_MS = 60_000;

export function sampleHost(differing: Partial<HostOverview> = {}): HostOverview {
  return {
    id: "0193a1b2-0000-7000-8000-000000000001",
    name: "web1",
    facts: {
      hostname: "web1.example.org",
      platform: "linux",
      operatingSystem: "Debian GNU/Linux 12 (bookworm)",
      architecture: "x64",
      agentVersion: "0.1.0",
    },
    enrolledAtMs: NOW_MS - 30 * 24 * 60 * MINUTE_MS,
    lastSeenAtMs: NOW_MS - 12_000,
    state: "up",
    address: "192.0.2.11",
    ports: {},
    group: "",
    watched: true,
    means: "agent",
    readingState: "ok",
    readAtMs: NOW_MS - 20_000,
    gauges: [],
    openAlerts: 0,
    worstOpenSeverity: null,
    lastSnapshot: { id: "0193a1c0-0000-7000-8000-000000000001", finishedAtMs: NOW_MS - 3 * 60 * MINUTE_MS },
    subscription: null,
    ...differing,
  };
}

export function sampleAlert(differing: Partial<InboxAlert> = {}): InboxAlert {
  return {
    id: "0193a1b3-0000-7000-8000-000000000001",
    raisedAtMs: NOW_MS - 2 * MINUTE_MS,
    severity: "critical",
    category: "service",
    kind: "raised",
    component: "file system /var",
    condition: "filesystem.filling",
    summary: "/var is 96 % full",
    details: [{ name: "free", value: "1.2 GiB" }],
    hostId: "0193a1b2-0000-7000-8000-000000000001",
    hostName: "web1",
    receivedAtMs: NOW_MS - 2 * MINUTE_MS + 40,
    state: "open",
    acknowledgedAtMs: null,
    acknowledgedBy: null,
    clearedAtMs: null,
    ...differing,
  };
}

export function sampleJob(differing: Partial<Job> = {}): Job {
  return {
    id: "0193a1b4-0000-7000-8000-000000000001",
    kind: "backup",
    hostId: "0193a1b2-0000-7000-8000-000000000001",
    hostName: "web1",
    state: "running",
    requestedBy: "administrator local",
    paths: ["/etc"],
    snapshotId: null,
    target: null,
    createdAtMs: NOW_MS - 5_000,
    startedAtMs: NOW_MS - 4_000,
    endedAtMs: null,
    progress: { files: 1_200, bytes: 3 * 1024 ** 3, bytesSent: 512 * 1024 ** 2, problems: 0, current: "/etc/passwd" },
    reason: null,
    ...differing,
  };
}

export function sampleSnapshot(differing: Partial<Snapshot> = {}): Snapshot {
  return {
    id: "0193a1c0-0000-7000-8000-000000000001",
    hostId: "0193a1b2-0000-7000-8000-000000000001",
    hostName: "web1",
    jobId: "0193a1b4-0000-7000-8000-000000000001",
    paths: ["/etc", "/var/www"],
    startedAtMs: NOW_MS - 3 * 60 * MINUTE_MS - 65_000,
    finishedAtMs: NOW_MS - 3 * 60 * MINUTE_MS,
    files: 12_345,
    directories: 678,
    bytes: 4 * 1024 ** 3,
    bytesAdded: 300 * 1024 ** 2,
    problems: 0,
    ...differing,
  };
}

export function sampleEntry(differing: Partial<SnapshotEntry> = {}): SnapshotEntry {
  return {
    name: "nginx.conf",
    rawName: "bmdpbnguY29uZg==",
    kind: "file",
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 1_536,
    modifiedAtMs: NOW_MS - 24 * 60 * MINUTE_MS,
    linkTarget: null,
    ...differing,
  };
}

export function sampleStatus(differing: Partial<ManagerStatus> = {}): ManagerStatus {
  return {
    version: "0.1.0",
    managerId: "m1",
    startedAtMs: NOW_MS - 125 * MINUTE_MS,
    uptimeSeconds: 125 * 60,
    counts: {
      hosts: { up: 3, unreachable: 1, unknown: 0, revoked: 0 },
      alerts: { open: 3, acknowledged: 1, cleared: 10 },
      openAlertsBySeverity: { information: 0, warning: 2, minor: 0, major: 0, critical: 1, fatal: 0 },
      jobs: { queued: 1, running: 2 },
      snapshots: 42,
    },
    flows: [
      {
        flow: "administration",
        transport: "tcp",
        address: "::",
        port: PORT_MAP.administration.port,
        listening: true,
        problem: null,
      },
      {
        flow: "snmp-trap",
        transport: "udp",
        address: "::",
        port: PORT_MAP.snmpTrap.port,
        listening: false,
        problem: "needs root or CAP_NET_BIND_SERVICE",
      },
    ],
    ...differing,
  };
}
