import { createHash, timingSafeEqual } from "node:crypto";
import { SettingsError } from "../runtime/errors.ts";
import { readPrivateFile } from "./private-file.ts";

/** Below this a token can be guessed. */
const TOKEN_CHARACTERS_MIN = 16;
const TOKEN_FILE_BYTES_MAX = 4_096;

/** Whether an Authorization header carries the token (RFC 6750 §2.1). */
export type MayScrape = (authorization: string | undefined) => boolean;

/** Reads the token. Throws SettingsError where the file is missing, readable by others, or its content too short. */
export async function readMetricsToken(path: string): Promise<MayScrape> {
  const make = `make one with: (umask 077; openssl rand -hex 32 > ${path})`;
  const token = (await readPrivateFile(path, TOKEN_FILE_BYTES_MAX))?.trim();
  if (token === undefined) throw new SettingsError("metrics.tokenFile", `there is no file ${path}: ${make}`);
  if (token.length < TOKEN_CHARACTERS_MIN) {
    throw new SettingsError(
      "metrics.tokenFile",
      `the token in ${path} has ${token.length} characters, at least ${TOKEN_CHARACTERS_MIN} are needed: ${make}`,
    );
  }
  const wanted = digest(token);
  return (authorization) => {
    const given = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
    return given !== undefined && timingSafeEqual(digest(given), wanted);
  };
}

/** Of equal length whatever was given, so that the comparison takes equal time. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
