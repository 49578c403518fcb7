import { crc32 } from "node:zlib";
import { CorruptionError } from "../runtime/errors.ts";
import { addToSums, addWords, inverse, powerOfTwo, scaleBytes } from "./galois.ts";

// Error correction for a file that has been written once: Reed-Solomon with two parity sectors a group (the code of
// RAID 6: P is the sum of a group's sectors, Q the sum of each times its own power of 2). Sectors of 4 KiB go round the
// groups in turn, so that damage in one place is spread over many of them. A checksum for each sector says which ones are
// bad; with that known, each group gets back any two. The layout is in docs/store-format.md, "Parity".
//
// Parity finds and mends what a medium does to a file. It proves nothing: what was mended is verified by the seals in it.

export const SECTOR_BYTES = 4_096;
/** Two parity sectors for so many: 1.6 %. Long groups cost less and mend less; the code allows 255. */
export const GROUP_SECTORS_MAX = 128;
const MAGIC = Buffer.from("RSBparit");
const VERSION = 2;
const HEADER_BYTES = 24; // Magic, version, length of the file, CRC of all checksums.
const CRC_BYTES = 4;

interface Layout {
  /** Bytes of the file. */
  readonly length: number;
  readonly sectors: number;
  readonly groups: number;
}

function layoutOf(length: number): Layout {
  const sectors = Math.ceil(length / SECTOR_BYTES);
  return { length, sectors, groups: Math.ceil(sectors / GROUP_SECTORS_MAX) };
}

/** Bytes of the parity of a file of `length` bytes. */
export function parityBytes(length: number): number {
  const { sectors, groups } = layoutOf(length);
  return HEADER_BYTES + CRC_BYTES * (sectors + 2 * groups) + 2 * groups * SECTOR_BYTES;
}

/** The parity of a file that is known to be right, given in one part or several. */
export function createParity(...parts: readonly Buffer[]): Buffer {
  const layout = layoutOf(parts.reduce((sum, part) => sum + part.length, 0));
  const { sectors, groups, length } = layout;
  const checksums = Buffer.alloc(CRC_BYTES * (sectors + 2 * groups));
  const sums = Buffer.alloc(2 * groups * SECTOR_BYTES);
  const gather = createGatherer(parts);
  // A group at a time: its two sums stay in the processor's nearest cache.
  for (let group = 0; group < groups; group++) {
    const sum = wordsOf(paritySector(sums, group));
    const weighted = wordsOf(paritySector(sums, groups + group));
    // From the last sector to the first: Horner's rule gives the sector of turn j the factor 2^j.
    for (let sector = lastOf(layout, group); sector >= 0; sector -= groups) {
      const start = sector * SECTOR_BYTES;
      const { filled, words } = gather(start, Math.min(SECTOR_BYTES, length - start));
      checksums.writeUInt32LE(crc32(filled), CRC_BYTES * sector);
      addToSums(sum, weighted, words);
    }
  }
  for (let index = 0; index < 2 * groups; index++) {
    checksums.writeUInt32LE(crc32(paritySector(sums, index)), CRC_BYTES * (sectors + index));
  }
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(VERSION, 8);
  header.writeBigUInt64LE(BigInt(length), 12);
  header.writeUInt32LE(crc32(checksums, crc32(header.subarray(0, 20))), 20);
  return Buffer.concat([header, checksums, sums]);
}

/** Copies any `bytes` of what `parts` are together into a sector of its own that is zero behind them. */
function createGatherer(
  parts: readonly Buffer[],
): (start: number, bytes: number) => { filled: Buffer; words: Int32Array } {
  const starts: number[] = [];
  let total = 0;
  for (const part of parts) {
    starts.push(total);
    total += part.length;
  }
  const words = new Int32Array(SECTOR_BYTES / 4);
  const sector = Buffer.from(words.buffer);
  return (start, bytes) => {
    sector.fill(0, bytes);
    let index = lastAtOrBelow(starts, start);
    for (let filled = 0; filled < bytes; index++) {
      const part = parts[index] as Buffer;
      const from = start + filled - (starts[index] as number);
      filled += part.copy(sector, filled, from, Math.min(part.length, from + bytes - filled));
    }
    return { filled: sector.subarray(0, bytes), words };
  };
}

