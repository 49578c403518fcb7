// PKCS #10 certification requests (RFC 2986) as our agents make them: a public key and the proof that the sender has
// its private half. The subject is empty because the manager decides who the sender is. Written out here, so that an
// agent, which needs nothing else of X.509, does not keep a certificate library in memory.

import { createPublicKey, type KeyObject, sign } from "node:crypto";

// DER of SEQUENCE { OBJECT IDENTIFIER 1.2.840.10045.4.3.2 }: ecdsa-with-SHA256, RFC 5758 §3.2.
const ECDSA_WITH_SHA256 = Buffer.from("300a06082a8648ce3d040302", "hex");

const SEQUENCE = 0x30;
const BIT_STRING = 0x03;
const ATTRIBUTES = 0xa0; // [0] IMPLICIT, constructed: RFC 2986 §4.1
const VERSION_0 = Buffer.from("020100", "hex");

/** PEM of a request for `privateKey`, an EC key. */
export function createCertificationRequest(privateKey: KeyObject): string {
  const publicKey = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const info = der(SEQUENCE, VERSION_0, der(SEQUENCE), publicKey, der(ATTRIBUTES));
  const signature = sign("sha256", info, { key: privateKey, dsaEncoding: "der" });
  const noUnusedBits = Buffer.of(0);
  const request = der(SEQUENCE, info, ECDSA_WITH_SHA256, der(BIT_STRING, noUnusedBits, signature));
  return toPem("CERTIFICATE REQUEST", request);
}

/** RFC 7468 text form. */
export function toPem(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** Tag, length, content: X.690 §8.1. All lengths here fit in two bytes. */
function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  if (length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, length), content]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), content]);
}
