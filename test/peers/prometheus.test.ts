import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFailed, onTestFinished } from "vitest";
import { findFreePorts } from "../../src/net/free-port.ts";
import { loadIdentity } from "../../src/net/identity.ts";
import { tellOfMissingPeer } from "../missing-peer.ts";
import { startStory, until } from "../stories/agent-and-manager.ts";

// A real Prometheus reads the /metrics of a real manager and of a real agent over TLS, each by a certificate whose name it
// compares, and takes the manager's readings by remote write.

const TOKEN = "0123456789abcdef0123456789abcdef";
const LOOPBACK = "127.0.0.1";
/** Another than the manager's, whose address a host's certificate never carries. */
const AGENT_ADDRESS = "127.0.0.2";

interface QueryAnswer {
  readonly data: { readonly result: { metric: Record<string, string>; value: [number, string] }[] };
}

const version = spawnSync("prometheus", ["--version"], { encoding: "utf8" });
if (version.error !== undefined) tellOfMissingPeer({ tests: "a real Prometheus and a manager", install: "prometheus" });
else {
  it(`${`${version.stdout}${version.stderr}`.split(" (")[0]}: scrapes manager and agent, whose names it compares, and takes readings by remote write`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "rusuban-prometheus-"));
    onTestFinished(() => rm(folder, { recursive: true, maxRetries: 3 }));
    const tokenFile = join(folder, "token");
    await writeFile(tokenFile, TOKEN, { mode: 0o600 });
    const [port = 0] = await findFreePorts({ host: LOOPBACK, count: 1 });
    const origin = `http://${LOOPBACK}:${port}`;
    const story = await startStory({
      manager: { "metrics.tokenFile": tokenFile, "history.forwardUrl": `${origin}/api/v1/write` },
      agent: { "watch.seconds": "1", "listen.host": AGENT_ADDRESS, "metrics.tokenFile": tokenFile },
      certificateNames: [AGENT_ADDRESS],
    });
    const administrator = await loadIdentity(`${story.managerDirectory}/administrator`);
    await writeFile(join(folder, "authority.pem"), administrator?.authority ?? "");
    const { flows } = await story.api.status({});
    const { ports } = await story.api.hostShow({ params: { host: story.hostId } });
    const scraping = {
      scheme: "https",
      scrape_interval: "1s",
      scrape_timeout: "1s",
      authorization: { credentials_file: tokenFile },
      tls_config: { ca_file: join(folder, "authority.pem") },
    };
    const target = `${LOOPBACK}:${flows.find(({ flow }) => flow === "console")?.port}`;
    await writeFile(
      join(folder, "prometheus.yml"),
      JSON.stringify({
        scrape_configs: [
          { job_name: "rusuban", ...scraping, static_configs: [{ targets: [target] }] },
          {
            job_name: "rusuban-agent",
            ...scraping,
            static_configs: [{ targets: [`${AGENT_ADDRESS}:${ports.wsmanHttps}`] }],
          },
          {
            job_name: "misnamed",
            ...scraping,
            tls_config: { ...scraping.tls_config, server_name: "manager.example" },
            static_configs: [{ targets: [`${AGENT_ADDRESS}:${ports.wsmanHttps}`] }],
          },
        ],
      }),
    );
    const prometheus = spawn(
      "prometheus",
      [
        `--config.file=${join(folder, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        `--web.listen-address=${LOOPBACK}:${port}`,
        "--web.enable-remote-write-receiver",
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    let said = "";
    prometheus.stderr.on("data", (chunk) => {
      said += chunk;
    });
    onTestFailed(() => void process.stdout.write(said));
    const ended = once(prometheus, "exit");
    onTestFinished(async () => {
      prometheus.kill();
      await ended;
    });

    const ask = async (query: string) => {
      const answer = await fetch(`${origin}/api/v1/query?query=${encodeURIComponent(query)}`).catch(() => undefined);
      const body = answer?.ok === true ? ((await answer.json()) as QueryAnswer) : undefined;
      return body?.data.result;
    };
    const [up] = await until("Prometheus has scraped the manager", async () => {
      const result = await ask('rusuban_host_up{job="rusuban"}');
      return result !== undefined && result.length > 0 ? result : undefined;
    });
    expect([up?.metric.host, up?.value[1]]).toEqual(["agent", "1"]);
    const [used] = await until("Prometheus has scraped the agent", async () => {
      const result = await ask('rusuban_reading_ratio{job="rusuban-agent",component="memory",measure="used"}');
      return result !== undefined && result.length > 0 ? result : undefined;
    });
    expect(Number(used?.value[1])).toBeGreaterThan(0);
    const [misnamed] = await until("Prometheus has tried the agent by another's name", async () => {
      const result = await ask('up{job="misnamed"}');
      return result !== undefined && result.length > 0 ? result : undefined;
    });
    expect(misnamed?.value[1]).toBe("0");
    // What was written has no job: that label is the scraper's.
    const [written] = await until("Prometheus has been written to", async () => {
      const result = await ask('rusuban_reading_ratio{job="",component="memory",measure="used"}');
      return result !== undefined && result.length > 0 ? result : undefined;
    });
    expect(written?.metric.host).toBe("agent");
    expect(Number(written?.value[1])).toBeGreaterThan(0);
    expect(Number(written?.value[1])).toBeLessThan(1);
  }, 120_000);
}
