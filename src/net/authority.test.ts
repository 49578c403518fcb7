import "reflect-metadata"; // @peculiar/x509 throws without it
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  webcrypto,
  X509Certificate,
} from "node:crypto";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from "@peculiar/x509";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../runtime/clock.ts";
import { CorruptionError, SettingsError, WireError } from "../runtime/errors.ts";
import { FakeClock } from "../runtime/fake-clock.ts";
import { systemRandom } from "../runtime/random.ts";
import { type Authority, openAuthority } from "./authority.ts";
import { BACKDATE_MS, fingerprintOf } from "./certificate.ts";
import { checkCertificationRequest } from "./certification-request-check.ts";
import { createKeyAndRequest } from "./identity.ts";
import { DAY_MS, JO, MANAGER, WEB1 } from "./loopback-fixture.ts";
import { type KnownPeer, peerOfCertificate } from "./peer.ts";

let root: string;
let authority: Authority;
const open = (directory: string, clock = systemClock) => openAuthority({ directory, clock, random: systemRandom });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "rusuban-authority-"));
  authority = await open(join(root, "ours"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe("the authority", () => {
  it("is the same one when it is opened again, and its fingerprint is that of its certificate", async () => {
    const again = await open(join(root, "ours"));
    expect(again.certificate).toBe(authority.certificate);
    expect(again.fingerprint).toBe(fingerprintOf(new X509Certificate(authority.certificate)));
    expect(again.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  it("keeps its key in one file that only its user can read", async () => {
    const directory = join(root, "ours");
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect(await readdir(directory)).toEqual(["authority.pem"]);
    expect((await stat(join(directory, "authority.pem"))).mode & 0o777).toBe(0o600);
  });

  it("may sign leaves only, with P-256", () => {
    const certificate = new X509Certificate(authority.certificate);
    expect(certificate.ca).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
    expect(certificate.toLegacyObject()).toMatchObject({ subject: { O: "Rusuban" } });
    expect(certificate.raw.includes(Buffer.from("30060101ff020100", "hex"))).toBe(true); // CA:TRUE, pathlen:0
    expect(certificate.raw.includes(Buffer.from("03020204", "hex"))).toBe(true); // keyCertSign alone
  });

  it("is one and the same for two that create it at once", async () => {
    const directory = join(root, "raced");
    const opened = await Promise.all([open(directory), open(directory), open(directory)]);
    expect(new Set(opened.map(({ fingerprint }) => fingerprint)).size).toBe(1);
  });

  it("refuses to work with a key that others can read", async () => {
    const directory = join(root, "loose");
    await open(directory);
    await chmod(join(directory, "authority.pem"), 0o644);
    await expect(open(directory)).rejects.toThrow(SettingsError);
    await expect(open(directory)).rejects.toThrow(/has mode 0644: run chmod 600/);
  });

  it("does not make a new one where the old one is damaged", async () => {
    const directory = join(root, "damaged");
    await open(directory);
    const path = join(directory, "authority.pem");
    const text = await readFile(path, "utf8");
    const other = await readFile(join(root, "ours", "authority.pem"), "utf8");
    const key = (pem: string) => pem.slice(0, pem.indexOf("-----BEGIN CERTIFICATE"));
    for (const damaged of ["", text.slice(0, 300), text.replace("MI", "XX"), text.replace(key(text), key(other))]) {
      await writeFile(path, damaged);
      await expect(open(directory)).rejects.toThrow(CorruptionError);
    }
    await writeFile(path, text);
    await open(directory);
  });
});

describe("a certificate that it issues", () => {
  const cases: [KnownPeer, string][] = [
    [MANAGER, "URI:urn:rusuban:manager:m1"],
    [WEB1, "URI:urn:rusuban:host:web1"],
    [JO, "URI:urn:rusuban:administrator:jo@example.org"],
  ];
  it.each(cases)("carries the identity of %o", async (peer, name) => {
    const { request } = createKeyAndRequest();
    const { certificate, serial } = await authority.issue({ peer, key: { request }, validDays: 30 });
    const leaf = new X509Certificate(certificate);
    expect(leaf.subjectAltName).toBe(name);
    expect(peerOfCertificate(leaf)).toEqual(peer);
    expect(leaf.ca).toBe(false);
    expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"]);
    expect(leaf.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
    expect(serial).toMatch(/^01[0-9a-f]{32}$/);
    expect(leaf.serialNumber.toLowerCase()).toBe(serial);
  });

  it("starts a day early, for clocks that are off by a time zone, and lasts as ordered", async () => {
    const clock = new FakeClock();
    const issuer = await open(join(root, "ours"), clock);
    const { request } = createKeyAndRequest();
    const issued = await issuer.issue({ peer: WEB1, key: { request }, validDays: 30 });
    expect(issued.notBefore).toBe(clock.now() - BACKDATE_MS);
    expect(issued.notAfter).toBe(clock.now() + 30 * DAY_MS);
  });

  it("never outlasts the authority", async () => {
    const { publicKey } = generateKeyPairSync("ed25519");
    const issued = await authority.issue({ peer: WEB1, key: { publicKey }, validDays: 100_000 });
    expect(issued.notAfter).toBe(new X509Certificate(authority.certificate).validToDate.getTime());
  });

  it("carries the names that browsers look for", async () => {
    const { request } = createKeyAndRequest();
    const names = ["console.example.org", "192.0.2.7", "2001:db8::7"];
    const { certificate } = await authority.issue({ peer: MANAGER, key: { request }, validDays: 30, names });
    const leaf = new X509Certificate(certificate);
    expect(leaf.checkHost("console.example.org")).toBe("console.example.org");
    expect(leaf.checkIP("192.0.2.7")).toBe("192.0.2.7");
    expect(leaf.checkIP("2001:db8::7")).toBe("2001:db8::7");
    expect(peerOfCertificate(leaf)).toEqual(MANAGER);
  });

  it.each(["a,URI:urn:rusuban:manager:m1", "", " ", 'a"b', "a\0b"])("does not take %j for a name", async (name) => {
    const { request } = createKeyAndRequest();
    const order = { peer: MANAGER, key: { request }, validDays: 30, names: [name] };
    await expect(authority.issue(order)).rejects.toThrow(WireError);
  });

  it.each(["", "a b", "a:b", "web1, URI:urn:rusuban:manager:m1", "x".repeat(65), "é", "a\n", "-a"])(
    "does not take %j for a host id",
    async (hostId) => {
      const { request } = createKeyAndRequest();
      const order = { peer: { kind: "host", hostId } as const, key: { request }, validDays: 30 };
      await expect(authority.issue(order)).rejects.toThrow(WireError);
    },
  );
});

describe("a certification request", () => {
  it("of our own making gives back its key", async () => {
    const { key, request } = createKeyAndRequest();
    expect((await checkCertificationRequest(request)).equals(createPublicKey(createPrivateKey(key)))).toBe(true);
  });

  it.each([
    ["P-384", { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" }],
    ["Ed25519", { name: "Ed25519" }],
  ])("may have a key of %s", async (_name, algorithm) => {
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
    const request = await Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: algorithm });
    const { certificate } = await authority.issue({
      peer: WEB1,
      key: { request: request.toString("pem") },
      validDays: 1,
    });
    expect(peerOfCertificate(new X509Certificate(certificate))).toEqual(WEB1);
  });

  it("has no say in who it is for", async () => {
    const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
    const request = await Pkcs10CertificateRequestGenerator.create({
      name: "CN=the boss",
      keys,
      signingAlgorithm: algorithm,
      extensions: [new SubjectAlternativeNameExtension([{ type: "url", value: "urn:rusuban:administrator:boss" }])],
    });
    const { certificate } = await authority.issue({
      peer: WEB1,
      key: { request: request.toString("pem") },
      validDays: 1,
    });
    const leaf = new X509Certificate(certificate);
    expect(leaf.subjectAltName).toBe("URI:urn:rusuban:host:web1");
    expect(leaf.subject).toBe("O=Rusuban\nOU=host\nCN=web1");
  });

  it.each([
    [
      "RSA",
      { name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" },
    ],
    ["P-521", { name: "ECDSA", namedCurve: "P-521", hash: "SHA-512" }],
  ])("may not have a key of %s", async (_name, algorithm) => {
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
    const request = await Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: algorithm });
    await expect(checkCertificationRequest(request.toString("pem"))).rejects.toThrow(
      "expected P-256, P-384 or Ed25519",
    );
  });

  it("is refused when somebody else's key signed it", async () => {
    // Outer SEQUENCE { info, algorithm, signature }: the info of one beside the algorithm and signature of another.
    const [mine, theirs] = [derOf(createKeyAndRequest().request), derOf(createKeyAndRequest().request)];
    const algorithm = Buffer.from("300a06082a8648ce3d040302", "hex");
    const content = Buffer.concat([
      mine.subarray(3, mine.indexOf(algorithm)),
      theirs.subarray(theirs.indexOf(algorithm)),
    ]);
    const forged = Buffer.concat([Buffer.of(0x30, 0x81, content.length), content]);
    await expect(checkCertificationRequest(pem(forged))).rejects.toThrow("its signature does not fit its key");
  });

  it("is refused at every changed bit of what is signed; a change outside never gives another key", async () => {
    const { key, request } = createKeyAndRequest();
    const publicKey = createPublicKey(createPrivateKey(key));
    const der = derOf(request);
    // 30 81 LL { 30 LL info, …
    const signed = { from: 3, to: 5 + (der[4] ?? 0) };
    for (let at = 0; at < der.length; at += 1) {
      const changed = Buffer.from(der);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      const outcome = await checkCertificationRequest(pem(changed)).catch((error: unknown) => error);
      if (outcome instanceof WireError) continue;
      expect(at >= signed.from && at < signed.to, `byte ${at}`).toBe(false);
      expect(publicKey.equals(outcome as KeyObject)).toBe(true);
    }
  });

  it("is refused cut short anywhere, too long, or when it is not one at all", async () => {
    const { request } = createKeyAndRequest();
    const der = derOf(request);
    for (let at = 0; at < der.length; at += 1) {
      await expect(checkCertificationRequest(pem(der.subarray(0, at))), `prefix ${at}`).rejects.toThrow(WireError);
    }
    for (const text of ["", "hello", "x".repeat(9_000), authority.certificate, `${request}${request}`]) {
      await expect(checkCertificationRequest(text)).rejects.toThrow(WireError);
    }
  });
});

function pem(der: Buffer): string {
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
}

function derOf(text: string): Buffer {
  return Buffer.from(text.replace(/-----[^-]+-----|\s/g, ""), "base64");
}
