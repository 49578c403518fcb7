import { WireError } from "../runtime/errors.ts";

/** What documents may be written in (XML 1.0 §4.3.3): the two that every processor must know. */
export type XmlEncoding = "utf-8" | "utf-16le" | "utf-16be";

/** Names that mean the same bytes as UTF-8, or a part of it. */
const UTF8_NAMES = new Set(["utf-8", "utf8", "us-ascii", "ascii"]);
const UTF16_NAMES = new Set(["utf-16", "utf16", "utf-16le", "utf-16be"]);

/** Decides by the first two to four bytes (XML 1.0 appendix F.1); `start` holds the first four where there are as many. */
export function detectEncoding(start: Buffer): XmlEncoding {
  const [first, second] = start;
  if (first === 0xff && second === 0xfe) {
    if (start[2] === 0 && start[3] === 0) throw new WireError("1:0", "UTF-32 is not taken: send UTF-8");
    return "utf-16le";
  }
  if (first === 0xfe && second === 0xff) return "utf-16be";
  // Without a byte order mark, as some Windows senders write it: `<` is then two bytes.
  if (first === 0x3c && second === 0) return "utf-16le";
  if (first === 0 && second === 0x3c) return "utf-16be";
  return "utf-8";
}

/** What a document or its HTTP header declares must be what its bytes are. Throws WireError. */
export function checkDeclaredEncoding(declared: string, actual: XmlEncoding, where: string): void {
  const name = declared.trim().toLowerCase();
  const fits =
    actual === "utf-8" ? UTF8_NAMES.has(name) : name === actual || (UTF16_NAMES.has(name) && !name.endsWith("e"));
  if (fits) return;
  const known = UTF8_NAMES.has(name) || UTF16_NAMES.has(name);
  const shown = JSON.stringify(declared.slice(0, 40));
  throw new WireError(
    where,
    known
      ? `declared as ${shown}, but its bytes are ${actual}`
      : `encoding ${shown} is not taken: send UTF-8 or UTF-16`,
  );
}
