// A fleet that looks like one: realistic hosts, alerts, backups, in English and Japanese. Never used outside tests.

import type { InboxAlert, Severity } from "../../model/alert.ts";
import type { Host } from "../../model/host.ts";
import type { Job } from "../../model/job.ts";
import type { Reading } from "../../model/reading.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { MemoryFleet } from "./memory-fleet-fixture.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
const GIB = 1024 ** 3;

export function uuid(number: number): string {
  return `0193a4b2-0000-7000-8000-${number.toString(16).padStart(12, "0")}`;
}

export function sampleHost(number: number, name: string, changes: Partial<Host> = {}): Host {
  return {
    id: uuid(number),
    name,
    facts: {
      hostname: name,
      platform: "linux",
      operatingSystem: "Debian GNU/Linux 12 (bookworm)",
      architecture: "x64",
      agentVersion: "0.1.0",
    },
    enrolledAtMs: 1_790_000_000_000,
    lastSeenAtMs: null,
    state: "up",
    address: `192.0.2.${number}`,
    ports: {},
    group: "",
    watched: true,
    means: "agent",
    ...changes,
  };
}

export function sampleAlert(number: number, host: Host, now: number, changes: Partial<InboxAlert> = {}): InboxAlert {
  return {
    id: uuid(0x1000 + number),
    raisedAtMs: now,
    severity: "warning",
    category: "service",
    kind: "raised",
    component: "file system /var",
    condition: "filesystem.filling",
    summary: "file system /var is 91 % full: 3.6 GB of 40 GB free",
    details: [{ name: "mount point", value: "/var" }],
    hostId: host.id,
    hostName: host.name,
    receivedAtMs: now,
    state: "open",
    acknowledgedAtMs: null,
    acknowledgedBy: null,
    clearedAtMs: null,
    ...changes,
  };
}

export function sampleReadings({ cpu, memory, disk }: { cpu: number; memory: number; disk: number }): Reading[] {
  const of = (component: string, measure: string, value: number, summary: string, warnAt: number): Reading => {
    const state = value >= 0.95 ? "critical" : value >= warnAt ? "warning" : "ok";
    return { component, measure, value, unit: "ratio", state, summary };
  };
  const percent = (value: number) => `${Math.round(value * 100)} %`;
  return [
    of("processor", "busy", cpu, `${percent(cpu)} busy`, 0.9),
    of("memory", "used", memory, `${((1 - memory) * 32).toFixed(1)} GB of 32 GB free`, 0.9),
    of("file system /", "used", 0.41, "23.6 GB of 40 GB free", 0.85),
    of("file system /var", "used", disk, `${((1 - disk) * 40).toFixed(1)} GB of 40 GB free`, 0.85),
    { component: "service sshd", measure: "running", value: 1, unit: "none", state: "ok", summary: "running" },
  ];
}

export function sampleSnapshot(
  number: number,
  host: Host,
  finishedAtMs: number,
  changes: Partial<Snapshot> = {},
): Snapshot {
  return {
    id: uuid(0x2000 + number),
    hostId: host.id,
    hostName: host.name,
    jobId: uuid(0x3000 + number),
    paths: ["/etc", "/var/lib/postgresql"],
    startedAtMs: finishedAtMs - 4 * MINUTE_MS,
    finishedAtMs,
    files: 18_402,
    directories: 2_114,
    bytes: Math.round(12.4 * GIB),
    bytesAdded: Math.round(0.18 * GIB),
    problems: 0,
    ...changes,
  };
}

export function sampleJob(number: number, host: Host, now: number, changes: Partial<Job> = {}): Job {
  return {
    id: uuid(0x3000 + number),
    kind: "backup",
    hostId: host.id,
    hostName: host.name,
    state: "running",
    requestedBy: "tanaka",
    paths: ["/srv/files"],
    snapshotId: null,
    target: null,
    createdAtMs: now - 3 * MINUTE_MS,
    startedAtMs: now - 3 * MINUTE_MS,
    endedAtMs: null,
    progress: {
      files: 48_211,
      bytes: Math.round(21.7 * GIB),
      bytesSent: Math.round(1.9 * GIB),
      problems: 0,
      current: "/srv/files/営業部/2026年度/見積書_第3四半期.xlsx",
    },
    reason: null,
    ...changes,
  };
}

