import { spawnSync } from "node:child_process";
import { chown, mkdir, readdir, readFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFailed, onTestFinished } from "vitest";
import type { ApiClient } from "../../src/api/client.ts";
import { openManagerApi } from "../../src/cli/manager-connection.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import {
  childrenOf,
  createFolder,
  createProtected,
  endAfterAll,
  eventually,
  isAlive,
  LAUNCHER,
  LOOPBACK,
  programsOf,
  type RunningCommand,
  run,
  start,
  writeSettings,
} from "./running-programs.ts";

// What an operator sees of `rusuban up`: the real command, its real programs, in a folder of its own.

const STOP_MS = 5_000;
const TIMEOUT_MS = 90_000;
const NOBODY = 65_534;

describe.skipIf(process.platform !== "linux")("one computer that is minded, from the first day on", () => {
  const register = endAfterAll();
  let folder: string;
  let data: string;
  let protect: string;
  let up: RunningCommand;
  let api: ApiClient | undefined;
  let first: { hostId: string; enrolledAtMs: number };
  /** What was measured, for whoever reads the output of the tests. */
  const figures: string[] = [];

  beforeAll(async () => {
    folder = await createFolder(register);
    data = join(folder, "data");
    protect = await createProtected(folder);
    await writeSettings(data);
  });
  afterAll(() => void process.stdout.write(`up: ${figures.join("; ")}\n`));

  const begin = async (what: string): Promise<void> => {
    up = start(["up", "--data", data, "--protect", protect], { register });
    onTestFailed(() => void process.stdout.write(`--- the ${what} run ---\n${up.stdout}\n${up.stderr}\n`));
    await up.says("Ctrl-C stops everything.");
    expect(up.stdout).toContain("Ready after");
    figures.push(`${what} tour ${seconds(systemClock.monotonic() - up.startedAt)}`);
  };
  const fleet = async () => {
    api ??= await openManagerApi({ dataDirectory: data, language: "en", clock: systemClock });
    const [hosts, snapshots] = await Promise.all([api.hostList(), api.snapshotList()]);
    return { hosts: hosts.items, snapshots: snapshots.items };
  };

  it(
    "makes the tour at the first run: state, backup, restore, alert, and how to sign in",
    async () => {
      await begin("first");
      for (const step of [
        "data folder",
        "web console",
        "manager",
        "agent",
        "state",
        "backup",
        "restore",
        "test alert",
      ]) {
        expect(up.stdout).toMatch(new RegExp(`^✔ ${step} +[0-9.]+ s  .+$`, "m"));
      }
      expect(up.stdout).toMatch(/^Sign in once with: https:\/\/127\.0\.0\.1:\d+\/#sign-in=[\w-]{43}$/m);
      expect(up.stderr).toBe("");
      const { hosts, snapshots } = await fleet();
      expect(hosts).toMatchObject([{ state: "up" }]);
      expect(snapshots).toHaveLength(1);
      const [host] = hosts;
      first = { hostId: host?.id ?? "", enrolledAtMs: host?.enrolledAtMs ?? 0 };
    },
    TIMEOUT_MS,
  );

  it(
    "is not disturbed by a second run on the same folder, which says whose it is and what to do",
    async () => {
      const { code, stdout, stderr } = await run(["up", "--data", data]);
      expect(code).toBe(1);
      expect(stdout).toMatch(/^✘ data folder .* is in use by another `rusuban up` \(process \d+\)$/m);
      expect(stderr).toBe(
        `rusuban: ${data} is in use by another \`rusuban up\` (process ${up.pid})\n` +
          `  stop that one first (Ctrl-C in its terminal, or \`kill ${up.pid}\`), or name another folder with --data DIR\n`,
      );
      const { agent, manager } = await programsOf(up);
      const others = await Promise.all([
        run(["agent", "run", "--data", data]),
        run(["manager", "run", "--data", data]),
      ]);
      expect(others.map((other) => other.code)).toEqual([2, 2]);
      expect(others[0].stderr).toContain(`agent is in use by another agent (process ${agent}): stop it`);
      expect(others[1].stderr).toContain(`process ${manager}`);
      expect((await fleet()).hosts).toMatchObject([{ state: "up" }]);
    },
    TIMEOUT_MS,
  );

  it(
    "makes the tour once beside it, as a user without privileges, and leaves nothing behind",
    async () => {
      const home = join(folder, "nobody");
      await mkdir(home);
      const isRoot = process.getuid?.() === 0;
      if (isRoot) await chown(home, NOBODY, NOBODY);
      const drop = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
      if (isRoot && spawnSync("setpriv", ["--version"]).status !== 0) {
        process.stdout.write("SKIPPED: rusuban up --once without root: setpriv is missing\n");
        return;
      }
      const env = { HOME: home, XDG_DATA_HOME: join(home, "data"), XDG_CACHE_HOME: join(home, "cache"), TMPDIR: home };
      const command = [...(isRoot ? drop : []), process.execPath, LAUNCHER];
      const { code, stdout, stderr } = await run(["up", "--once", "--json", "--protect", protect], { command, env });
      expect(stderr).toBe("");
      expect(JSON.parse(stdout)).toMatchObject({ ok: true, data: { stages: Array(8).fill({ ok: true }) } });
      expect(code).toBe(0);
      expect((await readdir(home, { recursive: true })).filter((path) => !path.startsWith("cache"))).toEqual([]);
      expect((await fleet()).hosts).toHaveLength(1);
    },
    TIMEOUT_MS,
  );

  it(
    "starts a program that was killed again, more patiently each time, and says so",
    async () => {
      const before = await programsOf(up);
      process.kill(before.manager, "SIGKILL");
      await up.logs("the manager ended unexpectedly (signal SIGKILL); it is started again in 250 ms");
      const after = await anotherProgram("manager", before.manager);
      process.kill(before.agent, "SIGKILL");
      await up.logs("the agent ended unexpectedly (signal SIGKILL); it is started again in 250 ms");
      await anotherProgram("agent", before.agent);
      await up.logs("the manager is ready again");
      process.kill(after, "SIGKILL");
      await up.logs("the manager ended unexpectedly (signal SIGKILL); it is started again in 500 ms");
      await anotherProgram("manager", after);
      await eventually("the host to be up again", async () => {
        const { hosts } = await fleet().catch(() => ({ hosts: [] }));
        return hosts.length === 1 && hosts[0]?.state === "up";
      });
    },
    TIMEOUT_MS,
  );

  it(
    "stops everything on Ctrl-C, as the terminal and npm both send it, within five seconds and with exit code 0",
    async () => {
      const { manager, agent } = await programsOf(up);
      const at = systemClock.monotonic();
      up.signalGroup("SIGINT");
      up.signal("SIGINT");
      expect(await up.ended).toEqual({ code: 0, signal: null });
      const took = systemClock.monotonic() - at;
      figures.push(`Ctrl-C ${seconds(took)}`);
      expect(took).toBeLessThan(STOP_MS);
      expect(up.stderr).toMatch(/Stopping…\nStopped\.\n$/);
      expect([await isAlive(manager), await isAlive(agent)]).toEqual([false, false]);
    },
    TIMEOUT_MS,
  );

  it(
    "goes on where it left off: the same host, enrolled once, and one snapshot more",
    async () => {
      const certificates = await readFile(join(data, "agent/identity/identity.pem"), "utf8");
      await begin("second");
      const { hosts, snapshots } = await fleet();
      expect(hosts.map(({ id, enrolledAtMs }) => ({ hostId: id, enrolledAtMs }))).toEqual([first]);
      expect(snapshots).toHaveLength(2);
      expect(await readFile(join(data, "agent/identity/identity.pem"), "utf8")).toBe(certificates);
    },
    TIMEOUT_MS,
  );

  it(
    "stops as well when only the command itself is told to",
    async () => {
      const { manager, agent } = await programsOf(up);
      const at = systemClock.monotonic();
      up.signal("SIGTERM");
      expect(await up.ended).toEqual({ code: 0, signal: null });
      const took = systemClock.monotonic() - at;
      figures.push(`SIGTERM ${seconds(took)}`);
      expect(took).toBeLessThan(STOP_MS);
      expect([await isAlive(manager), await isAlive(agent)]).toEqual([false, false]);
    },
    TIMEOUT_MS,
  );

  it(
    "leaves no orphans when it is killed, and can start again afterwards",
    async () => {
      await begin("third");
      const { manager, agent } = await programsOf(up);
      const at = systemClock.monotonic();
      up.signal("SIGKILL");
      await eventually(
        "the end of both programs",
        async () => !(await isAlive(manager)) && !(await isAlive(agent)),
        STOP_MS,
      );
      figures.push(`orphans gone ${seconds(systemClock.monotonic() - at)}`);
      await begin("fourth");
      expect((await fleet()).hosts).toHaveLength(1);
      up.signalGroup("SIGINT");
      expect((await up.ended).code).toBe(0);
    },
    TIMEOUT_MS,
  );

  async function anotherProgram(name: "manager" | "agent", than: number): Promise<number> {
    return eventually(`another ${name}`, async () => {
      const programs = await programsOf(up);
      return programs[name] !== than && programs[name];
    });
  }
});

describe.skipIf(process.platform !== "linux")("rusuban up that is interrupted", () => {
  it.each([
    ["before it has begun", ""],
    ["while the manager starts", "✔ web console"],
    ["while the agent enrols", "✔ manager"],
    ["while it backs up", "✔ state"],
  ])(
    "%s ends with exit code 0 and leaves no process",
    async (_, line) => {
      const folder = await createFolder();
      const data = join(folder, "data");
      await writeSettings(data);
      const up = start(["up", "--data", data, "--protect", "/usr/share"]);
      if (line === "")
        await eventually("its data folder", () => readFile(join(data, "up.lock.holder")).catch(() => false));
      else await up.says(line);
      const programs = await childrenOf(up.pid);
      const at = systemClock.monotonic();
      up.signalGroup("SIGINT");
      expect(await up.ended).toEqual({ code: 0, signal: null });
      expect(systemClock.monotonic() - at).toBeLessThan(STOP_MS);
      for (const { pid } of programs) expect(await isAlive(pid)).toBe(false);
      expect(up.stderr).not.toMatch(/Error|assertion|at .*\.ts:/);
    },
    TIMEOUT_MS,
  );

  it(
    "and was to make its tour once says so, in one envelope and by its exit code",
    async () => {
      const folder = await createFolder();
      const up = start(["up", "--once", "--json", "--protect", "/usr/share"], { env: { TMPDIR: folder } });
      await programsOf(up);
      up.signalGroup("SIGINT");
      expect(await up.ended).toEqual({ code: 130, signal: null });
      expect(JSON.parse(up.stdout)).toMatchObject({ ok: false, error: { code: "interrupted" } });
      expect(await readdir(folder)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe.skipIf(process.platform !== "linux")("rusuban up --once", () => {
  it(
    "fails where one step did not hold, and says which and why",
    async () => {
      const folder = await createFolder();
      const missing = join(folder, "not-there");
      const { code, stdout, stderr } = await run(["up", "--once", "--protect", missing], { env: { TMPDIR: folder } });
      expect(code).toBe(1);
      expect(stdout).toContain(`${missing} cannot be backed up (ENOENT): give --protect a directory that is there`);
      expect(stdout).toMatch(/^✔ test alert/m); // The rest of the tour was made.
      // Last, too: the steps after it held, and whoever keeps the last lines only would not know why it failed.
      expect(stderr).toMatch(/^rusuban: not every step held: backup: .* cannot be backed up \(ENOENT\).*\n$/);
      expect(await readdir(folder)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    "goes on without a port that another program has, and says which flow, which port, whose, and what to do",
    async () => {
      const { data, protect, port } = await withTakenPort("console");
      const { code, stdout } = await run(["up", "--once", "--json", "--data", data, "--protect", protect]);
      expect(code).toBe(1);
      const { ok, error, data: report } = JSON.parse(stdout);
      const line = `ports.console: ${port} is already in use by node (pid ${process.pid}): stop it, or set ports.console to another port`;
      expect({ ok, error }).toEqual({ ok: false, error: { code: "tour", message: `manager: ${line}` } });
      const failed = report.stages.filter((stage: { ok: boolean }) => !stage.ok);
      expect(failed).toMatchObject([{ stage: "manager", detail: line }]);
      expect(report.stages).toHaveLength(8);
    },
    TIMEOUT_MS,
  );

  it(
    "says that the manager cannot be commanded where its administration port is taken",
    async () => {
      const { data, port } = await withTakenPort("administration");
      const { code, stderr } = await run(["up", "--once", "--data", data]);
      expect(code).toBe(1);
      expect(stderr).toContain(
        "rusuban: without its administration port the manager cannot be commanded: " +
          `ports.administration: ${port} is already in use by node (pid ${process.pid}): stop it, or set ports.administration to another port\n`,
      );
      expect(stderr).toContain(join(data, "manager.toml"));
    },
    TIMEOUT_MS,
  );

  it(
    "watches this computer even where the agent cannot be commanded",
    async () => {
      const { data, protect, port } = await withTakenPort("backupControl");
      const { code, stdout } = await run(["up", "--once", "--json", "--data", data, "--protect", protect]);
      expect(code).toBe(1);
      const { stages } = JSON.parse(stdout).data;
      const held = Object.fromEntries(stages.map(({ stage, ok }: { stage: string; ok: boolean }) => [stage, ok]));
      expect(held).toMatchObject({ manager: true, agent: false, state: true, backup: false });
      // The console takes seconds to build: a port that was found free before is more often another's by then.
      expect(stages.map(({ stage }: { stage: string }) => stage).slice(0, 3)).toEqual(["console", "set-up", "manager"]);
      expect(stages.find(({ stage }: { stage: string }) => stage === "agent").detail).toBe(
        `ports.backupControl: ${port} is already in use by node (pid ${process.pid}): stop it, or set ports.backupControl ` +
          "to another port; without it the manager can command no backup and no restore here",
      );
    },
    TIMEOUT_MS,
  );
});

describe("settings that cannot be", () => {
  it.each([
    [
      "an unknown key",
      { manager: "jobz.concurrent = 3" },
      'jobz.concurrent: unknown setting in FILE: did you mean "jobs.concurrent"?',
    ],
    [
      "a bad value",
      { manager: "jobs.concurrent = 0" },
      "jobs.concurrent: 0 in FILE is not valid: expected a whole number from 1 to 64",
    ],
    ["no TOML", { manager: "jobs concurrent" }, "settings: FILE is not valid TOML"],
  ])(
    "(%s) name key, file and what is expected, with exit code 2",
    async (_, settings, message) => {
      const data = join(await createFolder(), "data");
      await writeSettings(data, settings);
      const expected = `rusuban: ${message.replace("FILE", join(data, "manager.toml"))}`;
      for (const args of [["manager", "run"], ["up", "--once"], ["up"]]) {
        const { code, stderr, stdout } = await run([...args, "--data", data]);
        expect({ args, code }).toEqual({ args, code: 2 });
        expect(stderr).toContain(expected);
        expect(stdout).not.toContain("✔ manager");
      }
    },
    TIMEOUT_MS,
  );

  it(
    "since both programs would open one port name both settings and both files",
    async () => {
      const data = join(await createFolder(), "data");
      const { console: port } = await writeSettings(data);
      await writeSettings(data, { ports: { console: port, backupControl: port } });
      const { code, stderr } = await run(["up", "--data", data]);
      expect(code).toBe(2);
      expect(stderr).toBe(
        `rusuban: ports.console: ${port}/tcp would be opened by both programs of this computer, as ports.console of ` +
          `${join(data, "manager.toml")} and as ports.backupControl of ${join(data, "agent.toml")}: give one of them another port\n`,
      );
    },
    TIMEOUT_MS,
  );
});

/** A data folder whose `flow` has a port that this process listens on. */
async function withTakenPort(flow: "console" | "administration" | "backupControl") {
  const folder = await createFolder();
  const data = join(folder, "data");
  const { [flow]: port } = await writeSettings(data);
  const holder: Server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => holder.listen({ host: LOOPBACK, port }, resolve));
  onTestFinished(() => void holder.close());
  return { data, protect: await createProtected(folder), port };
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
