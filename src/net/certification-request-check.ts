import "reflect-metadata"; // @peculiar/x509 throws without it
import { createPublicKey, type KeyObject } from "node:crypto";
import { Pkcs10CertificateRequest } from "@peculiar/x509";
import { reasonOf, WireError } from "../runtime/errors.ts";
import { SIGNING_REQUEST_BYTES_MAX } from "./limits.ts";

const WHERE = "certification request";
const HASHES = new Set(["SHA-256", "SHA-384", "SHA-512"]);

/**
 * The public key of a PKCS #10 request (PEM) whose sender has proved that it holds the private half. Subject,
 * attributes and extensions are not looked at: the manager decides the identity.
 * @throws WireError when it is too long, is not a request, has another kind of key, or its signature does not fit.
 */
export async function checkCertificationRequest(pem: string): Promise<KeyObject> {
  if (pem.length > SIGNING_REQUEST_BYTES_MAX) {
    throw new WireError(WHERE, `${pem.length} characters long, at most ${SIGNING_REQUEST_BYTES_MAX} are taken`);
  }
  const [, base64] =
    /^-----BEGIN CERTIFICATE REQUEST-----\s([A-Za-z0-9+/=\s]+)-----END CERTIFICATE REQUEST-----\s*$/.exec(pem) ?? [];
  if (base64 === undefined) throw new WireError(WHERE, "not a PEM CERTIFICATE REQUEST");
  const request = parse(Buffer.from(base64, "base64"));
  const publicKey = acceptableKey(request);
  const { hash } = request.signatureAlgorithm;
  if (publicKey.asymmetricKeyType === "ec" && !HASHES.has(hash?.name ?? "")) {
    throw new WireError(WHERE, `signed with ${hash?.name ?? "no"} hash, expected SHA-256, SHA-384 or SHA-512`);
  }
  if (!(await verifies(request))) throw new WireError(WHERE, "its signature does not fit its key");
  return publicKey;
}

function parse(der: Buffer): Pkcs10CertificateRequest {
  try {
    return new Pkcs10CertificateRequest(der);
  } catch (error) {
    throw new WireError(WHERE, `not a PKCS #10 request (${reasonOf(error).slice(0, 100)})`);
  }
}

function acceptableKey(request: Pkcs10CertificateRequest): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(request.publicKey.rawData), type: "spki", format: "der" });
  } catch (error) {
    throw new WireError(WHERE, `unreadable public key (${reasonOf(error).slice(0, 100)})`);
  }
  assertAcceptableKey(key);
  return key;
}

/** @throws WireError on any key but P-256, P-384 and Ed25519. */
export function assertAcceptableKey(key: KeyObject): void {
  const type = key.asymmetricKeyType ?? "unknown";
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (type === "ed25519" || (type === "ec" && (curve === "prime256v1" || curve === "secp384r1"))) return;
  throw new WireError(WHERE, `${curve ?? type} key, expected P-256, P-384 or Ed25519`);
}

async function verifies(request: Pkcs10CertificateRequest): Promise<boolean> {
  try {
    return await request.verify();
  } catch {
    return false; // A signature that cannot even be decoded.
  }
}
