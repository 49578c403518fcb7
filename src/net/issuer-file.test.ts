import { createHash, X509Certificate } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ISSUERS_MAX, readIssuers } from "./issuer-file.ts";
import { createTestAuthority, type TestAuthority, WEB1 } from "./loopback-fixture.ts";

let authority: TestAuthority;
let other: TestAuthority;
beforeAll(async () => {
  [authority, other] = await Promise.all([createTestAuthority(), createTestAuthority()]);
});
afterAll(() => Promise.all([authority.remove(), other.remove()]));

async function read(text: string) {
  const file = join(authority.directory, "issuers.pem");
  await writeFile(file, text);
  return readIssuers("events.issuerFile", file);
}

describe("a file of issuing authorities", () => {
  it("gives their certificates, and the thumbprint of the first as Windows writes it", async () => {
    const { certificates, thumbprint } = await read(`Firm's own\r\n${authority.certificate}${other.certificate}`);
    expect(certificates).toEqual([authority.certificate, other.certificate]);
    const { raw } = new X509Certificate(authority.certificate);
    expect(thumbprint).toBe(createHash("sha1").update(raw).digest("hex").toUpperCase());
  });

  it("is refused with its setting's name where it holds none, something else, or too many", async () => {
    const leaf = (await authority.identify(WEB1)).secureContextOptions().cert;
    const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (const text of ["", "\u0030\u0082", leaf, broken, authority.certificate.repeat(ISSUERS_MAX + 1)]) {
      await expect(read(text)).rejects.toThrow("events.issuerFile: ");
    }
    expect(() => readIssuers("events.issuerFile", join(authority.directory, "nowhere"))).toThrow("ENOENT");
  });
});
