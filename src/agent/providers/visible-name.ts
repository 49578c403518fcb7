import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";

const NAME_CHARACTERS_MAX = 120;
// Controls, directions, private and unassigned characters, separators other than the space: what would hide or reorder a line.
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}\\]/gu;

/**
 * A path as people and terminals can take it: one line, always the same for the same bytes, different for different ones.
 * Bytes that are not UTF-8 show as `\xff`, controls as `\u{a}`, a backslash as `\\`; what is too long keeps both ends
 * around a digest.
 */
export function visibleName(bytes: Buffer): string {
  const shown = isUtf8(bytes) ? visibleText(bytes.toString("utf8")) : byteByByte(bytes);
  const characters = [...shown];
  if (characters.length <= NAME_CHARACTERS_MAX) return shown;
  const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  return `${characters.slice(0, 60).join("")}…${digest}…${characters.slice(-40).join("")}`;
}

/** The escaping of `visibleName` for what is text. */
function visibleText(text: string): string {
  return text.replace(INVISIBLE, (found) =>
    found === "\\" ? "\\\\" : `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

function byteByByte(bytes: Buffer): string {
  let shown = "";
  for (const byte of bytes) shown += byte < 0x80 ? visibleText(String.fromCharCode(byte)) : `\\x${byte.toString(16)}`;
  return shown;
}
