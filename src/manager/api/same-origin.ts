import type { IncomingHttpHeaders } from "node:http";

/**
 * Whether a request that changes something comes from our own page. Browsers say so themselves (Fetch Metadata,
 * Sec-Fetch-Site); older ones send Origin. A request with neither is not a browser's, and a cookie has no business in it.
 */
export function isSameOrigin(headers: IncomingHttpHeaders): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin";
  const { origin, host } = headers;
  return origin !== undefined && host !== undefined && origin === `https://${host}`;
}
