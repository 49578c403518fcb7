// Cells that text takes on a terminal: two for East Asian wide and fullwidth characters (Unicode Standard Annex 11) and
// emoji, none for combining marks and invisible format characters, one for the rest. Ambiguous ones (→, ─) count as one.

const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f], // Hangul initial consonants
  [0x2e80, 0x303e], // CJK radicals and punctuation
  [0x3041, 0x33ff], // kana, enclosed CJK
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff], // unified ideographs
  [0xa000, 0xa4cf],
  [0xac00, 0xd7a3], // Hangul syllables
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60], // fullwidth forms; the halfwidth ones follow
  [0xffe0, 0xffe6],
  [0x1f300, 0x1faff], // pictographs
  [0x20000, 0x3fffd],
];

/** Nearly every text of a table: a cell a character. */
const PLAIN = /^[\x20-\x7e]*$/;

export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of text) {
    if (/[\p{M}\p{Cf}]/u.test(character)) continue;
    const code = character.codePointAt(0) ?? 0;
    width += WIDE.some(([from, to]) => from <= code && code <= to) ? 2 : 1;
  }
  return width;
}

/** Spaces behind `text` until it is `width` cells wide; longer text stays whole. */
export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - displayWidth(text)));
}
