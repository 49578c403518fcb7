import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tellOfMissingPeer } from "../../../test/missing-peer.ts";
import { readMetricsToken } from "../../net/metrics-token.ts";
import { SettingsError } from "../../runtime/errors.ts";
import { type ApiFixture, createApiFixture } from "../api/api-fixture.ts";
import { fillSampleFleet } from "../api/sample-fleet-fixture.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";

let folder: string;
let api: ApiFixture;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rusuban-metrics-"));
  await writeFile(join(folder, "token"), `${TOKEN}\n`, { mode: 0o600 });
  api = await createApiFixture({ metricsTokenFile: join(folder, "token") });
  fillSampleFleet(api.fleet, api.clock.now());
});
afterEach(async () => {
  await api.close();
  await rm(folder, { recursive: true });
});

const scrape = (authorization?: string) =>
  api.console.inject({ url: "/metrics", headers: authorization === undefined ? {} : { authorization } });

describe("/metrics", () => {
  it("tells of every host and every reading", async () => {
    const { statusCode, headers, body } = await scrape(`Bearer ${TOKEN}`);
    expect(statusCode).toBe(200);
    expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(body).toMatch(/^rusuban_hosts\{state="up"\} \d+$/m);
    expect(body).toMatch(/^rusuban_host_up\{host="[^"]+"\} 1$/m);
    expect(body).toMatch(/^rusuban_reading_ratio\{host="[^"]+",component="memory",measure="used"\} 0\.\d+$/m);
    expect(body).toMatch(/^rusuban_alerts_open\{severity="critical"\} \d+$/m);
  });

  it.each([[undefined], ["Bearer "], [`Bearer ${TOKEN}x`], [`Basic ${TOKEN}`], [TOKEN]])(
    "refuses %j, and says nothing of any host",
    async (authorization) => {
      const { statusCode, headers, body } = await scrape(authorization);
      expect([statusCode, headers["www-authenticate"]]).toEqual([401, 'Bearer realm="rusuban"']);
      expect(body).not.toContain("rusuban_");
    },
  );

  it("is not there where no token is set, and never at the administration port", async () => {
    const without = await createApiFixture();
    expect((await without.console.inject({ url: "/metrics" })).statusCode).toBe(404);
    expect((await api.administration.inject({ url: "/metrics" })).statusCode).toBe(404);
    await without.close();
  });

  if (spawnSync("promtool", ["--version"]).error === undefined) {
    it("passes Prometheus's own check", async () => {
      const { body } = await scrape(`Bearer ${TOKEN}`);
      const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input: body, encoding: "utf8" });
      expect(`${stdout}${stderr}`).toBe("");
      expect(status).toBe(0);
    });
  } else tellOfMissingPeer({ tests: "promtool checks the manager's metrics", install: "prometheus" });
});

describe("the token of /metrics", () => {
  it.each([
    ["is missing", undefined, 0o600, /there is no file .*: make one with: \(umask 077; openssl rand/],
    ["is short", "secret", 0o600, /has 6 characters, at least 16/],
    ["is readable by others", TOKEN, 0o644, /mode 0644: run chmod 600/],
  ])("says what to do where it %s", async (_, content, mode, problem) => {
    const path = join(folder, "other");
    if (content !== undefined) await writeFile(path, content, { mode });
    await expect(readMetricsToken(path)).rejects.toThrow(SettingsError);
    await expect(readMetricsToken(path)).rejects.toThrow(problem);
  });
});
