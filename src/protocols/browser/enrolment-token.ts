import { createHash } from "node:crypto";
import { SettingsError, WireError } from "../../runtime/errors.ts";
import { type Decoded, decode, encode, fixed, list, struct, text, u32 } from "../../wire/xdr.ts";

// The line an administrator pastes on a server: all that a host needs to find the manager, to know that it is the right
// one, and to be let in once.

const Token = struct({
  id: fixed(16),
  secret: fixed(32),
  /** SHA-256 of the authority's certificate (DER): the host trusts this manager and no other. */
  authorityFingerprint: fixed(32),
  /** Names and addresses of the manager, to be tried in order. */
  addresses: list(text(255), 8),
  port: u32,
});
export type EnrolmentToken = Decoded<typeof Token>;

const PREFIX = "rusuban1_";
const CHECK_BYTES = 4; // Finds a line that was cut or mistyped before it costs a round trip; not a protection.

export function formatEnrolmentToken(token: EnrolmentToken): string {
  const body = encode(Token, token);
  return PREFIX + Buffer.concat([body, checksum(body)]).toString("base64url");
}

/** Throws SettingsError where the line is not a whole token. */
export function parseEnrolmentToken(line: string): EnrolmentToken {
  const trimmed = line.trim();
  if (!trimmed.startsWith(PREFIX)) {
    throw new SettingsError(
      "token",
      `does not begin with ${PREFIX}: paste the whole line that "rusuban host token" printed`,
    );
  }
  const bytes = Buffer.from(trimmed.slice(PREFIX.length), "base64url");
  const body = bytes.subarray(0, -CHECK_BYTES);
  try {
    if (!checksum(body).equals(bytes.subarray(-CHECK_BYTES))) throw new WireError("", "wrong checksum");
    return decode(Token, body);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new SettingsError(
      "token",
      `is damaged (${error.message}): paste the whole line that "rusuban host token" printed`,
    );
  }
}

function checksum(body: Buffer): Buffer {
  return createHash("sha256").update(body).digest().subarray(0, CHECK_BYTES);
}
