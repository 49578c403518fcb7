import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CorruptionError, SettingsError } from "../runtime/errors.ts";
import {
  createKeyAndRequest,
  Identity,
  type IdentityParts,
  loadIdentity,
  openPendingRequest,
  storeIdentity,
} from "./identity.ts";
import { createTestAuthority, DAY_MS, type TestAuthority, WEB1 } from "./loopback-fixture.ts";

let ours: TestAuthority;
let root: string;
let directory: string;

beforeAll(async () => {
  ours = await createTestAuthority();
  root = await mkdtemp(join(tmpdir(), "rusuban-identity-"));
});
beforeEach(async () => {
  directory = await mkdtemp(join(root, "party-"));
});
afterAll(() => Promise.all([ours.remove(), rm(root, { recursive: true, force: true })]));

async function createParts(pair = createKeyAndRequest(), validDays = 30): Promise<IdentityParts> {
  const { certificate } = await ours.issue({ peer: WEB1, key: { request: pair.request }, validDays });
  return { key: pair.key, certificate, authority: ours.certificate };
}

describe("an identity in a directory", () => {
  it("is not there before it is stored, and is the stored one after", async () => {
    expect(await loadIdentity(directory)).toBeUndefined();
    const stored = await storeIdentity(directory, await createParts());
    const loaded = await loadIdentity(directory);
    expect(loaded?.serial).toBe(stored.serial);
    expect(loaded?.peer).toEqual(WEB1);
    expect(loaded?.secureContextOptions()).toEqual(stored.secureContextOptions());
  });

  it("is one file that only its user can read", async () => {
    await storeIdentity(directory, await createParts());
    expect(await readdir(directory)).toEqual(["identity.pem"]);
    expect((await stat(join(directory, "identity.pem"))).mode & 0o777).toBe(0o600);
  });

  it("asks for its first certificate with the same key until it has one", async () => {
    const first = await openPendingRequest(directory);
    const second = await openPendingRequest(directory);
    expect(second.key).toBe(first.key);
    expect((await stat(join(directory, "pending-key.pem"))).mode & 0o777).toBe(0o600);
    await storeIdentity(directory, await createParts(second));
    expect(await readdir(directory)).toEqual(["identity.pem"]);
    expect((await openPendingRequest(directory)).key).not.toBe(first.key);
  });

  it("is renewed when two thirds of its days are over", async () => {
    const identity = new Identity(await createParts(createKeyAndRequest(), 30));
    expect(Math.round((identity.expiresAt - identity.renewAfter) / DAY_MS)).toBe(10);
    // The day before its making does not count: a certificate of one day is not due at once.
    const short = new Identity(await createParts(createKeyAndRequest(), 1));
    expect(Math.round((short.expiresAt - short.renewAfter) / (DAY_MS / 24))).toBe(8);
  });

  it("refuses parts that do not belong together, and keeps the old ones", async () => {
    const parts = await createParts();
    const stored = await storeIdentity(directory, parts);
    const stranger = await createTestAuthority();
    await expect(storeIdentity(directory, { ...parts, key: createKeyAndRequest().key })).rejects.toThrow(
      "key and certificate do not belong together",
    );
    await expect(storeIdentity(directory, { ...parts, authority: stranger.certificate })).rejects.toThrow(
      "another authority's",
    );
    await stranger.remove();
    expect((await loadIdentity(directory))?.serial).toBe(stored.serial);
  });

  it("refuses a file that others can read, or that is damaged", async () => {
    await storeIdentity(directory, await createParts());
    const path = join(directory, "identity.pem");
    await chmod(path, 0o640);
    await expect(loadIdentity(directory)).rejects.toThrow(SettingsError);
    await chmod(path, 0o600);
    const text = await readFile(path, "utf8");
    for (const damaged of ["", text.slice(0, 400), text.slice(0, -700), text.replace("MI", "XX")]) {
      await writeFile(path, damaged);
      await expect(loadIdentity(directory)).rejects.toThrow(CorruptionError);
    }
  });

  it("does not show its key to whoever prints it", async () => {
    const parts = await createParts();
    const identity = new Identity(parts);
    const secret = parts.key.split("\n")[1] ?? "";
    expect(secret).not.toBe("");
    for (const text of [
      inspect(identity, { depth: 9, showHidden: true }),
      JSON.stringify(identity),
      String(identity),
    ]) {
      expect(text).not.toContain("PRIVATE KEY");
      expect(text).not.toContain(secret);
    }
  });

  it("is whole after a kill at any moment of its renewal", async () => {
    const renewals = await Promise.all(Array.from({ length: 4 }, () => createParts()));
    await writeFile(join(directory, "renewals.json"), JSON.stringify(renewals));
    const first = await storeIdentity(directory, renewals[0] as IdentityParts);
    const seen = new Set<string>([first.serial]);
    for (let round = 0; round < 8; round += 1) {
      const child = spawn(process.execPath, ["--input-type=module", "-e", RENEW_FOR_EVER, directory], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(child.stdout, "data"); // Under way.
      for (let turn = 0; turn < round * 37; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      child.kill("SIGKILL");
      await once(child, "close");
      const loaded = await loadIdentity(directory);
      expect(loaded?.peer).toEqual(WEB1);
      seen.add(loaded?.serial ?? "none");
    }
    expect(seen.size).toBeGreaterThan(1);
    const left = (await readdir(directory)).filter((name) => name !== "identity.pem" && name !== "renewals.json");
    expect(left.filter((name) => name !== "identity.pem.new")).toEqual([]);
  });
});

const RENEW_FOR_EVER = `
  import { readFile } from "node:fs/promises";
  const { storeIdentity } = await import(${JSON.stringify(new URL("./identity.ts", import.meta.url).href)});
  const directory = process.argv[1];
  const renewals = JSON.parse(await readFile(directory + "/renewals.json", "utf8"));
  for (let index = 0; ; index += 1) {
    await storeIdentity(directory, renewals[index % renewals.length]);
    if (index === 1) process.stdout.write("under way");
  }
`;
