import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { SettingsError } from "../runtime/errors.ts";
import { AUTHORITY_FILE_BYTES_MAX, readAuthorityFiles } from "./authority-files.ts";
import { createTestAuthority, type TestAuthority } from "./loopback-fixture.ts";

const KEY = "cim.destinationAuthorities";
let folder: string;
let one: TestAuthority;
let two: TestAuthority;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "rusuban-authorities-"));
  [one, two] = await Promise.all([createTestAuthority(), createTestAuthority()]);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await Promise.all([one.remove(), two.remove()]);
});

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

it("reads every certificate of every file, and passes other text over", async () => {
  const bundle = write("bundle", `# two of them\n${one.certificate}\nsubject: two\n${two.certificate}`);
  const alone = write("alone", one.certificate);
  const read = await readAuthorityFiles(KEY, [bundle, alone]);
  expect(read.map((pem) => pem.trim())).toEqual([one, two, one].map(({ certificate }) => certificate.trim()));
  expect(await readAuthorityFiles(KEY, [])).toEqual([]);
});

it.each([
  ["is not there", () => join(folder, "missing"), "cannot be read (ENOENT)"],
  ["is a folder", () => folder, "cannot be read (EISDIR)"],
  ["holds none", () => write("none", "hello\n"), "holds no certificate in PEM form"],
  [
    "holds a broken one behind a good one",
    () => write("broken", `${one.certificate}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`),
    "certificate 2 in",
  ],
  ["is too long", () => write("long", "x".repeat(AUTHORITY_FILE_BYTES_MAX + 1)), "is longer than 1048576 bytes"],
])("refuses a file that %s, naming setting and file", async (_, file, problem) => {
  const reading = readAuthorityFiles(KEY, [file()]);
  await expect(reading).rejects.toThrow(SettingsError);
  await expect(reading).rejects.toThrow(problem);
  await expect(reading).rejects.toThrow(KEY);
});
