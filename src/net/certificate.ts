import { createHash, type X509Certificate } from "node:crypto";

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

/** SHA-256 of the DER, 64 lower-case hexadecimal digits. */
export function fingerprintOf(certificate: Pick<X509Certificate, "raw">): string {
  return createHash("sha256").update(certificate.raw).digest("hex");
}

/** The serial number in lower-case hexadecimal: the key of revocation. */
export function serialOfCertificate(certificate: Pick<X509Certificate, "serialNumber">): string {
  return certificate.serialNumber.toLowerCase();
}
