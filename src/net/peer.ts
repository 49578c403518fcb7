// Who is on the other side of a TLS connection. An identity is one URI in the certificate's subjectAltName
// (RFC 5280 §4.2.1.6), written by the manager's authority and by nobody else; the subject is for people. There is no
// default identity: a certificate that is not exactly as expected is refused, never taken for something weaker.

import type { X509Certificate } from "node:crypto";
import { WireError } from "../runtime/errors.ts";

/** A party that our authority vouches for. */
export type KnownPeer =
  | { readonly kind: "manager"; readonly id: string }
  | { readonly kind: "host"; readonly hostId: string }
  | { readonly kind: "administrator"; readonly name: string };

/** A party that an authority of the operator's vouches for, by the name in its certificate, in lower case. */
export interface ForeignPeer {
  readonly kind: "foreign";
  readonly name: string;
}

/** The other side of a connection. "anonymous" means that it showed no certificate at all. */
export type Peer = KnownPeer | ForeignPeer | { readonly kind: "anonymous" };

export const ANONYMOUS: Peer = { kind: "anonymous" };

const URI_PREFIX = "urn:rusuban:";
// No character here needs escaping in a URI, a log line, or the text form that Node gives a subjectAltName.
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const ADMINISTRATOR = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;
const PATTERNS: Record<KnownPeer["kind"], RegExp> = { manager: ID, host: ID, administrator: ADMINISTRATOR };

/** The id, host id or name, without its kind. */
export function idOfPeer(peer: KnownPeer): string {
  if (peer.kind === "host") return peer.hostId;
  return peer.kind === "manager" ? peer.id : peer.name;
}

/** "host web1", "manager 0193…", "administrator jo@example.org", "anonymous": for logs and as a key. */
export function describePeer(peer: Peer): string {
  if (peer.kind === "anonymous") return "anonymous";
  return `${peer.kind} ${peer.kind === "foreign" ? peer.name : idOfPeer(peer)}`;
}

/** Whether an id may stand in a certificate: 1 to 64 letters, digits, dots, underscores and hyphens (for administrators also @). */
export function isPeerId(kind: KnownPeer["kind"], id: string): boolean {
  return PATTERNS[kind].test(id);
}

/** `urn:rusuban:host:<hostId>` and so on. @throws WireError on an id that may not stand in a certificate. */
export function identityUri(peer: KnownPeer): string {
  const id = idOfPeer(peer);
  if (!isPeerId(peer.kind, id)) throw new WireError(`identity.${peer.kind}`, `${JSON.stringify(id)} is not a valid id`);
  return `${URI_PREFIX}${peer.kind}:${id}`;
}

/** @throws WireError on anything but what `identityUri` writes. */
export function parseIdentityUri(uri: string): KnownPeer {
  const [, kind, id] = /^urn:rusuban:([a-z]+):(.*)$/.exec(uri) ?? [];
  if (kind === undefined || id === undefined) throw new WireError("identity", "not a rusuban identity");
  if (kind !== "manager" && kind !== "host" && kind !== "administrator") {
    throw new WireError("identity", `unknown kind ${kind.slice(0, 20)}`);
  }
  if (!isPeerId(kind, id)) throw new WireError(`identity.${kind}`, "not a valid id");
  if (kind === "host") return { kind, hostId: id };
  return kind === "manager" ? { kind, id } : { kind, name: id };
}

/**
 * The one identity in a certificate whose chain has been verified already; this function does not verify it.
 * @throws WireError when there is none, more than one, another URI beside it, or a name of another type.
 */
export function peerOfCertificate(certificate: Pick<X509Certificate, "subjectAltName">): KnownPeer {
  const uris: string[] = [];
  const text = certificate.subjectAltName;
  if (text === undefined) throw new WireError("certificate", "carries no identity");
  // Node quotes every value in which a comma or quote could forge an entry; no value of ours needs it.
  if (text.includes('"')) throw new WireError("certificate", "subjectAltName holds a quoted value");
  for (const entry of text.split(", ")) {
    if (entry.startsWith("URI:")) uris.push(entry.slice("URI:".length));
    else if (!/^(DNS|IP Address):/.test(entry))
      throw new WireError("certificate", "subjectAltName holds a foreign name");
  }
  const [uri] = uris;
  if (uri === undefined || uris.length !== 1) {
    throw new WireError("certificate", `carries ${uris.length} identities instead of one`);
  }
  return parseIdentityUri(uri);
}

/** As computers are named: no character here needs escaping anywhere. */
const COMPUTER_NAME = /^[a-z0-9_]([a-z0-9._-]{0,252})$/;

/**
 * The computer that a certificate of somebody else's authority names, its chain verified already: the first DNS name of
 * its subjectAltName, else the one common name of its subject (as Windows' certificates for computers have them).
 * @throws WireError when it names none.
 */
export function foreignPeerOf({
  subjectAltName = "",
  subject,
}: Pick<X509Certificate, "subjectAltName" | "subject">): ForeignPeer {
  if (subjectAltName.includes('"')) throw new WireError("certificate", "subjectAltName holds a quoted value");
  const dns = subjectAltName.split(", ").find((entry) => entry.startsWith("DNS:"));
  const [commonName, ...more] = subject.split("\n").filter((line) => line.startsWith("CN="));
  const name = (
    dns?.slice("DNS:".length) ??
    (more.length === 0 ? commonName?.slice("CN=".length) : undefined) ??
    ""
  ).toLowerCase();
  if (!COMPUTER_NAME.test(name)) throw new WireError("certificate", "names no computer");
  return { kind: "foreign", name };
}
