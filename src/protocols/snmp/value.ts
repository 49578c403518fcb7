import snmp from "net-snmp";
import { WireError } from "../../runtime/errors.ts";

/** What an object holds: a number (Counter64 is a bigint), text as bytes, an object identifier; null where there is none. */
export type SnmpValue =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "counter"; readonly value: bigint }
  | { readonly kind: "bytes"; readonly value: Buffer }
  | { readonly kind: "oid"; readonly value: string };

export interface Binding {
  readonly oid: string;
  /** Null: no such object, no such instance, or the end of what there is (RFC 3416 §3). */
  readonly value: SnmpValue | null;
}

/** Of text and identifiers: RFC 2578 §7.1.2 gives 65,535 bytes, which nobody's name needs. */
export const VALUE_BYTES_MAX = 4_096;

const { ObjectType } = snmp;
const NUMBERS = new Set<number>([
  ...[ObjectType.Integer, ObjectType.Counter, ObjectType.Gauge, ObjectType.TimeTicks, ObjectType.Unsigned32],
]);
const NOTHING = new Set<number>([
  ...[ObjectType.NoSuchObject, ObjectType.NoSuchInstance, ObjectType.EndOfMibView, ObjectType.Null],
]);

/** @throws WireError for a type that no object has. */
export function toBinding({ oid, type, value }: { oid: string; type?: number; value?: unknown }): Binding {
  if (type === undefined || NOTHING.has(type)) return { oid, value: null };
  if (NUMBERS.has(type) && typeof value === "number") return { oid, value: { kind: "number", value } };
  if (type === ObjectType.OID && typeof value === "string") return { oid, value: { kind: "oid", value } };
  if (Buffer.isBuffer(value)) {
    if (type !== ObjectType.Counter64)
      return { oid, value: { kind: "bytes", value: value.subarray(0, VALUE_BYTES_MAX) } };
    // Nine bytes where the highest bit is set (RFC 3416 §3, X.690 §8.3.2).
    if (value.length > 0 && value.length <= 9)
      return { oid, value: { kind: "counter", value: BigInt.asUintN(64, BigInt(`0x${value.toString("hex")}`)) } };
  }
  if (type === ObjectType.IpAddress && typeof value === "string")
    return { oid, value: { kind: "bytes", value: Buffer.from(value) } };
  throw new WireError(oid, `a value of type ${type} that cannot be read`);
}

/** Null also where it is no number. */
export function numberIn(value: SnmpValue | null | undefined): number | null {
  return value?.kind === "number" || value?.kind === "counter" ? Number(value.value) : null;
}

export function counterIn(value: SnmpValue | null | undefined): bigint | null {
  return value?.kind === "number" || value?.kind === "counter" ? BigInt(value.value) : null;
}

/** DisplayString (RFC 2579): text without what would upset a terminal; null where there is none. */
export function textIn(value: SnmpValue | null | undefined): string | null {
  if (value?.kind !== "bytes") return null;
  const text = value.value
    .toString("utf8")
    .replaceAll(/[\p{Cc}\p{Cf}\u{fffd}]+/gu, " ")
    .trim();
  return text === "" ? null : text;
}

export function oidIn(value: SnmpValue | null | undefined): string | null {
  return value?.kind === "oid" ? value.value : null;
}
