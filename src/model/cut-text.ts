/** At most `bytesMax` bytes of UTF-8, cut between characters, with an ellipsis where something is missing. */
export function cutText(text: string, bytesMax: number): string {
  if (text.length * 3 <= bytesMax || Buffer.byteLength(text) <= bytesMax) return text;
  const room = Buffer.from(text).subarray(0, bytesMax - 3);
  // What was cut within a character decodes to U+FFFD at the end.
  return `${room.toString("utf8").replace(/\ufffd$/, "")}…`;
}

/** Foreign text (a program's complaint, an error of the system) on one line. */
export function oneLine(text: string): string {
  return text.replace(/\p{C}+/gu, " ").trim();
}
