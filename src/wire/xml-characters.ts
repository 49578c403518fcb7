// The character classes of XML 1.0, fifth edition: §2.2 (Char) and §2.3 (NameStartChar, NameChar).

/** First and last code points by turns. */
const NAME_START_RANGES = [
  [0xc0, 0xd6],
  [0xd8, 0xf6],
  [0xf8, 0x2ff],
  [0x370, 0x37d],
  [0x37f, 0x1fff],
  [0x200c, 0x200d],
  [0x2070, 0x218f],
  [0x2c00, 0x2fef],
  [0x3001, 0xd7ff],
  [0xf900, 0xfdcf],
  [0xfdf0, 0xfffd],
  [0x10000, 0xeffff],
] as const;
const NAME_RANGES = [[0xb7, 0xb7], [0x300, 0x36f], [0x203f, 0x2040], ...NAME_START_RANGES] as const;

/** What no document may hold as itself. Lone surrogates are none of them: the decoder has refused those. */
export const DISALLOWED_CHARACTER = /[^\t\n\r -\ufffd]/;

const ASCII_NAME_START = asciiTable(/[:A-Z_a-z]/);
const ASCII_NAME = asciiTable(/[-.0-9:A-Z_a-z]/);

function asciiTable(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: 128 }, (_, code) => (pattern.test(String.fromCharCode(code)) ? 1 : 0));
}

/** Whether a unit of UTF-16 ends a name for certain; beyond ASCII it takes the whole name to say (`isName`). */
export function mayBeInName(unit: number): boolean {
  return unit < 128 ? ASCII_NAME[unit] === 1 : unit >= 128; // Not a number, past the end, is neither.
}

export function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x09 || unit === 0x0d;
}

export function isNameStart(point: number): boolean {
  return point < 128 ? ASCII_NAME_START[point] === 1 : inRanges(point, NAME_START_RANGES);
}

/** Name of §2.3, colons allowed. */
export function isName(text: string): boolean {
  let first = true;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    const fits = first ? isNameStart(point) : point < 128 ? ASCII_NAME[point] === 1 : inRanges(point, NAME_RANGES);
    if (!fits) return false;
    first = false;
  }
  return !first;
}

/** Char of §2.2: what a character reference may mean. */
export function isCharacter(point: number): boolean {
  if (point < 0x20) return point === 0x09 || point === 0x0a || point === 0x0d;
  return point <= 0xd7ff || (point >= 0xe000 && point <= 0xfffd) || (point >= 0x10000 && point <= 0x10ffff);
}

function inRanges(point: number, ranges: readonly (readonly [number, number])[]): boolean {
  return ranges.some(([first, last]) => point >= first && point <= last);
}
