import { reading } from "../../../model/create-reading.ts";
import { count, formatBytes } from "../../../model/quantity.ts";
import type { Reading } from "../../../model/reading.ts";
import { counterIn, numberIn, textIn } from "../../../protocols/snmp/value.ts";
import { INTERFACES, INTERFACES_X } from "./snmp-objects.ts";
import type { Row } from "./snmp-readings.ts";

// Interfaces: what they carry is the difference of two looks, timed by the server's own clock.

/** ifType (IANAifType-MIB): softwareLoopback. */
const LOOPBACK = 24;
const UP = 1;

interface Counted {
  readonly received: bigint | null;
  readonly sent: bigint | null;
  readonly errors: bigint | null;
  /** Where counters of 32 bits begin anew. */
  readonly width: 32 | 64;
}

/** One server's, over time. `ticks`: sysUpTime of the look. */
export type InterfaceReader = (
  rows: ReadonlyMap<string, Row>,
  extra: ReadonlyMap<string, Row>,
  ticks: number | null,
) => Reading[];

export function createInterfaceReader(): InterfaceReader {
  let before: { readonly ticks: number; readonly counted: ReadonlyMap<string, Counted> } | undefined;
  return (rows, extra, ticks) => {
    const counted = new Map<string, Counted>();
    const seconds = before === undefined || ticks === null ? 0 : (ticks - before.ticks) / 100;
    const readings = [...rows].flatMap(([index, row]) => {
      const more: Row = extra.get(index) ?? new Map();
      const name = textIn(more.get(INTERFACES_X.ifName)) ?? textIn(row.get(INTERFACES.ifDescr)) ?? index;
      if (numberIn(row.get(INTERFACES.ifType)) === LOOPBACK) return [];
      // Switched off by a person: nothing to see.
      if (numberIn(row.get(INTERFACES.ifAdminStatus)) !== UP) return [];
      const now = countersOf(row, more);
      counted.set(name, now);
      const component = `network port ${name}`;
      const past = before?.counted.get(name);
      return [
        ...linkReading(component, row),
        ...(past && seconds > 0 ? flowReadings(component, { past, now, seconds }) : []),
      ];
    });
    before = ticks === null ? undefined : { ticks, counted };
    return readings;
  };
}

function countersOf(row: Row, more: Row): Counted {
  const [wideIn, wideOut] = [INTERFACES_X.ifHCInOctets, INTERFACES_X.ifHCOutOctets].map((name) =>
    counterIn(more.get(name)),
  );
  const isWide = wideIn !== null && wideIn !== undefined;
  const [badIn, badOut] = [INTERFACES.ifInErrors, INTERFACES.ifOutErrors].map((name) => counterIn(row.get(name)));
  return {
    received: isWide ? wideIn : counterIn(row.get(INTERFACES.ifInOctets)),
    sent: isWide ? (wideOut ?? null) : counterIn(row.get(INTERFACES.ifOutOctets)),
    errors: badIn === null && badOut === null ? null : (badIn ?? 0n) + (badOut ?? 0n),
    width: isWide ? 64 : 32,
  };
}

function linkReading(component: string, row: Row): Reading[] {
  const status = numberIn(row.get(INTERFACES.ifOperStatus));
  if (status === null) return [];
  const value = status === UP ? 1 : 0;
  return [reading(component, "link", { value, unit: "none", summary: value === 1 ? "has a link" : "has no link" })];
}

function flowReadings(
  component: string,
  { past, now, seconds }: { readonly past: Counted; readonly now: Counted; readonly seconds: number },
): Reading[] {
  const rate = (one: bigint | null, other: bigint | null) => {
    const grown = past.width === now.width ? growth(one, other, now.width) : null;
    return grown === null ? null : Number(grown) / seconds;
  };
  const readings: Reading[] = [];
  for (const [measure, value] of [
    ["received", rate(past.received, now.received)],
    ["sent", rate(past.sent, now.sent)],
  ] as const) {
    if (value === null) continue;
    readings.push(
      reading(component, measure, { value, unit: "bytes", summary: `${formatBytes(value)} a second ${measure}` }),
    );
  }
  const errors = growth(past.errors, now.errors, 64);
  if (errors !== null) {
    const summary = `${count(Number(errors), "error")} since the last look`;
    readings.push(reading(component, "errors", { value: Number(errors), unit: "count", summary }));
  }
  return readings;
}

/** Null where it cannot be told: a counter of 64 bits never goes back but by a restart. */
function growth(before: bigint | null, after: bigint | null, width: 32 | 64): bigint | null {
  if (before === null || after === null) return null;
  if (after >= before) return after - before;
  return width === 32 ? after - before + 2n ** 32n : null;
}
