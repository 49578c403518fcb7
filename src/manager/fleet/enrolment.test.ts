import { X509Certificate } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { type Database, openDatabase } from "../../database/open-database.ts";
import { openAuthority } from "../../net/authority.ts";
import { createKeyAndRequest } from "../../net/identity.ts";
import { peerOfCertificate } from "../../net/peer.ts";
import { parseEnrolmentToken } from "../../protocols/browser/enrolment-token.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { CertificateList } from "./certificate-list.ts";
import { type CertificateNames, createCertificateNames } from "./certificate-names.ts";
import { Enrolment } from "./enrolment.ts";
import { createHostList, type HostList } from "./host-list.ts";

const facts = {
  hostname: "web1",
  platform: "linux",
  operatingSystem: "Debian",
  architecture: "x64",
  agentVersion: "0.1.0",
};
const day = 86_400_000;

let clock: FakeClock;
let database: Database;
let enrolment: Enrolment;
let certificates: CertificateList;
let hosts: HostList;
let names: CertificateNames;

beforeEach(async () => {
  clock = new FakeClock(Date.parse("2026-11-22T00:00:00Z"));
  database = await openDatabase({ file: ":memory:", clock, log: silentLog });
  const authority = await openAuthority({
    directory: mkdtempSync(join(tmpdir(), "rusuban-ca-")),
    clock,
    random: systemRandom,
  });
  certificates = await CertificateList.open({ database, clock });
  hosts = createHostList(database);
  names = createCertificateNames({ database, managerNames: ["manager.example.jp", "192.0.2.1", "FD00::1"] });
  enrolment = new Enrolment({
    ...{ database, authority, certificates, names, clock, random: systemRandom },
    certificateDays: 90,
  });
  return () => database.destroy();
});

async function makeToken(hostName: string | null = null, certificateNames: readonly string[] = []) {
  const { token } = await enrolment.createToken({
    hostName,
    certificateNames,
    createdBy: "jo",
    validSeconds: 3_600,
    addresses: ["192.0.2.1"],
    port: 4_000,
  });
  return { line: token, ...parseEnrolmentToken(token) };
}

function enroll(
  token: { id: Buffer; secret: Buffer },
  certificateRequestPem = createKeyAndRequest().request,
  hostname = "web1",
) {
  return enrolment.enroll({
    tokenId: token.id,
    tokenSecret: token.secret,
    certificateRequestPem,
    facts: { ...facts, hostname },
    address: "192.0.2.7",
    ports: { backupControl: 4_001 },
  });
}

it("a token turns into a host and a certificate that names it", async () => {
  const outcome = await enroll(await makeToken());
  expect(outcome).toMatchObject({ enrolled: true, name: "web1", again: false });
  if (!outcome.enrolled) return;
  const certificate = new X509Certificate(outcome.certificatePem);
  expect(peerOfCertificate(certificate)).toEqual({ kind: "host", hostId: outcome.hostId });
  expect(await hosts.find(outcome.hostId)).toMatchObject({
    name: "web1",
    facts,
    address: "192.0.2.7",
    ports: { backupControl: 4_001 },
  });
});

it("a token's secret is not in the database", async () => {
  const token = await makeToken();
  const stored = JSON.stringify(await database.selectFrom("enrolment_tokens").selectAll().execute());
  for (const form of ["hex", "base64", "base64url", "latin1"] as const)
    expect(stored).not.toContain(token.secret.toString(form));
});

it("a host that lost the answer asks again with its key and is the same host", async () => {
  const token = await makeToken();
  const { request } = createKeyAndRequest();
  const first = await enroll(token, request);
  const second = await enroll(token, request);
  expect(second).toMatchObject({ enrolled: true, again: true, hostId: first.enrolled && first.hostId });
  expect(await hosts.all()).toHaveLength(1);
});

describe("refusals", () => {
  it("a used token, with another key", async () => {
    const token = await makeToken();
    await enroll(token);
    expect(await enroll(token)).toMatchObject({ enrolled: false, code: "usedToken" });
    expect(await hosts.all()).toHaveLength(1);
  });

  it("a token used twice at the same moment admits one", async () => {
    const token = await makeToken();
    const outcomes = await Promise.all([enroll(token), enroll(token), enroll(token)]);
    expect(outcomes.filter(({ enrolled }) => enrolled)).toHaveLength(1);
    expect(await hosts.all()).toHaveLength(1);
  });

  it("an expired token, also for the host that used it", async () => {
    const token = await makeToken();
    const { request } = createKeyAndRequest();
    await enroll(token, request);
    await clock.advance(3_600_001);
    expect(await enroll(token, request)).toMatchObject({ enrolled: false, code: "expiredToken" });
    expect(await enroll(await makeToken(), request)).toMatchObject({ enrolled: true });
  });

  it("an unknown token and a wrong secret, in the same words", async () => {
    const token = await makeToken();
    const unknown = await enroll({ id: Buffer.alloc(16, 9), secret: token.secret });
    const wrong = await enroll({ id: token.id, secret: Buffer.alloc(32) });
    expect(unknown).toMatchObject({ enrolled: false, code: "unknownToken" });
    expect(wrong).toEqual(unknown);
  });

  it("something that is no certification request leaves the token as it was", async () => {
    const token = await makeToken();
    expect(await enroll(token, "not a request")).toMatchObject({ enrolled: false, code: "invalidRequest" });
    expect(await enroll(token)).toMatchObject({ enrolled: true });
  });

  it("the host that used the token was removed meanwhile", async () => {
    const token = await makeToken();
    const { request } = createKeyAndRequest();
    const first = await enroll(token, request);
    if (first.enrolled) await certificates.revokeHost(first.hostId);
    expect(await enroll(token, request)).toMatchObject({ enrolled: false, code: "usedToken" });
  });
});