/** The last index whose value is not above `value`; the values rise, and the first is 0. */
function lastAtOrBelow(values: readonly number[], value: number): number {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((values[middle] as number) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The group's sector of the highest turn. */
function lastOf({ sectors, groups }: Layout, group: number): number {
  return group + groups * (Math.ceil((sectors - group) / groups) - 1);
}

export type Mending =
  | { readonly state: "good" }
  /** `file` is as it was written; `sectors` were bad, of which `missing` were cut off. */
  | { readonly state: "mended"; readonly file: Buffer; readonly sectors: number }
  /** More was lost than the parity can give back. */
  | { readonly state: "lost"; readonly sectors: number };

/** Mends a damaged file, which may be too short or too long. CorruptionError where the parity itself is unusable. */
export function mend(damaged: Buffer, parity: Buffer, what: string): Mending {
  const { layout, checksums, sums } = parseParity(parity, what);
  const { sectors, groups, length } = layout;
  const file = Buffer.alloc(length);
  damaged.copy(file);
  const isBad = (index: number, bytes: Buffer) => crc32(bytes) !== checksums.readUInt32LE(CRC_BYTES * index);
  const bad = Array.from({ length: sectors }, (_, sector) => sector).filter((sector) =>
    isBad(sector, sliceOf(file, sector)),
  );
  if (bad.length === 0 && damaged.length === length) return { state: "good" };
  const byGroup = Map.groupBy(bad, (sector) => sector % groups);
  for (const [group, lost] of byGroup) {
    const p = isBad(sectors + group, paritySector(sums, group)) ? undefined : paritySector(sums, group);
    const q = isBad(sectors + groups + group, paritySector(sums, groups + group))
      ? undefined
      : paritySector(sums, groups + group);
    const found = solve({ file, layout, group, lost, p, q });
    if (found === undefined) return { state: "lost", sectors: bad.length };
    for (const [sector, bytes] of found) {
      if (isBad(sector, bytes.subarray(0, sliceOf(file, sector).length))) return { state: "lost", sectors: bad.length };
      bytes.copy(file, sector * SECTOR_BYTES);
    }
  }
  return { state: "mended", file, sectors: bad.length };
}

/** Why the parity could not mend every damage it should; undefined where it is whole. */
export function problemOfParity(
  parity: Buffer,
  { what, length }: { what: string; length: number },
): string | undefined {
  try {
    const { layout, checksums, sums } = parseParity(parity, what);
    if (layout.length !== length) return `is of a file of ${layout.length} bytes, not ${length}`;
    for (let index = 0; index < 2 * layout.groups; index++) {
      const wanted = checksums.readUInt32LE(CRC_BYTES * (layout.sectors + index));
      if (crc32(paritySector(sums, index)) !== wanted) return `sector ${index} is damaged`;
    }
    return undefined;
  } catch (error) {
    if (error instanceof CorruptionError) return error.message;
    throw error;
  }
}

interface Equations {
  readonly file: Buffer;
  readonly layout: Layout;
  readonly group: number;
  readonly lost: readonly number[];
  readonly p: Buffer | undefined;
  readonly q: Buffer | undefined;
}

/** The lost sectors of one group, or undefined where there are more unknowns than equations. */
function solve({ file, layout, group, lost, p, q }: Equations): Map<number, Buffer> | undefined {
  const [a, b, ...more] = lost;
  if (a === undefined || more.length > 0 || (p === undefined && q === undefined)) return undefined;
  if (b !== undefined && (p === undefined || q === undefined)) return undefined;
  const { pRest, qRest } = sumsWithout({ file, layout, group, lost });
  const turnOf = (sector: number) => Math.floor(sector / layout.groups);
  if (b === undefined) {
    if (p !== undefined) {
      addWords(wordsOf(pRest), wordsOf(p));
      return new Map([[a, pRest]]);
    }
    addWords(wordsOf(qRest), wordsOf(q as Buffer));
    scaleBytes(qRest, inverse(powerOfTwo(turnOf(a))));
    return new Map([[a, qRest]]);
  }
  // A + B = P', 2^i A + 2^j B = Q'  →  A = (2^j P' + Q') / (2^i + 2^j), B = P' + A
  addWords(wordsOf(pRest), wordsOf(p as Buffer));
  addWords(wordsOf(qRest), wordsOf(q as Buffer));
  const [factorA, factorB] = [powerOfTwo(turnOf(a)), powerOfTwo(turnOf(b))];
  const first = copyOf(pRest);
  scaleBytes(first, factorB);
  addWords(wordsOf(first), wordsOf(qRest));
  scaleBytes(first, inverse(factorA ^ factorB));
  addWords(wordsOf(pRest), wordsOf(first));
  return new Map([
    [a, first],
    [b, pRest],
  ]);
}

/** P and Q of a group as they would be with its lost sectors full of zeros. */
function sumsWithout({ file, layout, group, lost }: Pick<Equations, "file" | "layout" | "group" | "lost">) {
  const [pRest, qRest] = [Buffer.alloc(SECTOR_BYTES), Buffer.alloc(SECTOR_BYTES)];
  const zeros = Buffer.alloc(SECTOR_BYTES);
  for (let sector = lastOf(layout, group); sector >= 0; sector -= layout.groups) {
    const words = wordsOf(lost.includes(sector) ? zeros : sectorOf(file, sector));
    addToSums(wordsOf(pRest), wordsOf(qRest), words);
  }
  return { pRest, qRest };
}

function parseParity(parity: Buffer, what: string): { layout: Layout; checksums: Buffer; sums: Buffer } {
  const refuse = (problem: string): never => {
    throw new CorruptionError(what, problem);
  };
  if (parity.length < HEADER_BYTES || !parity.subarray(0, 8).equals(MAGIC)) refuse("is not a parity file");
  const version = parity.readUInt32LE(8);
  if (version !== VERSION) refuse(`has version ${version}, this program knows ${VERSION}`);
  const length = Number(parity.readBigUInt64LE(12));
  if (!Number.isSafeInteger(length) || parity.length !== parityBytes(length))
    refuse(`has ${parity.length} bytes, which do not fit its length field`);
  const layout = layoutOf(length);
  const checksums = parity.subarray(HEADER_BYTES, HEADER_BYTES + CRC_BYTES * (layout.sectors + 2 * layout.groups));
  if (crc32(checksums, crc32(parity.subarray(0, 20))) !== parity.readUInt32LE(20)) refuse("has damaged checksums");
  return { layout, checksums, sums: parity.subarray(HEADER_BYTES + checksums.length) };
}

/** The sector's bytes in the file; the last may be short. */
function sliceOf(file: Buffer, sector: number): Buffer {
  return file.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
}

/** The sector, filled up with zeros. */
function sectorOf(file: Buffer, sector: number): Buffer {
  const slice = sliceOf(file, sector);
  return slice.length === SECTOR_BYTES ? slice : copyOf(slice);
}

function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.alloc(SECTOR_BYTES);
  bytes.copy(copy);
  return copy;
}

function paritySector(sums: Buffer, index: number): Buffer {
  return sums.subarray(index * SECTOR_BYTES, (index + 1) * SECTOR_BYTES);
}

/** The bytes as words, in place where they are aligned: a Buffer from a pool need not be. */
function wordsOf(bytes: Buffer): Int32Array {
  if (bytes.byteOffset % 4 === 0) return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  return new Int32Array(Uint8Array.from(bytes).buffer);
}
