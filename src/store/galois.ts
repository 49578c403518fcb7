// Arithmetic over GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11d), in which 2 generates all 255 powers. The
// long runs work on four bytes at a time: a multiplication by 2 needs no table.

const EXP = new Uint8Array(510);
const LOG = new Uint8Array(256);
for (let power = 0, value = 1; power < 255; power++) {
  EXP[power] = value;
  EXP[power + 255] = value;
  LOG[value] = power;
  value <<= 1;
  if (value > 255) value ^= 0x11d;
}

/** 2 to the `power`; 0 to 254. */
export function powerOfTwo(power: number): number {
  return EXP[power] as number;
}

/** 1 / value; not for 0. */
export function inverse(value: number): number {
  return EXP[255 - (LOG[value] as number)] as number;
}

export function multiply(a: number, b: number): number {
  if (a === 0 || b === 0) return 0;
  return EXP[(LOG[a] as number) + (LOG[b] as number)] as number;
}

// Signed words: the engine keeps those in registers, where unsigned ones above 2^31 become floating-point numbers.

/** `into` ^= `from`, word by word. */
export function addWords(into: Int32Array, from: Int32Array): void {
  for (let at = 0; at < from.length; at++) into[at] = (into[at] as number) ^ (from[at] as number);
}

/** A step of Horner's rule for both sums in one pass: `sum` ^= `from`, `weighted` = 2 · `weighted` ^ `from` in each byte of each word. */
export function addToSums(sum: Int32Array, weighted: Int32Array, from: Int32Array): void {
  for (let at = 0; at < from.length; at++) {
    const added = from[at] as number;
    const word = weighted[at] as number;
    sum[at] = (sum[at] as number) ^ added;
    // Bytes that overflow get the polynomial; the multiplication spreads 1 to 0x1d within its byte.
    weighted[at] = ((word << 1) & 0xfefefefe) ^ (((word >>> 7) & 0x01010101) * 0x1d) ^ added;
  }
}

/** `bytes` = `factor` · `bytes`. */
export function scaleBytes(bytes: Uint8Array, factor: number): void {
  const table = Uint8Array.from({ length: 256 }, (_, value) => multiply(value, factor));
  for (let at = 0; at < bytes.length; at++) bytes[at] = table[bytes[at] as number] as number;
}
