import { CimDateTime } from "../../../cim/cim-date-time.ts";
import type { CimInstance } from "../../../cim/cim-instance.ts";

// Properties of instances as other people's servers send them: numbers as text where no class told the type, names in any
// case, nothing where there is nothing. What is not there is null and never zero.

export function numberOf(instance: CimInstance, name: string): number | null {
  const value = instance.get(name);
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "bigint") return Number(value);
  // Over WS-Management there are no types on the wire.
  if (typeof value === "string" && /^[-+]?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(value.trim())) return Number(value);
  return null;
}

export function textOf(instance: CimInstance, name: string): string | null {
  const value = instance.get(name);
  if (typeof value === "string") return value.trim() === "" ? null : value.trim();
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean" ? String(value) : null;
}

/** Of an array, also where only one came and looks like a single value. */
export function numbersOf(instance: CimInstance, name: string): number[] {
  const value = instance.get(name);
  const values = Array.isArray(value) ? value : [value];
  return values.flatMap((one) => {
    const number = typeof one === "string" && /^\d+$/.test(one.trim()) ? Number(one) : one;
    return typeof number === "number" || typeof number === "bigint" ? [Number(number)] : [];
  });
}

/** Milliseconds since 1970. */
export function momentOf(instance: CimInstance, name: string): number | null {
  const value = instance.get(name);
  const moment = value instanceof CimDateTime ? value : typeof value === "string" ? parseMoment(value) : null;
  return moment?.milliseconds ?? null;
}

function parseMoment(text: string): CimDateTime | null {
  try {
    return /^\d{14}\./.test(text.trim()) ? CimDateTime.parse(text.trim()) : CimDateTime.parseIso(text.trim());
  } catch {
    return null;
  }
}
