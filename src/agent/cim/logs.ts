import { CimDateTime } from "../../cim/cim-date-time.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import { CIMV2, type ClassProvider, provide } from "../../cim/provider.ts";
import { CIM_LogEntry, CIM_LogManagesRecord, CIM_RecordLog, CIM_UseOfLog } from "../../cim/schema/log.ts";
import { LOG_LINES_MAX } from "../providers/log-line.ts";
import type { CimHost } from "./cim-host.ts";
import { membership } from "./membership.ts";
import type { CimSources } from "./sources.ts";
import { enabled, health } from "./status.ts";

/** Syslog's priorities 0 (emergency) to 7 (debug) as PerceivedSeverity. */
const SEVERITIES = [7, 6, 6, 5, 3, 2, 2, 2];
const [WRAPS, NORMAL] = [2, 2];
const LOG_ID = "Rusuban:log:system";

/** The newest records of the journal, of syslog's file or of the event logs of Windows; the times of the records are those of the log. */
export function createLogProviders({ names }: CimHost, sources: CimSources): ClassProvider[] {
  const logPath = new ObjectPath({ namespace: CIMV2, className: CIM_RecordLog.name, keys: { InstanceID: LOG_ID } });

  const logs = provide(CIM_RecordLog, {
    async instances() {
      const log = await sources.log();
      if (log === null) return [];
      return [
        {
          InstanceID: LOG_ID,
          Name: log.name,
          ElementName: log.name,
          Caption: log.name,
          Description: `the newest ${LOG_LINES_MAX} records of the system's ${log.name}`,
          MaxNumberOfRecords: BigInt(LOG_LINES_MAX),
          CurrentNumberOfRecords: BigInt(log.lines.length),
          OverwritePolicy: WRAPS,
          LogState: NORMAL,
          ...health("ok"),
          ...enabled("enabled"),
        },
      ];
    },
  });

  const records = provide(CIM_LogEntry, {
    async instances() {
      const log = await sources.log();
      return (log?.lines ?? []).map(({ id, atMs, priority, program, message }) => ({
        InstanceID: `${LOG_ID}:${id}`,
        LogInstanceID: LOG_ID,
        LogName: log?.name ?? null,
        RecordID: id.slice(0, 256),
        ElementName: program,
        CreationTimeStamp: atMs === null ? null : CimDateTime.at(atMs),
        Message: message,
        OwningEntity: program,
        RecordFormat: "*string Message*",
        RecordData: `*${message}*`,
        PerceivedSeverity: priority === null ? 0 : (SEVERITIES[priority] ?? 0),
      }));
    },
  });

  return [
    logs,
    records,
    membership(CIM_LogManagesRecord, { whole: logPath, wholeRole: "Log", part: records, partRole: "Record" }),
    membership(CIM_UseOfLog, { whole: names.system, wholeRole: "Dependent", part: logs, partRole: "Antecedent" }),
  ];
}
