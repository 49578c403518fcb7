import type { HostSystem } from "./host-system.ts";
import { listOrNone, readDeviceOrNull, readTextOrNull, wholeNumber } from "./optional-file.ts";

/** What a chip measures, and in which unit the kernel gives it (Documentation/hwmon/sysfs-interface.rst). */
export const SENSOR_KINDS = {
  temp: "thousandths of a degree Celsius",
  in: "millivolts",
  curr: "milliamperes",
  power: "microwatts",
  fan: "revolutions per minute",
} as const;
export type SensorKind = keyof typeof SENSOR_KINDS;

export interface Sensor {
  /** Stays the same from boot to boot as long as the hardware does: `coretemp:temp1`, `nvme#2:temp1`. */
  readonly id: string;
  readonly chip: string;
  readonly label: string;
  readonly kind: SensorKind;
  /** In the unit of its kind; null when it cannot be read, or says itself that it is broken. */
  readonly value: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly lowerCritical: number | null;
  readonly critical: number | null;
  /** The chip's own judgement; null where it has none. */
  readonly alarm: boolean | null;
  readonly fault: boolean;
}

/** A large server has about 200; each is a few small reads, and must fit into the provider's time. */
export const SENSORS_MAX = 1_024;

export async function readSensors(system: HostSystem, signal: AbortSignal): Promise<Sensor[]> {
  const sensors: Sensor[] = [];
  const chips = new Map<string, number>();
  for (const folder of await listOrNone(system, "/sys/class/hwmon")) {
    const base = `/sys/class/hwmon/${folder}`;
    const name = (await readTextOrNull(system, `${base}/name`)) ?? folder;
    // hwmon3 may be hwmon2 after the next boot: the name and its turn stay.
    const turn = (chips.get(name) ?? 0) + 1;
    chips.set(name, turn);
    const chip = turn === 1 ? name : `${name}#${turn}`;
    for (const file of await listOrNone(system, base)) {
      const match = /^((temp|in|curr|power|fan)\d{1,3})_(?:input|average)$/.exec(file);
      if (match === null || signal.aborted) continue;
      const [, sensor = "", kind = "temp"] = match;
      const id = `${chip}:${sensor}`;
      if (sensors.length >= SENSORS_MAX || sensors.some((other) => other.id === id)) continue;
      sensors.push(await readSensor(system, { base, chip, sensor, id, file, kind: kind as SensorKind }));
    }
  }
  return sensors;
}

async function readSensor(
  system: HostSystem,
  {
    base,
    chip,
    sensor,
    id,
    file,
    kind,
  }: {
    readonly base: string;
    readonly chip: string;
    readonly sensor: string;
    readonly id: string;
    readonly file: string;
    readonly kind: SensorKind;
  },
): Promise<Sensor> {
  const number = async (what: string) => wholeNumber(await readDeviceOrNull(system, `${base}/${sensor}_${what}`));
  const fault = (await number("fault")) === 1;
  const value = fault ? null : wholeNumber(await readDeviceOrNull(system, `${base}/${file}`));
  const alarms = await Promise.all(["alarm", "max_alarm", "min_alarm", "crit_alarm"].map(number));
  return {
    id,
    chip,
    label: (await readTextOrNull(system, `${base}/${sensor}_label`)) ?? `${chip} ${sensor}`,
    kind,
    value,
    min: await number("min"),
    max: await number("max"),
    lowerCritical: await number("lcrit"),
    critical: await number("crit"),
    alarm: alarms.every((alarm) => alarm === null) ? null : alarms.some((alarm) => alarm === 1),
    fault,
  };
}
