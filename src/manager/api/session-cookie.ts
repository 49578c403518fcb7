import { isSecret } from "./secrets.ts";

/** `__Host-`: browsers take it only over HTTPS, for this very host, with path `/` (RFC 6265bis §4.1.3.2). */
export const SESSION_COOKIE = "__Host-rusuban";

/** The session's secret in a Cookie header; undefined where there is none, two, or one that is not of our making. */
export function readSessionCookie(header: string | undefined): string | undefined {
  const values = (header ?? "")
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${SESSION_COOKIE}=`))
    .map((pair) => pair.slice(SESSION_COOKIE.length + 1));
  const [value] = values;
  return values.length === 1 && value !== undefined && isSecret(value) ? value : undefined;
}

/** The Set-Cookie header that gives the secret to the browser, or takes it away. */
export function writeSessionCookie(secret: string | null, lifetimeSeconds: number): string {
  const age = secret === null ? 0 : lifetimeSeconds;
  return `${SESSION_COOKIE}=${secret ?? ""}; Path=/; Max-Age=${age}; Secure; HttpOnly; SameSite=Strict`;
}
