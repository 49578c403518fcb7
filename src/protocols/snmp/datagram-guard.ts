import type { SnmpAccess } from "./access.ts";

// What may reach the decoder. It believes whatever carries a request's number: an answer of version 3 without a signature,
// though signatures were agreed on, and an answer of another version than was asked in. Both end here, by the outermost
// fields alone.

const INTEGER = 0x02;
const OCTETS = 0x04;
const SEQUENCE = 0x30;
/** RFC 3416 §3: Response-PDU [2], Report-PDU [8]. */
const RESPONSE = 0xa2;
const REPORT = 0xa8;
/** RFC 3412 §6.4: the bits of msgFlags that name the level; authFlag 1, privFlag 2. */
const LEVEL_BITS = 3;
/** RFC 3411 §5, SnmpEngineID: keys are made for each, and remembered. */
const ENGINE_ID_BYTES_MAX = 32;

/** RFC 3412 §7.2: an answer has the level of its question; only a report may have less, for what it says needs no trust. */
export function isAcceptable(datagram: Buffer, access: SnmpAccess): boolean {
  const [version, second, third, fourth] = childrenOf(datagram, read(datagram, 0, datagram.length, SEQUENCE)) ?? [];
  if (version?.tag !== INTEGER || version.end - version.start !== 1 || second === undefined) return false;
  const number = datagram[version.start];
  if (access.version !== "3") return number === (access.version === "1" ? 0 : 1) && third?.tag === RESPONSE;
  const flags = childrenOf(datagram, second)?.[2];
  if (number !== 3 || flags?.tag !== OCTETS || flags.end - flags.start !== 1 || fourth === undefined) return false;
  if (!hasEngineId(datagram, third)) return false;
  const level = (datagram[flags.start] ?? 0) & LEVEL_BITS;
  const agreed = (access.authentication === null ? 0 : 1) + (access.privacy === null ? 0 : 2);
  if (level === agreed && level === LEVEL_BITS) return fourth.tag === OCTETS;
  const kind = fourth.tag === SEQUENCE ? childrenOf(datagram, fourth)?.[2]?.tag : undefined;
  return kind === REPORT || (level === agreed && kind === RESPONSE);
}

/** RFC 3414 §2.4: the security parameters are a sequence within octets, and begin with the engine's id. */
function hasEngineId(datagram: Buffer, parameters: Element | undefined): boolean {
  if (parameters?.tag !== OCTETS) return false;
  const id = childrenOf(datagram, read(datagram, parameters.start, parameters.end, SEQUENCE))?.[0];
  return id?.tag === OCTETS && id.end - id.start <= ENGINE_ID_BYTES_MAX;
}

interface Element {
  readonly tag: number;
  /** Of the content. */
  readonly start: number;
  readonly end: number;
}

/** The elements directly inside; null where they do not fit. At most four: no more are looked at. */
function childrenOf(bytes: Buffer, parent: Element | null): Element[] | null {
  if (parent === null) return null;
  const children: Element[] = [];
  for (let at = parent.start; at < parent.end && children.length < 4; ) {
    const child = read(bytes, at, parent.end);
    if (child === null) return null;
    children.push(child);
    at = child.end;
  }
  return children;
}

/** One element with its length in definite form (X.690 §8.1.3), as RFC 3417 §8 demands. */
function read(bytes: Buffer, at: number, limit: number, wanted?: number): Element | null {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined || (wanted !== undefined && tag !== wanted)) return null;
  const more = first < 0x80 ? 0 : first - 0x80;
  if (first === 0x80 || more > 4 || at + 2 + more > limit) return null;
  const length = more === 0 ? first : bytes.readUIntBE(at + 2, more);
  const start = at + 2 + more;
  return start + length <= limit ? { tag, start, end: start + length } : null;
}
