import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type Database, openDatabase } from "../../database/open-database.ts";
import { openAuthority } from "../../net/authority.ts";
import { createKeyAndRequest } from "../../net/identity.ts";
import { peerOfCertificate } from "../../net/peer.ts";
import { parseEnrolmentToken } from "../../protocols/browser/enrolment-token.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { CertificateList } from "./certificate-list.ts";
import { type CertificateNames, createCertificateNames, plainName } from "./certificate-names.ts";
import { Enrolment } from "./enrolment.ts";
import { createHostList, type HostList } from "./host-list.ts";

const MANAGER_NAMES = ["manager.example.jp", "192.0.2.1", "FD00:0::1", "localhost", "127.0.0.1"];
const ADDRESS = "192.0.2.7";
const facts = {
  ...{ hostname: "manager.example.jp", platform: "linux", operatingSystem: "Debian", architecture: "x64" },
  agentVersion: "0.1.0",
};

let clock: FakeClock;
let database: Database;
let names: CertificateNames;
let certificates: CertificateList;
let enrolment: Enrolment;
let hosts: HostList;

beforeEach(async () => {
  clock = new FakeClock(Date.parse("2026-11-22T00:00:00Z"));
  database = await openDatabase({ file: ":memory:", clock, log: silentLog });
  onTestFinished(() => database.destroy());
  const directory = mkdtempSync(join(tmpdir(), "rusuban-names-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const authority = await openAuthority({ directory, clock, random: systemRandom });
  certificates = await CertificateList.open({ database, clock });
  names = createCertificateNames({ database, managerNames: MANAGER_NAMES });
  hosts = createHostList(database);
  enrolment = new Enrolment({
    ...{ database, authority, certificates, names, clock, random: systemRandom },
    certificateDays: 90,
  });
});

async function enroll(certificateNames: readonly string[], address = ADDRESS) {
  const { token } = await enrolment.createToken({
    ...{ hostName: null, createdBy: "jo", validSeconds: 3_600, addresses: ["192.0.2.1"], port: 4_000 },
    certificateNames,
  });
  const { id, secret } = parseEnrolmentToken(token);
  const outcome = await enrolment.enroll({
    ...{ tokenId: id, tokenSecret: secret, certificateRequestPem: createKeyAndRequest().request },
    ...{ facts, address, ports: {} },
  });
  if (!outcome.enrolled) throw new Error(outcome.reason);
  return { hostId: outcome.hostId, certificate: new X509Certificate(outcome.certificatePem) };
}

/** Names and addresses in it, without the identity. */
function carried(certificate: X509Certificate): string[] {
  return (certificate.subjectAltName ?? "")
    .split(", ")
    .filter((entry) => !entry.startsWith("URI:"))
    .map((entry) => entry.slice(entry.indexOf(":") + 1))
    .sort();
}

async function renew(hostId: string, address = ADDRESS): Promise<X509Certificate> {
  return new X509Certificate(await enrolment.renew(hostId, createKeyAndRequest().request, address));
}

describe("a host's certificate", () => {
  it("carries what the administrator gave, and the address it is seen at, beside its identity", async () => {
    const { hostId, certificate } = await enroll(["web1.example.jp", "fd00::7"]);
    expect(carried(certificate)).toEqual(["192.0.2.7", "FD00:0:0:0:0:0:0:7", "web1.example.jp"]);
    expect(certificate.checkHost("web1.example.jp")).toBe("web1.example.jp");
    expect(certificate.checkIP(ADDRESS)).toBe(ADDRESS);
    expect(peerOfCertificate(certificate)).toEqual({ kind: "host", hostId });
    expect(carried(await renew(hostId))).toEqual(carried(certificate));
  });

  it("carries nothing that the host says of itself", async () => {
    const { certificate } = await enroll([]);
    expect(facts.hostname).toBe("manager.example.jp");
    expect(carried(certificate)).toEqual([ADDRESS]);
  });

  it.each([
    ["the manager's names, in any case, with a dot at the end", ["MANAGER.example.jp", "manager.example.jp."], ADDRESS],
    ["the manager's addresses, in any form", ["fd00::0001", "192.0.2.1"], ADDRESS],
    ["wildcards and what is no name", ["*.example.jp", "a b", "192.0.2.300", "-x", "", "fe80::1%eth0"], ADDRESS],
  ])("never carries %s", async (_, given, address) => {
    const { certificate } = await enroll(given, address);
    expect(carried(certificate)).toEqual([address]);
  });

  it.each(["127.0.0.1", "::1", "fe80::1", "169.254.1.1", "0.0.0.0", "::", "224.0.0.1", "192.0.2.1", "fe80::1%2"])(
    "is not of %s, where the host is seen there",
    async (address) => {
      expect(carried((await enroll([], address)).certificate)).toEqual([]);
    },
  );

  it("carries no address that several hosts are seen at, and none of another's names", async () => {
    const one = await enroll(["db.example.jp"]);
    const two = await enroll(["db.example.jp", "web.example.jp"]);
    expect(carried(two.certificate)).toEqual(["web.example.jp"]);
    await hosts.seen(two.hostId, { facts, address: ADDRESS, ports: {}, atMs: clock.now() });
    expect(carried(await renew(one.hostId))).toEqual(["db.example.jp"]);
    await certificates.revokeHost(one.hostId);
    expect(carried(await renew(two.hostId))).toEqual([ADDRESS, "web.example.jp"]);
    expect(await names.problemOf("db.example.jp", two.hostId)).toBeUndefined();
  });
});

describe("other names", () => {
  const hasOther = (hostId: string, { serialNumber }: X509Certificate, address = ADDRESS) =>
    enrolment.hasOtherNames(hostId, { serial: serialNumber.toLowerCase(), address });

  it("are a reason to renew as soon as they are given, and no longer when they are in", async () => {
    const { hostId, certificate } = await enroll([]);
    await clock.advance(10 * 60_000);
    expect(await hasOther(hostId, certificate)).toBe(false);
    await names.give(hostId, ["web1.example.jp"]);
    expect(await hasOther(hostId, certificate)).toBe(true);
    const renewed = await renew(hostId);
    expect(carried(renewed)).toEqual([ADDRESS, "web1.example.jp"]);
    await clock.advance(10 * 60_000);
    expect(await hasOther(hostId, renewed)).toBe(false);
    expect(await hasOther(hostId, renewed, "192.0.2.8")).toBe(true);
  });

  it("are none for a certificate that has just been issued: an address that goes to and fro costs one in ten minutes", async () => {
    const { hostId, certificate } = await enroll([]);
    expect(await hasOther(hostId, certificate, "192.0.2.8")).toBe(false);
    await clock.advance(10 * 60_000 - 1);
    expect(await hasOther(hostId, certificate, "192.0.2.8")).toBe(false);
    await clock.advance(1);
    expect(await hasOther(hostId, certificate, "192.0.2.8")).toBe(true);
  });

  it("are refused in words, for the host that has them, too", async () => {
    const { hostId } = await enroll(["web1.example.jp"]);
    expect(await names.problemOf("web1.example.jp", hostId)).toBeUndefined();
    expect(await names.problemOf("web1.example.jp", undefined)).toBe("is the host manager.example.jp's");
    expect(await names.problemOf("Manager.Example.JP", hostId)).toBe("is the manager's");
    expect(await names.problemOf("*.example.jp", hostId)).toBe("is neither a DNS name nor an address");
    expect(await names.problemOf("169.254.0.9", hostId)).toBe("means another computer everywhere");
    expect(await names.problemOf(ADDRESS, undefined)).toBe("is the host manager.example.jp's");
  });
});

it("names have one form", () => {
  expect(
    [" WEB1.Example.JP. ", "192.0.2.7", "FD00:0:0::0007", "::ffff:192.0.2.7", "10", "a..b", "x".repeat(64)].map(
      plainName,
    ),
  ).toEqual(["web1.example.jp", "192.0.2.7", "fd00::7", "::ffff:c000:207", undefined, undefined, undefined]);
});
