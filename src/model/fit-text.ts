const MARK = "…";

/** At most `bytesMax` bytes of UTF-8, cut between characters and marked; lone surrogates become U+FFFD. */
export function fitText(text: string, bytesMax: number): string {
  const whole = text.toWellFormed();
  if (Buffer.byteLength(whole) <= bytesMax) return whole;
  const bytes = Buffer.from(whole);
  let end = bytesMax - Buffer.byteLength(MARK);
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1; // 10xxxxxx continues a character (RFC 3629 §3).
  return bytes.toString("utf8", 0, end) + MARK;
}
