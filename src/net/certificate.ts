import { createHash, X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";

/**
 * A certificate is valid from this long before it was issued. A machine whose hardware clock is taken for local time
 * while it keeps UTC, or the reverse, is up to 14 hours off (nine in Japan) until it has been set by the network.
 */
export const BACKDATE_MS = 24 * 60 * 60 * 1_000;

/** The blocks of a text of PEM (RFC 7468): the first private key, and all certificates in order. Other text is passed over. */
export function splitPem(text: string): { key: string | undefined; certificates: readonly string[] } {
  return {
    key: /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n?/.exec(text)?.[0],
    certificates: text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? [],
  };
}

/**
 * The certificate that the other side of a finished handshake has shown; undefined for none. Not by Node's own
 * `getPeerX509Certificate`, which (Node 24) never gives back the memory of a certificate that came behind the first one:
 * 5 KB a handshake, and before anybody has been judged.
 */
export function shownCertificate(socket: Pick<TLSSocket, "getPeerCertificate">): X509Certificate | undefined {
  // An empty object, or null, where there is none.
  const { raw } = (socket.getPeerCertificate() as { raw?: Buffer } | null) ?? {};
  return raw === undefined ? undefined : new X509Certificate(raw);
}

/** SHA-256 of the DER, 64 lower-case hexadecimal digits. */
export function fingerprintOf(certificate: Pick<X509Certificate, "raw">): string {
  return createHash("sha256").update(certificate.raw).digest("hex");
}

/** The serial number in lower-case hexadecimal: the key of revocation. */
export function serialOfCertificate(certificate: Pick<X509Certificate, "serialNumber">): string {
  return certificate.serialNumber.toLowerCase();
}
