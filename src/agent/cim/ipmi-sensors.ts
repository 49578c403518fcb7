import type { InstanceOf } from "../../cim/class-declaration.ts";
import { type ClassProvider, provide } from "../../cim/provider.ts";
import { CIM_Fan, CIM_NumericSensor, CIM_PowerSupply } from "../../cim/schema/device.ts";
import type { IpmiSensor } from "../providers/ipmi.ts";
import type { CimHost } from "./cim-host.ts";
import { deviceOf } from "./device-of.ts";
import { SENSOR_STATES } from "./sensors.ts";
import type { CimSources } from "./sources.ts";
import { enabled, health } from "./status.ts";

/** Unit of ipmitool to SensorType and BaseUnits; all are given in thousandths, since half degrees and volts matter. */
const UNITS: Readonly<Record<string, readonly [number, number]>> = {
  "degrees C": [2, 2],
  Volts: [3, 5],
  Amps: [4, 6],
  Watts: [13, 7],
  RPM: [5, 19],
};
const MODIFIER = -3;
/** Entity ids of IPMI 2.0 table 43-13. */
const [POWER_SUPPLY, FAN, COOLING_UNIT] = ["10", "29", "30"];

/** What the management controller sees, by ipmitool: the only eye for power supplies. */
export function createIpmiProviders({ names }: CimHost, sources: CimSources): ClassProvider[] {
  const sensors = provide(CIM_NumericSensor, {
    instances: async () =>
      (await sources.ipmi()).flatMap((sensor): InstanceOf<typeof CIM_NumericSensor>[] => {
        const kind = UNITS[sensor.reading?.unit ?? ""];
        if (kind === undefined || sensor.reading === null) return [];
        return [
          {
            ...deviceOf(names, CIM_NumericSensor, idOf(sensor)),
            ...titles(sensor),
            SensorType: kind[0],
            BaseUnits: kind[1],
            UnitModifier: MODIFIER,
            RateUnits: 0,
            CurrentReading: Math.round(sensor.reading.value * 1000),
            PossibleStates: SENSOR_STATES,
            CurrentState: sensor.status === "ok" ? "Normal" : "Unknown",
            SensorContext: "management controller",
            ...healthOf(sensor),
            ...enabled("enabled"),
          },
        ];
      }),
  });

  const fans = provide(CIM_Fan, {
    instances: async () =>
      (await sources.ipmi())
        .filter(
          ({ entity, reading }) => [FAN, COOLING_UNIT].includes(entity.split(".")[0] ?? "") && reading?.unit === "RPM",
        )
        .map((sensor) => ({
          ...deviceOf(names, CIM_Fan, idOf(sensor)),
          ...titles(sensor),
          ActiveCooling: true,
          ...healthOf(sensor),
          ...enabled("enabled"),
        })),
  });

  const supplies = provide(CIM_PowerSupply, {
    async instances() {
      const all = (await sources.ipmi()).filter(({ entity }) => entity.split(".")[0] === POWER_SUPPLY);
      const byEntity = Map.groupBy(all, ({ entity }) => entity);
      return [...byEntity].map(([entity, parts]) => {
        const told = parts.flatMap(({ states }) => states ?? []).join(", ");
        return {
          ...deviceOf(names, CIM_PowerSupply, `ipmi:${entity}`),
          Name: `power supply ${entity}`,
          ElementName: `power supply ${entity.split(".")[1] ?? entity}`,
          Caption: `power supply ${entity}`,
          TypeOfRangeSwitching: 2,
          ActiveInputVoltage: 2,
          ...supplyHealth(parts, told),
          ...enabled("enabled"),
        };
      });
    },
  });
  return [sensors, fans, supplies];
}

function idOf({ name, entity }: IpmiSensor): string {
  return `ipmi:${entity}:${name}`;
}

function titles({ name }: IpmiSensor) {
  return { Name: name, ElementName: name, Caption: name.slice(0, 64), Description: `${name} (IPMI)` };
}

function healthOf({ status, reading, states }: IpmiSensor) {
  const said = reading === null ? states : `${reading.value} ${reading.unit}`;
  if (status === "ok") return health("ok", said);
  if (status.endsWith("nc")) return health("degraded", said);
  if (status.endsWith("cr")) return health("error", said, "critical");
  if (status.endsWith("nr")) return health("error", said, "nonRecoverable");
  return health("unknown", said);
}

/** Offsets of the sensor type "Power Supply" (IPMI 2.0 table 42-3) as ipmitool words them. */
function supplyHealth(parts: readonly IpmiSensor[], told: string) {
  if (/failure detected|predictive failure/i.test(told))
    return /predictive/i.test(told) ? health("predictiveFailure", told) : health("error", told, "critical");
  if (/lost|out of range|config(uration)? error/i.test(told)) return health("error", told, "major");
  if (/presence detected/i.test(told)) return health("ok", told);
  const worst = parts.find(({ status }) => /(nc|cr|nr)$/.test(status)) ?? parts.find(({ status }) => status === "ok");
  return worst === undefined ? health("unknown", told || "it tells nothing of itself") : healthOf(worst);
}
