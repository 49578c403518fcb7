// For a host that cannot be asked over any flow: the manager makes a token, a person pastes a line with it on the host,
// and pastes what that prints back. The answer is signed with the host's own key, carries the token's nonce, and is taken
// once, within its time (docs/protocols/doctor.md §4). Base64url of XDR, so that it survives a terminal and a mail.

import { createPrivateKey, sign, verify, X509Certificate } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { peerOfCertificate } from "../../net/peer.ts";
import { PeerError, WireError } from "../../runtime/errors.ts";
import { type Decoded, decode, encode, fixed, integer, list, opaque, struct, text, u32 } from "../../wire/xdr.ts";
import { DOCTOR_RECORD_BYTES_MAX } from "./messages.ts";

const ANSWER_VERSION = 1;
export const NONCE_BYTES = 16;
/** A token can be used this long: to reach somebody at the host's console. */
export const TOKEN_LIFE_MS = 15 * 60_000;

const Token = struct({ nonce: fixed(NONCE_BYTES), expiresAtMs: integer });
export type PasteToken = Decoded<typeof Token>;

/** What the host says: its sight, and what became of dialling the manager, in the bytes of `DoctorReply`. */
const Body = struct({
  version: u32,
  nonce: fixed(NONCE_BYTES),
  hostId: text(64),
  sight: opaque(DOCTOR_RECORD_BYTES_MAX),
  dials: list(struct({ flow: text(64), address: text(64), dialled: opaque(16_384) }), 64),
});
export type PastedBody = Omit<Decoded<typeof Body>, "version">;

const Signed = struct({
  body: opaque(2 * DOCTOR_RECORD_BYTES_MAX),
  certificatePem: text(16_384),
  signature: opaque(256),
});

export function formatToken(token: PasteToken): string {
  return encode(Token, token).toString("base64url");
}

/** @throws WireError for what is no token. */
export function parseToken(line: string): PasteToken {
  return decode(Token, Buffer.from(line.trim(), "base64url"));
}

/** The line that the host prints. `identity`: key and certificate in PEM. */
export function signAnswer(body: PastedBody, identity: { readonly key: string; readonly cert: string }): string {
  const bytes = encode(Body, { version: ANSWER_VERSION, ...body });
  const certificatePem = new X509Certificate(identity.cert).toString();
  const signature = sign("sha256", bytes, createPrivateKey(identity.key));
  return deflateRawSync(encode(Signed, { body: bytes, certificatePem, signature })).toString("base64url");
}

/**
 * The answer, and whose it is. Throws WireError for what is no answer; PeerError `refused` where it was not signed by a
 * host of this authority whose certificate is valid, for another host than the signer, or after another token.
 */
export function readAnswer(
  line: string,
  expected: { readonly nonce: Buffer; readonly hostId: string; readonly authority: string; readonly nowMs: number },
): PastedBody & { readonly serial: string } {
  const { body: bytes, certificatePem, signature } = decode(Signed, inflate(line));
  const certificate = parseCertificate(certificatePem);
  const refuse = (reason: string): never => {
    throw new PeerError("refused", reason);
  };
  if (!certificate.verify(new X509Certificate(expected.authority).publicKey))
    refuse("it is not signed by a host of this manager");
  const { validFromDate, validToDate } = certificate;
  if (expected.nowMs < validFromDate.getTime() || expected.nowMs > validToDate.getTime()) {
    refuse("the certificate that signed it is not valid now");
  }
  if (!verify("sha256", bytes, certificate.publicKey, signature))
    refuse("its signature is wrong: was all of it pasted?");
  const { version, ...body } = decode(Body, bytes);
  if (version !== ANSWER_VERSION) throw new WireError("version", `${version} is not spoken here`);
  const peer = peerOfCertificate(certificate);
  if (peer.kind !== "host" || peer.hostId !== expected.hostId || body.hostId !== expected.hostId) {
    refuse("it is another host's");
  }
  if (!body.nonce.equals(expected.nonce)) refuse("it answers another line than the last one");
  return { ...body, serial: certificate.serialNumber.toLowerCase() };
}

function inflate(line: string): Buffer {
  try {
    const bytes = Buffer.from(line.replaceAll(/\s/g, ""), "base64url");
    return inflateRawSync(bytes, { maxOutputLength: 4 * DOCTOR_RECORD_BYTES_MAX });
  } catch {
    throw new WireError("answer", "cannot be read: was all of it pasted?");
  }
}

function parseCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new WireError("answer.certificate", "cannot be read");
  }
}
