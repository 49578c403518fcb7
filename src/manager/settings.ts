import { declarePortSettings } from "../net/port-settings.ts";
import type { FlowKey } from "../ports/port-map.ts";
import { LOG_LEVELS } from "../runtime/log.ts";
import { choice, integer, ratio, seconds, string, strings } from "../runtime/setting-kinds.ts";
import { type SettingValues, setting } from "../runtime/settings.ts";

/** The flows on which a manager listens. */
export const MANAGER_LISTENS = [
  "agentBrowser",
  "managerReport",
  "dedupEngine",
  "dedupManager",
  "administration",
  "console",
  "cimIndication",
] as const satisfies readonly FlowKey[];

/** The flows that a manager begins towards any agent, whatever that one says of itself. */
export const MANAGER_DIALS = ["backupControl"] as const satisfies readonly FlowKey[];

/** All settings of a manager. docs/settings.md is generated from here. */
export const MANAGER_SETTINGS = {
  "listen.host": setting(
    string({ lengthMax: 255 }),
    "::",
    "Address on which the manager listens; `::` is every address, `127.0.0.1` this computer only.",
  ),
  "listen.names": setting(
    strings({ countMax: 8 }),
    [],
    "Names and addresses by which hosts and browsers reach the manager; empty: this computer's own.",
  ),
  "log.level": setting(choice(LOG_LEVELS), "info", "How much is logged."),
  "hosts.advertiseSeconds": setting(seconds({ min: 5, max: 86_400 }), 60, "How often agents advertise themselves."),
  "hosts.unreachableSeconds": setting(
    seconds({ min: 25, max: 86_400 }),
    45,
    "A host that was silent for so long, and does not answer when asked, is unreachable.",
  ),
  "hosts.pollSeconds": setting(
    seconds({ min: 10, max: 3_600 }),
    60,
    "How often servers without our agent are looked at.",
  ),
  "hosts.pollFailures": setting(
    integer({ min: 1, max: 100 }),
    3,
    "Looks in a row that must fail before a server without our agent is unreachable.",
  ),
  "watch.filesystem.warning": setting(
    ratio(),
    0.85,
    "A file system of a server without our agent that is fuller than this is a warning; `rusuban host thresholds` says it for one server.",
  ),
  "watch.filesystem.critical": setting(ratio(), 0.95, "The same: fuller than this is critical."),
  "watch.memory.warning": setting(ratio(), 0.9, "Memory used beyond this at a server without our agent is a warning."),
  "watch.memory.critical": setting(ratio(), 0.97, "The same: used beyond this is critical."),
  "watch.load.warning": setting(
    integer({ min: 1, max: 10_000 }),
    4,
    "Load for each processor beyond this at a server without our agent is a warning.",
  ),
  "watch.load.critical": setting(integer({ min: 1, max: 10_000 }), 12, "The same: beyond this is critical."),
  "indications.byAddress": setting(
    choice(["off", "on"]),
    "off",
    "Whether indications of servers without our agent are taken from the address that each is looked at, without any other proof.",
  ),
  "indications.subscribe": setting(
    choice(["off", "on"]),
    "off",
    "Whether the manager subscribes to the indications of servers that are added with `rusuban host add --indications`; they must be able to reach it.",
  ),
  "events.collect": setting(
    choice(["off", "on"]),
    "off",
    "Whether Windows servers without our agent may send their event logs (`rusuban manager windows-policy` shows how).",
  ),
  "events.issuerFile": setting(
    string({ lengthMax: 4_096 }),
    "",
    "File with the certificates (PEM) of the authorities that issue the Windows servers' own certificates, the one that issues now first.",
  ),
  "events.queries": setting(
    strings({ countMax: 32 }),
    [
      "System: *[System[(Level=1 or Level=2 or Level=3)]]",
      "Application: *[System[(Level=1 or Level=2 or Level=3)]]",
      "Security: *[System[(EventID=1102 or EventID=4719 or EventID=4740)]]",
    ],
    "What Windows servers shall send: a log, a colon, and an XPath of Windows' subset.",
  ),
  "events.heartbeatSeconds": setting(
    seconds({ min: 60, max: 3_600 }),
    300,
    "How often a Windows server without events shall say that it is there; after three times as long it is unreachable.",
  ),
  "events.batchSeconds": setting(
    seconds({ min: 1, max: 900 }),
    5,
    "How long a Windows server may gather events before it sends them.",
  ),
  "events.language": setting(
    string({ lengthMax: 35 }),
    "",
    "In which language Windows servers shall put events into words, such as `ja-JP`; empty: each in its own.",
  ),
  "hosts.tokenSeconds": setting(
    seconds({ min: 60, max: 31 * 86_400 }),
    86_400,
    "How long an enrolment token can be used.",
  ),
  "certificates.days": setting(
    integer({ min: 1, max: 825 }),
    90,
    "Lifetime of a host's certificate; it is renewed after two thirds of it.",
  ),
  "jobs.concurrent": setting(
    integer({ min: 1, max: 64 }),
    2,
    "Backups and restores that run at once; each may need two data ports on its host.",
  ),
  "store.keepLast": setting(
    integer({ min: 0, max: 10_000 }),
    0,
    "Snapshots of each host and set of paths that are kept, the newest; with all of `store.keep*` at 0 nothing is ever forgotten.",
  ),
  "store.keepHourly": setting(integer({ min: 0, max: 10_000 }), 0, "Hours of which the newest snapshot is kept."),
  "store.keepDaily": setting(integer({ min: 0, max: 10_000 }), 0, "Days of which the newest snapshot is kept."),
  "store.keepWeekly": setting(integer({ min: 0, max: 10_000 }), 0, "Weeks of which the newest snapshot is kept."),
  "store.keepMonthly": setting(integer({ min: 0, max: 10_000 }), 0, "Months of which the newest snapshot is kept."),
  "store.keepYearly": setting(integer({ min: 0, max: 1_000 }), 0, "Years of which the newest snapshot is kept."),
  "store.keepWithinSeconds": setting(
    seconds({ min: 0, max: 100 * 366 * 86_400 }),
    0,
    "Every snapshot is kept that was made so shortly before the newest of its host and paths.",
  ),
  "store.keepTags": setting(strings({ countMax: 64 }), [], "Snapshots with one of these tags are kept."),
  "store.verifySecondsDaily": setting(
    seconds({ min: 0, max: 86_400 }),
    300,
    "How long stored data is read and verified each day, the longest unverified first; 0: never.",
  ),
  "console.sessionSeconds": setting(
    seconds({ min: 300, max: 31 * 86_400 }),
    43_200,
    "A console session ends after so long, used or not.",
  ),
  "history.minutesDays": setting(
    integer({ min: 1, max: 31 }),
    7,
    "Days for which readings are kept by the minute; then an average an hour is left.",
  ),
  "history.hoursDays": setting(
    integer({ min: 1, max: 3_650 }),
    400,
    "Days for which the hourly averages of readings are kept.",
  ),
  "history.mebibytes": setting(
    integer({ min: 1, max: 1_048_576 }),
    2_048,
    "What the history of readings may take of the disk, in MiB; the oldest goes first.",
  ),
  "history.forwardUrl": setting(
    string({ lengthMax: 2_048 }),
    "",
    "Where readings are passed on to by Prometheus remote write, such as https://prometheus.example/api/v1/write.",
  ),
  "history.forwardTokenFile": setting(
    string({ lengthMax: 4_096 }),
    "",
    "File with the bearer token for `history.forwardUrl`, where it wants one.",
  ),
  "audit.days": setting(integer({ min: 1, max: 3_650 }), 400, "Days for which entries of the audit trail are kept."),
  "audit.entries": setting(
    integer({ min: 1_000, max: 100_000_000 }),
    1_000_000,
    "Entries of the audit trail that are kept; the oldest goes first.",
  ),
  "metrics.tokenFile": setting(
    string({ lengthMax: 4_096 }),
    "",
    "File with the token by which Prometheus may read `/metrics` at the console's port; empty: nobody may.",
  ),
  ...declarePortSettings(),
} as const;

export type ManagerSettings = SettingValues<typeof MANAGER_SETTINGS>;
