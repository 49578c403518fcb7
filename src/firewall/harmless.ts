// Names of hosts are other people's text, and what is rendered runs as root. Every such text passes one of these two
// before it stands in a file; renderers then only ever quote letters, digits and a few signs.

/** Signs that mean nothing in any quoted string of any target, nor in its comments. */
const SIGNS = " ._:/(),@+=-";
const PLAIN = /^[A-Za-z0-9 ._:/(),@+=-]*$/;

/**
 * Letters, digits and a few signs; everything else becomes `_`. At most `bytesMax` bytes of UTF-8, never half a
 * character. With `ascii` letters and digits are those of English.
 */
export function harmless(text: string, { bytesMax, ascii = false }: { bytesMax: number; ascii?: boolean }): string {
  if (PLAIN.test(text)) return text.slice(0, bytesMax); // Nearly every name: one look instead of one a character.
  const letter = ascii ? /[A-Za-z0-9]/ : /[\p{L}\p{M}\p{N}]/u;
  let kept = "";
  let bytes = 0;
  for (const character of text.normalize("NFC")) {
    const next = SIGNS.includes(character) || letter.test(character) ? character : "_";
    bytes += Buffer.byteLength(next);
    if (bytes > bytesMax) break;
    kept += next;
  }
  return kept;
}

const PRINTABLE = /^[\x20-\x7e]*$/;

/** For a line of comment: one line, with nothing that a terminal or an editor acts on. */
export function oneLine(text: string): string {
  if (PRINTABLE.test(text)) return text;
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, " ");
}
