// The manager's own certificate authority: one P-256 root that signs leaves directly. It lives in one file that holds
// key and certificate, so that the two can never part. Nothing that a requester sends but its public key gets into a
// certificate. RFC 5280 for the fields.

import "reflect-metadata"; // @peculiar/x509 throws without it
import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import type { Clock } from "../runtime/clock.ts";
import { assert, CorruptionError, reasonOf, WireError } from "../runtime/errors.ts";
import type { Random } from "../runtime/random.ts";
import { BACKDATE_MS, fingerprintOf, serialOfCertificate, splitPem } from "./certificate.ts";
import { assertAcceptableKey, checkCertificationRequest } from "./certification-request-check.ts";
import { CERTIFICATE_FILE_BYTES_MAX } from "./limits.ts";
import { identityUri, idOfPeer, type KnownPeer } from "./peer.ts";
import { readPrivateFile, writePrivateFile } from "./private-file.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;

/** How long the root lasts: longer than any installation, because replacing it means enrolling every host anew. */
const AUTHORITY_VALID_DAYS = 30 * 365;

export interface CertificateOrder {
  /** Who the certificate speaks for: the manager's decision, whatever the request says. */
  readonly peer: KnownPeer;
  /** A PKCS #10 request in PEM (proof of possession is checked), or a public key that the manager knows is right. */
  readonly key: { readonly request: string } | { readonly publicKey: KeyObject };
  readonly validDays: number;
  /** DNS names and addresses, for the certificates that browsers and foreign clients meet. */
  readonly names?: readonly string[];
}

export interface IssuedCertificate {
  readonly certificate: string; // PEM
  readonly serial: string; // As `serialOfCertificate` gives it.
  readonly notBefore: number; // ms since 1970
  readonly notAfter: number;
}

export interface Authority {
  /** PEM of the root: what every party gets and trusts. */
  readonly certificate: string;
  /** SHA-256 of the root's DER, 64 lower-case hexadecimal digits: what an enrolment token carries. */
  readonly fingerprint: string;
  /** @throws WireError when the request or the identity is not acceptable. */
  issue(order: CertificateOrder): Promise<IssuedCertificate>;
}

/**
 * Loads the authority from `directory`, or creates it there when there is none.
 * @throws SettingsError when others may read its key, CorruptionError when the file is not what was written.
 */
export async function openAuthority(needs: { directory: string; clock: Clock; random: Random }): Promise<Authority> {
  const path = join(needs.directory, "authority.pem");
  let text = await readPrivateFile(path, CERTIFICATE_FILE_BYTES_MAX);
  if (text === undefined) {
    await writePrivateFile(path, await createRoot(needs), "new-only");
    // Read back even so: another process may have been first, and then its root is the one.
    text = await readPrivateFile(path, CERTIFICATE_FILE_BYTES_MAX);
    assert(text !== undefined, `${path} exists after it was written`);
  }
  const { key, certificate } = parseRoot(path, text);
  return {
    certificate: certificate.toString(),
    fingerprint: fingerprintOf(certificate),
    issue: (order) => issue(order, { key, certificate, ...needs }),
  };
}

async function createRoot({ clock, random }: { clock: Clock; random: Random }): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const name = [{ O: ["Rusuban"] }, { CN: [`Rusuban authority ${random(4).toString("hex")}`] }];
  const spki = publicKey.export({ type: "spki", format: "der" });
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: createSerial(random),
    subject: name,
    issuer: name,
    notBefore: new Date(clock.now() - BACKDATE_MS),
    notAfter: new Date(clock.now() + AUTHORITY_VALID_DAYS * DAY_MS),
    publicKey: spki,
    signingKey: signingKeyOf(privateKey),
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true), // Signs leaves only.
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(new x509.PublicKey(spki)),
    ],
  });
  return `${privateKey.export({ type: "pkcs8", format: "pem" })}${certificate.toString("pem")}\n`;
}

function parseRoot(path: string, text: string): { key: KeyObject; certificate: X509Certificate } {
  try {
    const { key, certificates } = splitPem(text);
    const [pem] = certificates;
    if (key === undefined || pem === undefined || certificates.length !== 1)
      throw new Error("not one key and one certificate");
    const parsed = { key: createPrivateKey(key), certificate: new X509Certificate(pem) };
    if (!parsed.certificate.checkPrivateKey(parsed.key)) throw new Error("key and certificate do not belong together");
    if (!parsed.certificate.ca) throw new Error("the certificate is not an authority's");
    return parsed;
  } catch (error) {
    throw new CorruptionError(path, reasonOf(error));
  }
}

async function issue(
  order: CertificateOrder,
  authority: { key: KeyObject; certificate: X509Certificate; clock: Clock; random: Random },
): Promise<IssuedCertificate> {
  const { peer, key, validDays, names = [] } = order;
  assert(validDays >= 1, `validDays ${validDays} is at least 1`);
  const uri = identityUri(peer);
  const publicKey = "request" in key ? await checkCertificationRequest(key.request) : key.publicKey;
  assertAcceptableKey(publicKey);
  const spki = publicKey.export({ type: "spki", format: "der" });
  const root = new x509.X509Certificate(authority.certificate.raw);
  const now = authority.clock.now();
  const notBefore = now - BACKDATE_MS;
  const notAfter = Math.min(now + validDays * DAY_MS, authority.certificate.validToDate.getTime());
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: createSerial(authority.random),
    subject: [{ O: ["Rusuban"] }, { OU: [peer.kind] }, { CN: [idOfPeer(peer)] }],
    issuer: root.subjectName.toJSON(),
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    publicKey: spki,
    signingKey: signingKeyOf(authority.key),
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      // Both: agents listen, too, and the identity says which party it is.
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth, x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: "url", value: uri }, ...names.map(generalName)]),
      await x509.SubjectKeyIdentifierExtension.create(new x509.PublicKey(spki)),
      await x509.AuthorityKeyIdentifierExtension.create(root.publicKey),
    ],
  });
  const issued = new X509Certificate(Buffer.from(certificate.rawData));
  return {
    certificate: issued.toString(),
    serial: serialOfCertificate(issued),
    notBefore: issued.validFromDate.getTime(),
    notAfter: issued.validToDate.getTime(),
  };
}

const SIGNING = { name: "ECDSA", hash: "SHA-256" } as const;

function signingKeyOf(key: KeyObject) {
  return key.toCryptoKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
}

function generalName(name: string): { type: "ip" | "dns"; value: string } {
  if (isIP(name) !== 0) return { type: "ip", value: name };
  if (!/^[A-Za-z0-9*]([A-Za-z0-9._-]{0,252})$/.test(name)) {
    throw new WireError("certificate.names", `${JSON.stringify(name)} is neither an address nor a DNS name`);
  }
  return { type: "dns", value: name };
}

/** 128 random bits behind a constant byte, so that the number is positive and its text always 34 digits (RFC 5280 §4.1.2.2). */
function createSerial(random: Random): string {
  return `01${random(16).toString("hex")}`;
}
