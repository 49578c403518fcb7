import { X509Certificate } from "node:crypto";
import { reasonOf } from "../runtime/errors.ts";
import { serialOfCertificate } from "./certificate.ts";
import { describePeer, type ForeignPeer, foreignPeerOf, type KnownPeer, peerOfCertificate } from "./peer.ts";
import type { Refused } from "./refusal-log.ts";

/** Whether a certificate has been withdrawn, by serial or by peer. Answers at once: between the answer and the connection's entry among the live ones nothing may come. */
export type IsRevoked = (serial: string, peer: KnownPeer) => boolean;

export type Verdict = Proven<KnownPeer> | Refused;
interface Proven<P> {
  readonly peer: P;
  readonly serial: string;
  readonly expiresAt: number;
}

/** What a peer's certificate is worth, after OpenSSL has checked chain, dates and purpose (`authorized`). */
export function judgeCertificate({
  certificate,
  authorized,
  authorizationError,
  authority,
  isRevoked,
}: {
  certificate: X509Certificate;
  authorized: boolean;
  authorizationError: string;
  authority: string;
  isRevoked: IsRevoked;
}): Verdict {
  // OpenSSL reports one error of possibly several; and a stranger's certificate must not put words into our log.
  const isOurs = certificate.verify(new X509Certificate(authority).publicKey);
  if (!isOurs) return { refusal: "foreignAuthority" };
  let peer: KnownPeer;
  try {
    peer = peerOfCertificate(certificate);
  } catch (error) {
    return { refusal: "noIdentity", detail: reasonOf(error) };
  }
  const who = describePeer(peer);
  if (!authorized) return refusalOf(certificate, { authorizationError, who });
  const serial = serialOfCertificate(certificate);
  if (isRevoked(serial, peer)) return { refusal: "revoked", detail: `${who}, serial ${serial}` };
  return { peer, serial, expiresAt: certificate.validToDate.getTime() };
}

/** The same for whom an authority of the operator's vouches; a foreign certificate is withdrawn by its authority alone. */
export function judgeForeignCertificate({
  certificate,
  authorized,
  authorizationError,
}: {
  certificate: X509Certificate;
  authorized: boolean;
  authorizationError: string;
}): Proven<ForeignPeer> | Refused {
  // Whose chain does not end where it should is a stranger, whose names stay out of the log.
  if (/ISSUER|SELF_SIGNED|LEAF_SIGNATURE|CERT_SIGNATURE/.test(authorizationError))
    return { refusal: "foreignAuthority" };
  let peer: ForeignPeer;
  try {
    peer = foreignPeerOf(certificate);
  } catch (error) {
    return { refusal: "noIdentity", detail: reasonOf(error) };
  }
  if (!authorized) return refusalOf(certificate, { authorizationError, who: describePeer(peer) });
  return { peer, serial: serialOfCertificate(certificate), expiresAt: certificate.validToDate.getTime() };
}

function refusalOf(
  certificate: X509Certificate,
  { authorizationError, who }: { authorizationError: string; who: string },
): Refused {
  if (authorizationError === "CERT_HAS_EXPIRED") {
    return { refusal: "expired", detail: `${who}, on ${certificate.validToDate.toISOString()}` };
  }
  if (authorizationError === "CERT_NOT_YET_VALID") {
    return { refusal: "notYetValid", detail: `${who}, from ${certificate.validFromDate.toISOString()}` };
  }
  return { refusal: "badCertificate", detail: `${who}, ${authorizationError}` };
}
