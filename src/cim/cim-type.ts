import { WireError } from "../runtime/errors.ts";
import { CimDateTime } from "./cim-date-time.ts";
import { CimInstance } from "./cim-instance.ts";
import { ObjectPath } from "./object-path.ts";

/** The intrinsic types of CIM (DSP0004 2.8 §5.2, table 2). Embedded instances and objects are of type string there. */
export const CIM_TYPES = [
  ...(["boolean", "string", "char16", "datetime", "reference"] as const),
  ...(["uint8", "uint16", "uint32", "uint64", "sint8", "sint16", "sint32", "sint64", "real32", "real64"] as const),
] as const;
export type CimType = (typeof CIM_TYPES)[number];

/** One value of each type. 64 bits are exact; an embedded instance stands where its type says string. */
export interface CimScalars {
  boolean: boolean;
  string: string | CimInstance;
  char16: string;
  datetime: CimDateTime;
  reference: ObjectPath;
  uint8: number;
  uint16: number;
  uint32: number;
  uint64: bigint;
  sint8: number;
  sint16: number;
  sint32: number;
  sint64: bigint;
  real32: number;
  real64: number;
}
export type CimScalar = CimScalars[CimType];
/** A value of a property or parameter; null is CIM's NULL, also inside an array. */
export type CimValue = CimScalar | readonly (CimScalar | null)[] | null;

const SMALL = {
  uint8: [0, 0xff],
  uint16: [0, 0xffff],
  uint32: [0, 0xffff_ffff],
  sint8: [-0x80, 0x7f],
  sint16: [-0x8000, 0x7fff],
  sint32: [-0x8000_0000, 0x7fff_ffff],
} as const satisfies Partial<Record<CimType, readonly [number, number]>>;
const LARGE = {
  uint64: [0n, 0xffff_ffff_ffff_ffffn],
  sint64: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
} as const satisfies Partial<Record<CimType, readonly [bigint, bigint]>>;

export function isCimType(text: string): text is CimType {
  return (CIM_TYPES as readonly string[]).includes(text);
}

export function isIntegerType(type: CimType): boolean {
  return type in SMALL || type in LARGE;
}

export function isNumericType(type: CimType): boolean {
  return isIntegerType(type) || type === "real32" || type === "real64";
}

/**
 * The value of a text as CIM-XML and WS-CIM write it (DSP0201 §5.2.4, DSP0230 §7.2); datetimes in CIM's or ISO's form,
 * references as paths. White space around anything but strings is passed over. Throws WireError.
 */
export function parseCimText(type: CimType, text: string): CimScalar {
  if (type === "string") return text;
  if (type === "char16") {
    if (text.length !== 1) throw new WireError("", `${JSON.stringify(text.slice(0, 20))} is not one 16-bit character`);
    return text;
  }
  const trimmed = text.trim();
  if (type === "boolean") return parseBoolean(trimmed);
  if (type === "datetime") return CimDateTime.parseAny(trimmed);
  if (type === "reference") return ObjectPath.parse(trimmed);
  if (type === "real32" || type === "real64") return parseReal(type, trimmed);
  return isSmall(type) ? parseSmall(trimmed, type) : parseInteger(trimmed, type);
}

function isSmall(type: CimType): type is keyof typeof SMALL {
  return type in SMALL;
}

function parseSmall(text: string, type: keyof typeof SMALL): number {
  // As nearly all are written.
  if (/^\d{1,10}$/.test(text)) {
    const value = Number(text);
    if (value <= SMALL[type][1]) return value;
  }
  return Number(parseInteger(text, type));
}

function parseBoolean(text: string): boolean {
  // xs:boolean also has 1 and 0; DSP0201 takes any case.
  const lower = text.toLowerCase();
  if (lower === "true" || lower === "1") return true;
  if (lower === "false" || lower === "0") return false;
  throw new WireError("", `${JSON.stringify(text.slice(0, 20))} is neither true nor false`);
}

function parseReal(type: "real32" | "real64", text: string): number {
  if (/^[+-]?INF(?:INITY)?$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (/^NaN$/i.test(text)) return Number.NaN;
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$/.test(text) || text.length > 400)
    throw new WireError("", `${JSON.stringify(text.slice(0, 40))} is not a ${type}`);
  return type === "real32" ? Math.fround(Number(text)) : Number(text);
}

/** Decimal, hexadecimal (`0x1f`) and binary (`101b`), as DSP0201 §5.2.4.2 allows. */
function parseInteger(text: string, type: CimType): bigint {
  const refuse = (): never => {
    throw new WireError("", `${JSON.stringify(text.slice(0, 40))} is not a ${type}`);
  };
  if (text.length > 80) refuse();
  const digits = text.replace(/^[+-]/, "");
  let value: bigint;
  if (/^(?:\d+|0[xX][0-9a-fA-F]+)$/.test(digits)) value = BigInt(digits);
  else if (/^[01]+[bB]$/.test(digits)) value = BigInt(`0b${digits.slice(0, -1)}`);
  else return refuse();
  if (text.startsWith("-")) value = -value;
  const [least, most] = rangeOf(type);
  if (value < least || value > most) throw new WireError("", `${text} does not fit into ${type}`);
  return value;
}

function rangeOf(type: CimType): readonly [bigint, bigint] {
  if (type in LARGE) return LARGE[type as keyof typeof LARGE];
  const [least, most] = SMALL[type as keyof typeof SMALL];
  return [BigInt(least), BigInt(most)];
}

/** The text of a value that is no reference and no embedded instance; datetimes in CIM's form. */
export function formatCimText(value: Exclude<CimScalar, CimInstance | ObjectPath>): string {
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "number") return formatReal(value);
  return String(value);
}

function formatReal(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "INF" : "-INF";
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Why `value` is no value of `type`; null when it is one. For values that came from outside, or from a provider. */
export function misfitOf(type: CimType, value: CimScalar): string | null {
  const found = `${typeof value === "object" ? "an object" : typeof value} instead of ${type}`;
  switch (type) {
    case "boolean":
      return typeof value === "boolean" ? null : found;
    case "string":
      return typeof value === "string" || value instanceof CimInstance ? null : found;
    case "char16":
      return typeof value === "string" && value.length === 1 ? null : found;
    case "datetime":
      return value instanceof CimDateTime ? null : found;
    case "reference":
      return value instanceof ObjectPath ? null : found;
    case "real32":
    case "real64":
      return typeof value === "number" ? null : found;
    case "uint64":
    case "sint64": {
      const [least, most] = LARGE[type];
      if (typeof value !== "bigint") return found;
      return value >= least && value <= most ? null : `${value} does not fit into ${type}`;
    }
    default: {
      const [least, most] = SMALL[type];
      if (typeof value !== "number") return found;
      return Number.isInteger(value) && value >= least && value <= most ? null : `${value} does not fit into ${type}`;
    }
  }
}
