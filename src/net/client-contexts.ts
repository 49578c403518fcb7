import { hash } from "node:crypto";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { RecentMap } from "../runtime/recent-map.ts";

// What a connection trusts and shows, made once for all connections that trust and show the same: reading certificates
// anew costs a millisecond each time, and memory that is seen by the system and not by the garbage collector.

/** Authorities and certificates of different servers. */
const CONTEXTS_MAX = 256;

const contexts = new RecentMap<string, SecureContext>(CONTEXTS_MAX);

export interface ClientContextOptions extends Pick<SecureContextOptions, "minVersion"> {
  readonly ca?: string | readonly string[] | undefined;
  readonly key?: string | undefined;
  readonly cert?: string | undefined;
}

/** @throws what OpenSSL says of certificates and keys that it cannot read. */
export function clientContext({ ca, key, cert, minVersion }: ClientContextOptions): SecureContext {
  // Keys are not kept twice.
  const name = hash("sha256", JSON.stringify([ca, key, cert, minVersion]));
  return contexts.recall(name, () =>
    createSecureContext({
      ...(minVersion !== undefined && { minVersion }),
      ...(ca !== undefined && { ca: typeof ca === "string" ? ca : [...ca] }),
      ...(key !== undefined && { key }),
      ...(cert !== undefined && { cert }),
    }),
  );
}
