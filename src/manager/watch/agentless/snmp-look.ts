import { unknownReading } from "../../../model/create-reading.ts";
import { READING_LIMITS, type Reading } from "../../../model/reading.ts";
import type { SnmpClient, SnmpRows } from "../../../protocols/snmp/client.ts";
import { numberIn, textIn } from "../../../protocols/snmp/value.ts";
import { ConnectError, PeerError, reasonOf } from "../../../runtime/errors.ts";
import type { Look } from "./means.ts";
import { processorReadings } from "./plain-readings.ts";
import type { InterfaceReader } from "./snmp-interfaces.ts";
import { INTERFACES, INTERFACES_X, PROCESSORS, PROGRAMS, SCALARS, STORAGES } from "./snmp-objects.ts";
import { fileSystemsOfSnmp, loadOfSnmp, memoryOfSnmp, programReadings, systemReadings } from "./snmp-readings.ts";

/** Rows of one table that one look takes: a server that has more is not believed, and says so as unknown. */
export const SNMP_ROWS_MAX = 1_000;

const NO_ROWS: SnmpRows = new Map();

/**
 * Everything that the server tells. The system group must answer, or the look has failed; a table that it does not have is
 * left out, one that fails is unknown. Rejects with ConnectError, PeerError, WireError.
 */
export async function lookBySnmp(client: SnmpClient, readInterfaces: InterfaceReader): Promise<Look> {
  const scalars = await client.get(Object.values(SCALARS));
  const [description, name] = [SCALARS.sysDescr, SCALARS.sysName].map((oid) => textIn(scalars.get(oid)) ?? null);
  const ticks = numberIn(scalars.get(SCALARS.sysUpTime));
  if (description === null && name === null && ticks === null) {
    throw new PeerError("no-view", "it answers, but shows this account no system group (1.3.6.1.2.1.1)");
  }
  const troubles: Reading[] = [];
  const rowsOf = async (component: string, columns: Readonly<Record<string, string>>): Promise<SnmpRows> => {
    try {
      const { rows, isCut } = await client.table(Object.values(columns), { rowsMax: SNMP_ROWS_MAX });
      if (isCut)
        troubles.push(unknownReading(component, "all", { unit: "none", reason: "there are more than are read" }));
      return rows;
    } catch (error) {
      // Who has fallen silent is not asked for the rest.
      if (error instanceof ConnectError) throw error;
      troubles.push(unknownReading(component, "answers", { unit: "none", reason: reasonOf(error) }));
      return NO_ROWS;
    }
  };
  const processors = [...(await rowsOf("hrProcessorTable", PROCESSORS)).values()];
  const storages = [...(await rowsOf("hrStorageTable", STORAGES)).values()];
  const programs = await rowsOf("prTable", PROGRAMS);
  const interfaces = await rowsOf("ifTable", INTERFACES);
  const extra = interfaces.size === 0 ? NO_ROWS : await rowsOf("ifXTable", INTERFACES_X);
  const readings = [
    ...memoryOfSnmp(scalars, storages),
    ...loadOfSnmp(scalars, processors.length),
    ...processorReadings(processors.flatMap((row) => numberIn(row.get(PROCESSORS.hrProcessorLoad)) ?? [])),
    ...systemReadings(scalars),
    ...fileSystemsOfSnmp(storages),
    ...programReadings(programs.values()),
    ...troubles,
    ...readInterfaces(interfaces, extra, ticks),
  ];
  return {
    facts: {
      ...(description === null || description === undefined ? {} : { operatingSystem: description.slice(0, 255) }),
      ...(name === null || name === undefined ? {} : { hostname: name.slice(0, 255) }),
    },
    readings: bounded(readings),
  };
}

function bounded(readings: readonly Reading[]): readonly Reading[] {
  if (readings.length <= READING_LIMITS.readings) return readings;
  const kept = readings.slice(0, READING_LIMITS.readings - 1);
  const reason = `${readings.length - kept.length} further readings are left out`;
  return [...kept, unknownReading("readings", "left out", { unit: "count", reason })];
}
