import { type ClassProvider, provide } from "../../cim/provider.ts";
import { CIM_AssociatedSensor, CIM_Fan, CIM_NumericSensor } from "../../cim/schema/device.ts";
import type { Sensor, SensorKind } from "../providers/hardware-monitor.ts";
import type { CimHost } from "./cim-host.ts";
import { deviceOf } from "./device-of.ts";
import type { CimSources } from "./sources.ts";
import { enabled, health } from "./status.ts";

/** SensorType, BaseUnits and UnitModifier of each kind, and by what the kernel's number is divided to fit. */
const KINDS: Readonly<Record<SensorKind, { type: number; units: number; modifier: number; divisor: number }>> = {
  temp: { type: 2, units: 2, modifier: -3, divisor: 1 },
  in: { type: 3, units: 5, modifier: -3, divisor: 1 },
  curr: { type: 4, units: 6, modifier: -3, divisor: 1 },
  // Microwatts of a whole server do not fit into 31 bits.
  power: { type: 13, units: 7, modifier: -3, divisor: 1000 },
  fan: { type: 5, units: 19, modifier: 0, divisor: 1 },
};
export const SENSOR_STATES = [
  "Unknown",
  "Normal",
  "Lower Non-Critical",
  "Upper Non-Critical",
  "Lower Critical",
  "Upper Critical",
];
const THRESHOLDS = [
  "LowerThresholdNonCritical",
  "UpperThresholdNonCritical",
  "LowerThresholdCritical",
  "UpperThresholdCritical",
] as const;
const [SINT32_MIN, SINT32_MAX] = [-0x8000_0000, 0x7fff_ffff];

/** What the kernel's drivers measure (hwmon): a sensor that cannot be read is unknown, never zero. */
export function createSensorProviders({ names }: CimHost, sources: CimSources): ClassProvider[] {
  const sensors = provide(CIM_NumericSensor, {
    instances: async () =>
      (await sources.sensors()).map((sensor) => {
        const { type, units, modifier, divisor } = KINDS[sensor.kind];
        const scaled = (value: number | null) => fitting(value === null ? null : Math.round(value / divisor));
        const limits = {
          LowerThresholdNonCritical: scaled(sensor.min),
          UpperThresholdNonCritical: scaled(sensor.max),
          LowerThresholdCritical: scaled(sensor.lowerCritical),
          UpperThresholdCritical: scaled(sensor.critical),
        };
        const supported = THRESHOLDS.flatMap((name, index) => (limits[name] === null ? [] : [index]));
        const state = stateOf(sensor);
        return {
          ...deviceOf(names, CIM_NumericSensor, sensor.id),
          Name: sensor.id,
          ElementName: sensor.label,
          Caption: sensor.label.slice(0, 64),
          Description: `${sensor.label} of ${sensor.chip}`,
          SensorType: type,
          BaseUnits: units,
          UnitModifier: modifier,
          RateUnits: 0,
          CurrentReading: scaled(sensor.value),
          ...limits,
          SupportedThresholds: supported,
          EnabledThresholds: supported,
          SettableThresholds: [],
          IsLinear: true,
          PossibleStates: SENSOR_STATES,
          CurrentState: state,
          SensorContext: sensor.chip,
          ...sensorHealth(sensor, state),
          ...enabled(sensor.fault ? "offline" : "enabled"),
        };
      }),
  });

  const fans = provide(CIM_Fan, {
    instances: async () =>
      (await sources.sensors())
        .filter(({ kind }) => kind === "fan")
        .map((sensor) => ({
          ...deviceOf(names, CIM_Fan, sensor.id),
          Name: sensor.id,
          ElementName: sensor.label,
          Caption: sensor.label.slice(0, 64),
          ActiveCooling: true,
          VariableSpeed: null,
          ...fanHealth(sensor),
          ...enabled(sensor.fault ? "offline" : "enabled"),
        })),
  });

  const measured = provide(CIM_AssociatedSensor, {
    instances: async () =>
      (await sources.sensors())
        .filter(({ kind }) => kind === "fan")
        .map(({ id }) => ({
          Antecedent: names.device(CIM_NumericSensor.name, id),
          Dependent: names.device(CIM_Fan.name, id),
        })),
  });
  return [sensors, fans, measured];
}

function fitting(value: number | null): number | null {
  return value === null || value < SINT32_MIN || value > SINT32_MAX ? null : value;
}

function stateOf({ value, min, max, lowerCritical, critical }: Sensor): string {
  if (value === null) return "Unknown";
  if (critical !== null && critical > 0 && value >= critical) return "Upper Critical";
  if (lowerCritical !== null && value <= lowerCritical) return "Lower Critical";
  // Many boards leave limits at 0 or at the end of their register: those say nothing.
  if (max !== null && max > (min ?? 0) && value >= max) return "Upper Non-Critical";
  if (min !== null && min !== 0 && value < min) return "Lower Non-Critical";
  return "Normal";
}

function sensorHealth({ value, fault, alarm }: Sensor, state: string) {
  if (fault) return health("error", "the sensor says that it is broken");
  if (value === null) return health("unknown", "it cannot be read");
  if (state.endsWith("Non-Critical")) return health("degraded", state);
  if (state.endsWith("Critical")) return health("error", state, "critical");
  return alarm === true ? health("degraded", "the chip says that a limit is crossed") : health("ok");
}

/** A fan that should turn (it has a least speed) and does not is broken; one without a least speed may rest. */
function fanHealth({ value, min, fault, alarm }: Sensor) {
  if (fault) return health("error", "the chip says that it is broken");
  if (value === null) return health("unknown", "its speed cannot be read");
  if (min !== null && min > 0 && value === 0)
    return health("error", `it stands still, and should turn at ${min} a minute`);
  if (alarm === true || (min !== null && value < min)) return health("degraded", `${value} revolutions a minute`);
  return health("ok", `${value} revolutions a minute`);
}
