import { X509Certificate } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { managerFiles } from "../manager/manager-data.ts";
import { createKeyAndRequest, storeIdentity } from "../net/identity.ts";
import { createTestAuthority, MANAGER, type TestAuthority } from "../net/loopback-fixture.ts";
import { createPrivateDirectory } from "../net/private-file.ts";
import { EXIT } from "./output.ts";
import { runRecorded } from "./run-recorded.ts";

let ours: TestAuthority;
let theirs: TestAuthority;
let issuer: string;
let thumbprint: string;
beforeAll(async () => {
  [ours, theirs] = await Promise.all([createTestAuthority(), createTestAuthority()]);
  issuer = join(theirs.directory, "issuer.pem");
  await writeFile(issuer, theirs.certificate);
  thumbprint = new X509Certificate(theirs.certificate).fingerprint.replaceAll(":", "");
});
afterAll(() => Promise.all([ours.remove(), theirs.remove()]));

const ask = (...args: string[]) => runRecorded(["manager", "windows-policy", ...args]);

describe("the group policy for Windows servers", () => {
  it("is one line with where, how often and whose certificate, and the steps around it", async () => {
    const data = join(ours.directory, "none");
    const { stdout, stderr, exitCode } = await ask("--data", data, "--issuer", issuer, "--name", "manager.example.org");
    expect(exitCode).toBe(EXIT.done);
    const line = `Server=https://manager.example.org:5986/wsman/SubscriptionManager/WEC,Refresh=60,IssuerCA=${thumbprint}`;
    expect(stdout.split("\n")).toContain(`  ${line}`);
    for (const part of ["certutil -addstore", "NETWORK SERVICE", "gpupdate", "TCP 5986"])
      expect(stdout).toContain(part);
    expect(stderr).toContain("never met a real Windows");
    expect(stderr).toContain("events.collect");
    expect(stderr).toContain("does not carry manager.example.org");
  });

  it("follows the settings of the manager, in JSON and in Japanese", async () => {
    const data = join(ours.directory, "set");
    await mkdir(data);
    const text = `[listen]\nnames = ["192.0.2.10", "manager.example.org"]\n[ports]\neventCollector = 15986\n[events]\ncollect = "on"\nissuerFile = "${issuer}"\n`;
    await writeFile(managerFiles(data).settings, text, { mode: 0o600 });
    const json = JSON.parse((await ask("--data", data, "--json")).stdout);
    expect(json).toMatchObject({
      data: {
        subscriptionManager: `Server=https://manager.example.org:15986/wsman/SubscriptionManager/WEC,Refresh=60,IssuerCA=${thumbprint}`,
        ...{ isCollecting: true, port: 15_986, issuerThumbprint: thumbprint, authorityFile: null },
      },
    });
    const japanese = await ask("--data", data, "--lang", "ja");
    expect(japanese.stdout).toContain("イベント転送");
    expect(japanese.stderr).toBe(
      "公開仕様に基づく実装で、実際の Windows ではまだ動作を確認していません。まず 1 台で試してください。\n",
    );
    expect((await ask("--data", data, "--name", "2001:db8::1")).stdout).toContain(
      "Server=https://[2001:db8::1]:15986/",
    );
  });

  it("writes the authority's certificate, and never its key", async () => {
    const data = join(ours.directory, "own");
    const { identity: directory } = managerFiles(data);
    await createPrivateDirectory(directory);
    const { key, request } = createKeyAndRequest();
    const { certificate } = await ours.issue({ peer: MANAGER, key: { request }, validDays: 1 });
    await storeIdentity(directory, { key, certificate, authority: ours.certificate });
    const file = join(ours.directory, "authority.cer");
    const { exitCode } = await ask("--data", data, "--issuer", issuer, "--authority", file);
    expect([exitCode, await readFile(file, "utf8")]).toEqual([EXIT.done, ours.certificate]);
  });

  it.each([
    [[], "no-issuer"],
    [["--issuer", "nowhere.pem"], "issuer"],
    [["--set", "events.language=x,y", "--issuer", "nowhere.pem"], "issuer"],
  ])("is refused with a reason: %j", async (args, part) => {
    const { stdout, exitCode } = await ask("--data", join(ours.directory, "none"), "--json", ...args);
    expect(exitCode).not.toBe(EXIT.done);
    expect(stdout).toContain(part);
  });

  it("names no manager's authority where there is no manager, nor a name with a comma", async () => {
    const base = ["--data", join(ours.directory, "none"), "--issuer", issuer];
    expect((await ask(...base, "--authority", join(ours.directory, "x.cer"))).stderr).toContain("manager init");
    expect((await ask(...base, "--name", "a,Refresh=1")).stderr).toContain("neither a name nor an address");
  });
});
