import type { HostSystem } from "./host-system.ts";

/** A record of the management controller's sensors, as ipmitool lists it. */
export interface IpmiSensor {
  readonly name: string;
  /** Entity id and instance, `7.1` (IPMI 2.0 table 43-13): 10 is a power supply, 29 and 30 are fans. */
  readonly entity: string;
  /** `ok`, `nc` not critical, `cr` critical, `nr` not recoverable, `ns` no reading. */
  readonly status: string;
  readonly reading: { readonly value: number; readonly unit: string } | null;
  /** What a sensor of states says: `Presence detected, Power Supply AC lost`. */
  readonly states: string | null;
}

/** A sensor's number has eight bits on each of few controllers (IPMI 2.0 §43). */
export const IPMI_SENSORS_MAX = 512;
/** A management controller answers a few sensors a second over its slow bus. */
export const IPMI_TIMEOUT_MS = 30_000;
const DEVICES = ["/dev/ipmi0", "/dev/ipmi/0", "/dev/ipmidev/0"];

/** None where the machine has no management controller, or ipmitool is not installed. Rejects when it does not answer. */
export async function readIpmiSensors(system: HostSystem, signal: AbortSignal): Promise<IpmiSensor[]> {
  const present = await Promise.all(DEVICES.map((device) => system.exists(device)));
  if (!present.includes(true)) return [];
  try {
    return parseIpmiSensors(await system.run("ipmitool", ["sdr", "elist", "all"], signal));
  } catch (error) {
    if (error instanceof Error && /ENOENT/.test(error.message)) return [];
    throw error;
  }
}

/** `Inlet Temp       | 04h | ok  |  7.1 | 22 degrees C` */
export function parseIpmiSensors(output: string): IpmiSensor[] {
  return output
    .split("\n")
    .flatMap((line) => {
      const [name, , status, entity, said] = line.split("|").map((part) => part.trim());
      if (!name || !status || !entity || said === undefined || !/^\d+\.\d+$/.test(entity)) return [];
      const number = /^(-?\d+(?:\.\d+)?) ([A-Za-z% ]+)$/.exec(said);
      const none = said === "" || /^(no reading|disabled|not readable|static mc|log fru|dynamic mc)/i.test(said);
      return [
        {
          name,
          entity,
          status,
          reading: number?.[1] === undefined ? null : { value: Number(number[1]), unit: number[2] ?? "" },
          states: number !== null || none ? null : said,
        },
      ];
    })
    .slice(0, IPMI_SENSORS_MAX);
}
