import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LoopbackManager, openLoopbackManager } from "./loopback-manager.ts";
import { JOB_ID, NOW_MS } from "./memory-manager.ts";
import { sampleAlert, sampleHost, sampleJob } from "./sample-data.ts";

// The program as people start it: a process of its own against a manager behind a real listener.

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

let loopback: LoopbackManager;
beforeAll(async () => {
  loopback = await openLoopbackManager();
  await loopback.writeFolder();
  loopback.manager.hosts = [sampleHost()];
});
afterAll(() => loopback.remove());

function environment(): NodeJS.ProcessEnv {
  // The cache of compiled modules goes where the test cleans up.
  return { ...process.env, XDG_DATA_HOME: "/nonexistent", XDG_CACHE_HOME: loopback.dataDirectory, LC_ALL: "C" };
}

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (piece) => {
    stdout += piece;
  });
  child.stderr.on("data", (piece) => {
    stderr += piece;
  });
  child.stdin.end();
  const [code] = await once(child, "close");
  return { stdout, stderr, code };
}

const start = (args: readonly string[], nodeArgs: readonly string[] = []) =>
  spawn(process.execPath, [...nodeArgs, MAIN, ...args], { env: environment() });
const withData = (args: readonly string[]) => [...args, "--data", loopback.dataDirectory];

describe("the rusuban process", () => {
  it("speaks to a manager and ends by itself, though the connection is kept open for more", async () => {
    const { stdout, stderr, code } = await ended(start(withData(["host", "list", "--json"])));
    expect(JSON.parse(stdout)).toEqual({ ok: true, data: { items: [sampleHost()], next: null } });
    expect([stderr, code]).toEqual(["", 0]);
  });

  it("exits with 1 where it failed and with 2 for wrong use", async () => {
    const [failed, misused] = await Promise.all([ended(start(["status"])), ended(start(["statsu"]))]);
    expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining("no manager has been set up here")]);
    expect([misused.code, misused.stderr]).toEqual([2, expect.stringContaining("Did you mean status?")]);
  });

  it("ends quietly where its reader has seen enough", async () => {
    loopback.manager.alerts = Array.from({ length: 5_000 }, (_, index) =>
      sampleAlert({ id: `0193a1b3-0000-7000-8000-${String(index).padStart(12, "0")}` }),
    );
    const child = start(withData(["alert", "list", "--limit", "5000", "--json"]));
    child.stdout.once("data", () => child.stdout.destroy());
    const { stderr, code } = await ended(child);
    expect([stderr, code]).toEqual(["", 0]);
  });

  it("ends at Ctrl-C with 130 and no stack, and says that the job goes on", async () => {
    const child = start(withData(["backup", "web1", "/etc", "--wait"]));
    // The job is looked at again and again; the signal comes after a look, when the command is waiting.
    let looks = 0;
    loopback.manager.overrides = {
      jobShow: () => {
        if (++looks === 2) child.kill("SIGINT");
        return sampleJob({ id: JOB_ID });
      },
    };
    const { stdout, stderr, code } = await ended(child);
    expect([stdout, code]).toEqual(["", 130]);
    expect(stderr).toBe(
      `\nrusuban: Stopped waiting; the job goes on. \`rusuban job show ${JOB_ID}\` looks at it, \`rusuban job cancel ${JOB_ID}\` stops it.\n`,
    );
  });

  it("ends at Ctrl-C while it follows, with 130 and no stack", async () => {
    const alert = sampleAlert({ raisedAtMs: NOW_MS });
    loopback.manager.eventConnections = [{ messages: [["e1", { kind: "alert", alert }]], ending: "silence" }];
    const child = start(withData(["alert", "follow", "--json"]));
    child.stdout.once("data", () => child.kill("SIGINT"));
    const { stdout, stderr, code } = await ended(child);
    expect(JSON.parse(stdout)).toEqual({ id: "e1", kind: "alert", alert });
    expect([stderr, code]).toEqual(["Following alerts; Ctrl-C ends it.\n\n", 130]);
  });
});

describe("starting", () => {
  // Prints the modules that were loaded, one a line, when the process ends.
  const WATCH = `data:text/javascript,${encodeURIComponent(`
    import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    process.on("exit", () => process.stderr.write(loaded.join("\\n")));
  `)}`;

  const HEAVY = /\/(fastify|zod|pino|kysely)\/|src\/(store|database|api\/routes|(manager|agent)\/(?!settings\.ts))/;

  it.each(["--version", "ports list", "host --help"])(
    "of `rusuban %s` loads neither the contract's schemas nor the programs",
    async (line) => {
      const { stderr, code } = await ended(start(line.split(" "), ["--import", WATCH]));
      const loaded = stderr.split("\n");
      expect(code).toBe(0);
      expect(loaded.length).toBeGreaterThan(5);
      expect(loaded.filter((url) => HEAVY.test(url))).toEqual([]);
    },
  );

  it("of a command to the manager loads the contract, so the test above can fail", async () => {
    const { stderr } = await ended(start(withData(["host", "list"]), ["--import", WATCH]));
    expect(stderr).toMatch(/\/zod\//);
    expect(stderr).not.toMatch(/\/fastify\/|src\/(store|database|manager|agent)\//);
  });
});
