import { DEFAULT_STATE_FOLDER } from "../firewall/live/state-folder.ts";
import { declarePortSettings } from "../net/port-settings.ts";
import type { FlowKey } from "../ports/port-map.ts";
import { LOG_LEVELS } from "../runtime/log.ts";
import { choice, integer, ratio, seconds, string, strings } from "../runtime/setting-kinds.ts";
import { type SettingValues, setting } from "../runtime/settings.ts";

/** The flows on which an agent listens. */
export const AGENT_LISTENS = ["backupControl", "wsmanHttps", "cimXml"] as const satisfies readonly FlowKey[];

/** All settings of an agent. docs/settings.md is generated from here. */
export const AGENT_SETTINGS = {
  "listen.host": setting(
    string({ lengthMax: 255 }),
    "::",
    "Address on which the agent listens; `::` is every address.",
  ),
  "log.level": setting(choice(LOG_LEVELS), "info", "How much is logged."),
  "watch.seconds": setting(seconds({ min: 1, max: 3_600 }), 10, "How often the host is looked at."),
  "watch.services": setting(strings(), [], "Services whose absence is an alert, such as sshd."),
  "watch.filesystem.warning": setting(ratio(), 0.85, "A file system fuller than this is a warning."),
  "watch.filesystem.critical": setting(ratio(), 0.95, "A file system fuller than this is critical."),
  "watch.memory.warning": setting(ratio(), 0.9, "Memory used beyond this is a warning."),
  "watch.memory.critical": setting(ratio(), 0.97, "Memory used beyond this is critical."),
  "watch.load.warning": setting(
    integer({ min: 1, max: 10_000 }),
    4,
    "Load for each processor beyond this is a warning.",
  ),
  "watch.load.critical": setting(
    integer({ min: 1, max: 10_000 }),
    12,
    "Load for each processor beyond this is critical.",
  ),
  "cim.services": setting(
    strings(),
    [],
    "Services that may be started and stopped over WS-Management and CIM-XML, by the manager and by accounts that may change things.",
  ),
  "cim.plainHttp": setting(
    choice(["off", "on"]),
    "off",
    "Whether WS-Management is also served without encryption, where passwords and readings can be read on the way.",
  ),
  "cim.localHttp": setting(
    choice(["off", "on"]),
    "off",
    "Whether CIM-XML is also served without encryption to programs on this computer.",
  ),
  "cim.plainDestinations": setting(
    choice(["off", "on"]),
    "off",
    "Whether subscribers may have indications sent to them without encryption.",
  ),
  "cim.loopbackDestinations": setting(
    choice(["off", "on"]),
    "off",
    "Whether subscribers may have indications sent to programs on this computer.",
  ),
  "cim.destinationAuthorities": setting(
    strings(),
    [],
    "Files (PEM) of authorities that are trusted when indications are sent over HTTPS, beside the manager's own; the certificate must then carry the destination's name or address.",
  ),
  "metrics.tokenFile": setting(
    string({ lengthMax: 4_096 }),
    "",
    "File with the token by which Prometheus may read `/metrics` of this host at the port of WS-Management (HTTPS); empty: nobody may.",
  ),
  "backup.paths": setting(
    strings(),
    ["/"],
    "Directories that the manager may back up: whatever it asks, nothing outside them is read.",
  ),
  "backup.targets": setting(
    strings(),
    ["/"],
    "Directories into which the manager may restore: nothing outside them is written.",
  ),
  "backup.concurrentJobs": setting(integer({ min: 1, max: 64 }), 2, "Backups and restores at once on this host."),
  "firewall.state": setting(
    string(),
    DEFAULT_STATE_FOLDER,
    "Where `rusuban firewall apply` wrote down what it applied: the agent tells when the firewall no longer holds it.",
  ),
  "firewall.lookSeconds": setting(
    seconds({ min: 1, max: 86_400 }),
    300,
    "How often the agent compares what was applied with what is there; a look costs up to a second of one core where firewalld runs.",
  ),
  "firewall.jobOpenings": setting(
    seconds({ min: 0, max: 604_800 }),
    0,
    "Open a job's data ports in the firewall while it runs, for at most so long (after `rusuban firewall apply --job-openings`); 0 is never.",
  ),
  ...declarePortSettings(),
} as const;

export type AgentSettings = SettingValues<typeof AGENT_SETTINGS>;
