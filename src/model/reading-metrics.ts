import { READING_STATES, READING_UNITS, type Reading, type ReadingUnit } from "./reading.ts";

// Readings as metrics: the same names wherever they are scraped, at the manager for all hosts or at an agent for its own.

/** In the shape of src/wire/exposition.ts. */
export interface ReadingMetric {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge";
  readonly samples: readonly ReadingSample[];
}

interface ReadingSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const READING_HELP: Readonly<Record<ReadingUnit, string>> = {
  ratio: "The latest reading of a share, from 0 to 1.",
  bytes: "The latest reading of an amount of bytes.",
  seconds: "The latest reading of a length of time.",
  count: "The latest reading of a number of things.",
  none: "The latest reading of what has no unit.",
};

/** One metric a unit, and one of the states; what could not be read has a state and no value. */
export function readingMetrics(
  hosts: readonly { readonly host: string; readonly readings: readonly Reading[] }[],
): ReadingMetric[] {
  const values = new Map<ReadingUnit, ReadingSample[]>();
  const states: ReadingSample[] = [];
  for (const { host, readings } of hosts) {
    for (const { component, measure, unit, value, state } of readings) {
      const labels = { host, component, measure };
      states.push({ labels, value: READING_STATES[state] });
      if (value === null) continue;
      const samples = values.get(unit) ?? [];
      samples.push({ labels, value });
      values.set(unit, samples);
    }
  }
  const units = Object.keys(READING_UNITS) as ReadingUnit[];
  return [
    ...units.map((unit) => ({
      name: unit === "none" ? "rusuban_reading" : `rusuban_reading_${unit}`,
      ...{ help: READING_HELP[unit], type: "gauge" as const, samples: values.get(unit) ?? [] },
    })),
    {
      ...{ name: "rusuban_reading_state", help: "1 fine, 2 unknown, 3 warning, 4 critical." },
      ...{ type: "gauge", samples: states },
    },
  ];
}