/** Fills the fleet; gives its hosts by what they are for. */
export function fillSampleFleet(
  fleet: MemoryFleet,
  now: number,
): Record<"web" | "database" | "files" | "branch" | "mail", Host> {
  const seen = (ago: number) => ({ lastSeenAtMs: now - ago });
  const windows = {
    platform: "win32",
    operatingSystem: "Windows Server 2022 Standard",
    architecture: "x64",
    agentVersion: "0.1.0",
  };
  const hosts = {
    web: sampleHost(11, "web-01", seen(4_000)),
    database: sampleHost(12, "db-primary", seen(7_000)),
    files: sampleHost(13, "ファイルサーバー 本社", seen(2_000)),
    branch: sampleHost(14, "osaka-nas", { state: "unreachable", lastSeenAtMs: now - 17 * MINUTE_MS }),
    mail: sampleHost(15, "mail-gw", { ...seen(9_000), facts: { hostname: "MAIL-GW", ...windows } }),
  };
  for (const host of Object.values(hosts)) fleet.putHost(host);
  const look = (host: Host, ago: number, values: { cpu: number; memory: number; disk: number }) =>
    fleet.putReadings(host.id, { readAtMs: now - ago, readings: sampleReadings(values) });
  look(hosts.web, 4_000, { cpu: 0.23, memory: 0.48, disk: 0.37 });
  look(hosts.database, 7_000, { cpu: 0.61, memory: 0.93, disk: 0.72 });
  look(hosts.files, 2_000, { cpu: 0.12, memory: 0.35, disk: 0.97 });
  look(hosts.branch, 17 * MINUTE_MS, { cpu: 0.08, memory: 0.51, disk: 0.66 });
  look(hosts.mail, 9_000, { cpu: 0.34, memory: 0.57, disk: 0.44 });

  const alert = (number: number, host: Host, ago: number, severity: Severity, changes: Partial<InboxAlert>) =>
    fleet.putAlert(sampleAlert(number, host, now - ago, { severity, ...changes }));
  for (let number = 60; number > 8; number--) {
    alert(number, hosts.web, number * 3 * HOUR_MS, "information", {
      component: "rusuban agent",
      condition: "agent.started",
      summary: "the agent has started",
      kind: "event",
      state: "acknowledged",
      acknowledgedAtMs: now - number * 2 * HOUR_MS,
      acknowledgedBy: "tanaka",
    });
  }
  alert(7, hosts.mail, 26 * HOUR_MS, "minor", {
    component: "service postfix",
    condition: "service.down",
    summary: "service postfix is running again",
    state: "cleared",
    clearedAtMs: now - 25 * HOUR_MS,
  });
  alert(6, hosts.web, 3 * HOUR_MS, "information", {
    component: "rusuban agent",
    condition: "agent.started",
    summary: "the agent has started",
    kind: "event",
  });
  alert(5, hosts.database, 52 * MINUTE_MS, "warning", {
    component: "memory",
    condition: "memory.low",
    summary: "memory is 93 % used: 2.2 GB of 32 GB free",
  });
  alert(4, hosts.branch, 17 * MINUTE_MS, "major", {
    category: "communication",
    component: "host osaka-nas",
    condition: "host.unreachable",
    summary: "osaka-nas has not been heard of for 60 s and does not answer when asked",
  });
  alert(3, hosts.files, 6 * MINUTE_MS, "critical", {
    summary: "ファイルシステム /var の使用率が 97 % です(残り 1.2 GB)",
    details: [
      { name: "マウントポイント", value: "/var" },
      { name: "しきい値", value: "95 %" },
    ],
  });

  fleet.putSnapshot(sampleSnapshot(1, hosts.branch, now - 9 * 24 * HOUR_MS, { paths: ["/volume1/share"] }));
  fleet.putSnapshot(
    sampleSnapshot(2, hosts.files, now - 25 * HOUR_MS, { paths: ["/srv/files"], bytes: 212 * GIB, problems: 3 }),
  );
  fleet.putSnapshot(sampleSnapshot(3, hosts.database, now - 5 * HOUR_MS));
  fleet.putSnapshot(
    sampleSnapshot(4, hosts.web, now - 2 * HOUR_MS, { paths: ["/etc"], files: 1_204, bytes: 6_400_000 }),
  );
  fleet.putJob(sampleJob(1, hosts.files, now));
  return hosts;
}
