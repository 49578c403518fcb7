import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, cp, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { childrenOf, createFolder, isAlive, LAUNCHER, PACKAGE, run, start } from "./running-programs.ts";

// `npm ci && npm start` on a machine whose own Node is older than ours: the launcher goes over to the pinned runtime, and
// where that is missing it says so before anything else.

const PINNED = join(PACKAGE, "node_modules/node/bin/node");
const OLD = ["/usr/bin/node", "/usr/local/bin/node", "/opt/node20/bin/node"].find(isOld);

function isOld(node: string): boolean {
  if (!existsSync(node)) return false;
  const { stdout } = spawnSync(node, ["--version"], { encoding: "utf8" });
  return /^v(2[0-3])\./.test(stdout);
}

describe.skipIf(OLD === undefined || process.platform !== "linux")(`the launcher under an old Node (${OLD})`, () => {
  const old = OLD ?? "";
  const command = [old, LAUNCHER];

  it("goes over to the pinned runtime and passes on what it prints and its exit code", async () => {
    const version = await run(["--version"], { command });
    expect(version).toMatchObject({ code: 0, stdout: `${(await packageJson()).version}\n`, stderr: "" });
    expect(await run(["no-such-command"], { command })).toMatchObject({ code: 2 });
    expect(await run(["status", "--data", await createFolder()], { command })).toMatchObject({ code: 1 });
  });

  it.each(["SIGTERM", "SIGHUP"] as const)(
    "passes on %s, and waits for a clean end",
    async (signal) => {
      const up = await startUp();
      up.wrapper.signal(signal);
      expect(await up.wrapper.ended).toEqual({ code: 0, signal: null });
      expect(up.wrapper.stderr).toContain("Stopped.");
      for (const pid of up.processes) expect(await isAlive(pid)).toBe(false);
    },
    60_000,
  );

  it("lets Ctrl-C, which reaches all of them, be the pinned runtime's to answer", async () => {
    const up = await startUp();
    up.wrapper.signalGroup("SIGINT");
    expect(await up.wrapper.ended).toEqual({ code: 0, signal: null });
    for (const pid of up.processes) expect(await isAlive(pid)).toBe(false);
  }, 60_000);

  it("tells of a runtime that was killed as a shell does", async () => {
    const { wrapper, runtime } = await startUp();
    process.kill(runtime, "SIGKILL");
    expect(await wrapper.ended).toEqual({ code: 128 + 9, signal: null });
  }, 60_000);

  async function startUp() {
    const folder = await createFolder();
    const wrapper = start(["up", "--data", join(folder, "data"), "--free-ports", "--protect", folder], { command });
    await wrapper.says("✔ agent");
    const [runtime] = await childrenOf(wrapper.pid);
    expect(runtime?.args).toContain(PINNED);
    const programs = await childrenOf(runtime?.pid ?? 0);
    expect(programs).toHaveLength(2);
    return { wrapper, runtime: runtime?.pid ?? 0, processes: [runtime, ...programs].map((each) => each?.pid ?? 0) };
  }

  it("says first what to do where the pinned runtime is missing", async () => {
    const folder = await createFolder();
    await cp(join(PACKAGE, "bin"), join(folder, "bin"), { recursive: true });
    await copyFile(join(PACKAGE, "package.json"), join(folder, "package.json"));
    const { code, stdout, stderr } = await run(["up"], { command: [old, join(folder, "bin/rusuban.js")] });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    const [first, ...rest] = stderr.split("\n");
    expect(first).toMatch(
      /^rusuban: Node 2\d\.\d+\.\d+ is too old \(24 or later is needed\) and the pinned runtime is missing/,
    );
    expect(first).toContain("run `npm ci --ignore-scripts=false`, or install Node 24 from nodejs.org");
    expect(rest).toEqual([""]);
  });

  it.each(["scripts/test.js", "scripts/check.js", "scripts/build.js"])("says the same for %s", async (script) => {
    const folder = await createFolder();
    for (const part of ["bin", "scripts"]) await cp(join(PACKAGE, part), join(folder, part), { recursive: true });
    await copyFile(join(PACKAGE, "package.json"), join(folder, "package.json"));
    const { code, stderr } = await run([], { command: [old, join(folder, script)] });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^rusuban: Node 2\d\.\d+\.\d+ is too old \(24 or later is needed\)/);
  });

  it("does not go round in circles where the pinned runtime is an old one itself", async () => {
    const folder = await createFolder();
    await cp(join(PACKAGE, "bin"), join(folder, "bin"), { recursive: true });
    await copyFile(join(PACKAGE, "package.json"), join(folder, "package.json"));
    await mkdir(join(folder, "node_modules/node/bin"), { recursive: true });
    await copyFile(old, join(folder, "node_modules/node/bin/node"));
    const { code, stderr } = await run(["up"], { command: [old, join(folder, "bin/rusuban.js")] });
    expect(code).toBe(2);
    expect(stderr.match(/too old/g)).toHaveLength(1);
  });
});

describe("the package", () => {
  it("starts and tests through the launcher's rule, by `npm start` and `npm test`", async () => {
    const { scripts } = await packageJson();
    expect(scripts).toMatchObject({ start: "node bin/rusuban.js up", test: "node scripts/test.js" });
    for (const file of ["bin/rusuban.js", "scripts/test.js"]) {
      expect(await readFile(join(PACKAGE, file), "utf8")).toContain("ensureRuntime(");
    }
  });

  it("pins every version exactly, and its lockfile agrees", async () => {
    const { dependencies, devDependencies } = await packageJson();
    const { packages } = await lockfile();
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      expect(`${name} ${version}`).toMatch(/^\S+ \d+\.\d+\.\d+(-[\w.]+)?$/);
      expect(`${name} ${packages[`node_modules/${name}`]?.version}`).toBe(`${name} ${version}`);
    }
    expect(packages[""]).toMatchObject({ dependencies, devDependencies });
  });

  it("pins a runtime that is new enough, and lets its install script, and no other, run", async () => {
    const { dependencies, allowScripts } = await packageJson();
    expect(Number.parseInt(dependencies.node ?? "", 10)).toBeGreaterThanOrEqual(24);
    const allowed = Object.keys(allowScripts).filter((name) => allowScripts[name] !== false);
    expect(allowed).toEqual(["node"]);
  });

  it("names no registry in its lockfile, and an integrity for everything that is fetched", async () => {
    const text = await readFile(join(PACKAGE, "package-lock.json"), "utf8");
    expect(text).not.toMatch(/"resolved"|https?:\/\/[^"]*\.tgz/);
    const { packages } = await lockfile();
    const unproven = Object.entries(packages).filter(
      ([path, { integrity, link, inBundle }]) => path !== "" && integrity === undefined && !link && !inBundle,
    );
    expect(unproven.map(([path]) => path)).toEqual([]);
  });
});

interface Package {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

async function packageJson(): Promise<Package> {
  return JSON.parse(await readFile(join(PACKAGE, "package.json"), "utf8"));
}

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
}

async function lockfile(): Promise<{ readonly packages: Readonly<Record<string, Locked>> }> {
  return JSON.parse(await readFile(join(PACKAGE, "package-lock.json"), "utf8"));
}