describe("names", () => {
  it("are unique, whatever hosts call themselves", async () => {
    const names: string[] = [];
    for (const hostname of [
      "web1",
      "web1",
      "web1",
      "my_web",
      "my_web",
      "my_web",
      "'; DROP TABLE hosts; --",
      "",
      "\u202ehost%_",
      "日本 1",
    ]) {
      const outcome = await enroll(await makeToken(), undefined, hostname);
      if (outcome.enrolled) names.push(outcome.name);
    }
    expect(names).toEqual([
      "web1",
      "web1-2",
      "web1-3",
      "my_web",
      "my_web-2",
      "my_web-3",
      "DROP TABLE hosts --",
      "host",
      "host_",
      "日本 1",
    ]);
  });

  it("are the operator's where the token says so", async () => {
    expect(await enroll(await makeToken("東京 web"))).toMatchObject({ name: "東京 web" });
  });
});

describe("revocation", () => {
  it("takes all certificates of a host back, at once and after a restart, and frees its name", async () => {
    const outcome = await enroll(await makeToken());
    if (!outcome.enrolled) throw new Error("not enrolled");
    const renewed = await enrolment.renew(outcome.hostId, createKeyAndRequest().request, "192.0.2.7");
    const serials = [outcome.certificatePem, renewed].map((pem) => new X509Certificate(pem).serialNumber.toLowerCase());
    expect(serials.map((serial) => certificates.isRevoked(serial))).toEqual([false, false]);
    await certificates.revokeHost(outcome.hostId);
    expect(serials.map((serial) => certificates.isRevoked(serial))).toEqual([true, true]);
    const reopened = await CertificateList.open({ database, clock });
    expect(serials.map((serial) => reopened.isRevoked(serial))).toEqual([true, true]);
    expect(await hosts.all()).toEqual([]);
    expect(await enroll(await makeToken())).toMatchObject({ name: "web1" });
  });

  it("expired certificates need not be remembered", async () => {
    const outcome = await enroll(await makeToken());
    if (outcome.enrolled) await certificates.revokeHost(outcome.hostId);
    await clock.advance(91 * day);
    const reopened = await CertificateList.open({ database, clock });
    const serial = outcome.enrolled ? new X509Certificate(outcome.certificatePem).serialNumber.toLowerCase() : "";
    expect(reopened.isRevoked(serial)).toBe(false);
  });
});

describe("finding hosts", () => {
  it("by name, by id, by the beginning of an id, and never by a pattern", async () => {
    const one = await enroll(await makeToken("alpha"));
    await enroll(await makeToken("beta"));
    const id = one.enrolled ? one.hostId : "";
    const names = async (reference: string) => (await hosts.search(reference)).map(({ name }) => name);
    expect(await names("alpha")).toEqual(["alpha"]);
    expect(await names(id)).toEqual(["alpha"]);
    expect(await names(id.slice(0, -1))).toEqual(["alpha"]);
    expect(await names("%")).toEqual([]);
    expect(await names("' OR 1=1 --")).toEqual([]);
  });

  it("page by page, by name, with part of the name in either case", async () => {
    for (const name of ["c", "a", "B web", "b Web"]) await enroll(await makeToken(name));
    const first = await hosts.page({ limit: 2 });
    expect(first.map(({ name }) => name)).toEqual(["B web", "a"]);
    const last = first.at(-1);
    const rest = await hosts.page({ limit: 5, ...(last === undefined ? {} : { after: last }) });
    expect(rest.map(({ name }) => name)).toEqual(["b Web", "c"]);
    expect((await hosts.page({ limit: 5, text: "WEB" })).map(({ name }) => name)).toEqual(["B web", "b Web"]);
    expect(await hosts.page({ limit: 5, text: "%" })).toEqual([]);
    await enroll(await makeToken("under_score"));
    expect((await hosts.page({ limit: 5, text: "R_S" })).map(({ name }) => name)).toEqual(["under_score"]);
  });
});
