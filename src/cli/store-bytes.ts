// Names and paths in a store are bytes. People see them as text; scripts also get what the text cannot say.

/** `{ path }`, and `rawPath` in base64 where the bytes are not UTF-8. */
export interface PathJson {
  readonly path: string;
  readonly rawPath?: string;
}

export function pathJson(bytes: Buffer): PathJson {
  const path = bytes.toString("utf8");
  return isText(bytes, path) ? { path } : { path, rawPath: bytes.toString("base64") };
}

/** For people: bytes that are no text as `\xff`. Control characters are made visible where it is printed. */
export function pathText(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  if (isText(bytes, text)) return text;
  let shown = "";
  for (let at = 0; at < bytes.length; ) {
    const length = lengthOfCharacter(bytes, at);
    shown +=
      length === 0
        ? `\\x${(bytes[at] as number).toString(16).padStart(2, "0")}`
        : bytes.toString("utf8", at, at + length);
    at += Math.max(1, length);
  }
  return shown;
}

/** Bytes of the UTF-8 character that begins at `at`; 0 where none does. */
function lengthOfCharacter(bytes: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    const part = bytes.subarray(at, at + length);
    if (isText(part, part.toString("utf8"))) return length;
  }
  return 0;
}

function isText(bytes: Buffer, text: string): boolean {
  return !text.includes("\ufffd") || Buffer.from(text).equals(bytes);
}
