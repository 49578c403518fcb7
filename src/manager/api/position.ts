import { ApiError } from "../../api/api-error.ts";

// Where a page of a list ended, as the text that clients give back. It is a place, not a secret: a forged one only starts elsewhere.

/** Text of the key of a page's last row, such as a sequence number or a name. */
export function encodePosition(key: string | number): string {
  return Buffer.from(JSON.stringify(key)).toString("base64url");
}

export function decodeNumberPosition(text: string): number {
  const key = decode(text);
  if (typeof key === "number" && Number.isSafeInteger(key)) return key;
  throw new ApiError("invalid-request", "query.after: not the `next` of a page of this list");
}

export function decodeTextPosition(text: string): string {
  const key = decode(text);
  if (typeof key === "string") return key;
  throw new ApiError("invalid-request", "query.after: not the `next` of a page of this list");
}

function decode(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString());
  } catch {
    return undefined;
  }
}
