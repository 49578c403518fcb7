// One party's own key, its certificate and the authority's certificate: one file, so that the three always belong
// together, and one rename replaces them all. A key that waits for its first certificate has a file of its own: an
// agent killed while it enrols asks again with the same key, and the manager can tell that it is the same request.

import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { CorruptionError, reasonOf } from "../runtime/errors.ts";
import { BACKDATE_MS, serialOfCertificate, splitPem } from "./certificate.ts";
import { createCertificationRequest } from "./certification-request.ts";
import { CERTIFICATE_FILE_BYTES_MAX } from "./limits.ts";
import { type KnownPeer, peerOfCertificate } from "./peer.ts";
import { readPrivateFile, removeFile, writePrivateFile } from "./private-file.ts";

/** What a party is made of, in PEM. */
export interface IdentityParts {
  readonly key: string;
  readonly certificate: string;
  readonly authority: string;
}

/** A key of one's own and a certificate of the authority for it. Never prints its key: it is a private field. */
export class Identity {
  readonly peer: KnownPeer;
  readonly serial: string;
  /** PEM of the authority that vouches for us and whose word we take about others. */
  readonly authority: string;
  /** Milliseconds since 1970; from here on nobody accepts the certificate. */
  readonly expiresAt: number;
  /** Milliseconds since 1970: two thirds of the lifetime are over, and a third remains for the manager to be reachable. */
  readonly renewAfter: number;
  readonly #key: string;
  readonly #certificate: string;

  /** @throws Error when key, certificate and authority do not belong together. */
  constructor({ key, certificate, authority }: IdentityParts) {
    const leaf = new X509Certificate(certificate);
    const root = new X509Certificate(authority);
    if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new Error("key and certificate do not belong together");
    if (!leaf.checkIssued(root) || !leaf.verify(root.publicKey))
      throw new Error("the certificate is another authority's");
    this.peer = peerOfCertificate(leaf);
    this.serial = serialOfCertificate(leaf);
    this.authority = root.toString();
    this.expiresAt = leaf.validToDate.getTime();
    const issuedAt = leaf.validFromDate.getTime() + BACKDATE_MS;
    this.renewAfter = issuedAt + (2 / 3) * (this.expiresAt - issuedAt);
    this.#key = key;
    this.#certificate = leaf.toString();
  }

  /** For node:tls. The authority goes along in the chain, so that a party that knows only its fingerprint can find it. */
  secureContextOptions(): { key: string; cert: string; ca: string } {
    return { key: this.#key, cert: `${this.#certificate}${this.authority}`, ca: this.authority };
  }

  /** @internal For `storeIdentity`. */
  toFile(): string {
    return `${this.#key}${this.#certificate}${this.authority}`;
  }
}

/** A new P-256 key and the request for its certificate, both PEM. The key is a secret. */
export function createKeyAndRequest(): { key: string; request: string } {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    request: createCertificationRequest(privateKey),
  };
}

/** The key and request of an enrolment that has not ended yet: the same ones at every call until `storeIdentity`. */
export async function openPendingRequest(directory: string): Promise<{ key: string; request: string }> {
  const path = join(directory, PENDING_FILE);
  const text = await readPrivateFile(path, CERTIFICATE_FILE_BYTES_MAX);
  if (text !== undefined) {
    try {
      return { key: text, request: createCertificationRequest(createPrivateKey(text)) };
    } catch (error) {
      throw new CorruptionError(path, reasonOf(error));
    }
  }
  const pending = createKeyAndRequest();
  await writePrivateFile(path, pending.key, "always");
  return pending;
}

/** Makes the parts this directory's identity, durably, in one step. @throws Error when they do not belong together. */
export async function storeIdentity(directory: string, parts: IdentityParts): Promise<Identity> {
  const identity = new Identity(parts);
  await writePrivateFile(join(directory, IDENTITY_FILE), identity.toFile(), "always");
  await removeFile(join(directory, PENDING_FILE));
  return identity;
}

/**
 * The identity in `directory`, or undefined before the first one was stored.
 * @throws SettingsError when others may read its key, CorruptionError when the file is not what was written.
 */
export async function loadIdentity(directory: string): Promise<Identity | undefined> {
  const path = join(directory, IDENTITY_FILE);
  const text = await readPrivateFile(path, CERTIFICATE_FILE_BYTES_MAX);
  if (text === undefined) return undefined;
  const { key, certificates } = splitPem(text);
  const [certificate, authority] = certificates;
  if (key === undefined || certificate === undefined || authority === undefined) {
    throw new CorruptionError(path, "does not hold one key and two certificates");
  }
  try {
    return new Identity({ key, certificate, authority });
  } catch (error) {
    throw new CorruptionError(path, reasonOf(error));
  }
}

const IDENTITY_FILE = "identity.pem";
const PENDING_FILE = "pending-key.pem";
