import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { DoctorEntry } from "../../src/api/doctor-routes.ts";
import type { SelfReport } from "../../src/doctor/self-check.ts";
import {
  createFolder,
  createProtected,
  endAfterAll,
  type RunningCommand,
  run,
  start,
  writeSettings,
} from "./running-programs.ts";

// What `rusuban up` sets up, asked by the doctor: manager and agent on one computer, everything over its loopback.

const TIMEOUT_MS = 90_000;

describe.skipIf(process.platform !== "linux")("the doctor where manager and agent share a computer", () => {
  const register = endAfterAll();
  let data: string;
  let host: string;
  let up: RunningCommand;

  beforeAll(async () => {
    const folder = await createFolder(register);
    data = join(folder, "data");
    const protect = await createProtected(folder);
    await writeSettings(data);
    up = start(["up", "--data", data, "--protect", protect], { register });
    await up.says("Ctrl-C stops everything.");
    const [only] = (await json<{ items: { name: string }[] }>(["host", "list"])).data.items;
    host = only?.name ?? "";
  }, TIMEOUT_MS);

  const json = async <T>(args: readonly string[]) => {
    const { code, stdout, stderr } = await run([...args, "--data", data, "--json"], { register });
    expect(stdout, stderr).not.toBe("");
    return { code, data: JSON.parse(stdout).data as T };
  };

  it(
    "finds every flow open, no cause and nothing translated",
    async () => {
      const { code, data: report } = await json<{ entries: DoctorEntry[]; via: string }>(["doctor", host]);
      const told = report.entries.filter(({ state, causes }) => state !== "open" || causes.length > 0);
      expect(
        told.map(({ flow, family, state, causes, evidence }) => ({ flow, family, state, causes, evidence })),
      ).toEqual([]);
      expect(report.via).toBe("backup-control");
      expect(report.entries.map(({ flow, direction }) => `${flow} ${direction}`)).toEqual(
        expect.arrayContaining([
          "backup-control manager-to-agent",
          "backup-data manager-to-agent",
          "manager-report agent-to-manager",
          "dedup-engine agent-to-manager",
        ]),
      );
      expect(new Set(report.entries.map(({ to }) => to))).toEqual(new Set(["127.0.0.1"]));
      expect(code).toBe(0);
    },
    TIMEOUT_MS,
  );

  it(
    "leaves connections idle through a real manager and agent, and finds them alive",
    async () => {
      const { code, data: report } = await json<{ entries: DoctorEntry[] }>(["doctor", host, "--idle", "1"]);
      const [pool] = report.entries.filter(({ flow }) => flow === "backup-data");
      expect(pool?.idle).toEqual({ seconds: 1, shortLives: true, longLives: true });
      expect(code).toBe(0);
    },
    TIMEOUT_MS,
  );

  it(
    "says that other computers were not considered",
    async () => {
      const { code, stdout, stderr } = await run(["doctor", host, "--data", data]);
      expect(stderr).toContain("Both are on this computer and speak over its loopback");
      expect(stdout).not.toContain("what is wrong");
      expect(code).toBe(0);
    },
    TIMEOUT_MS,
  );

  it(
    "takes listen.host for what the operator wants when it looks at this computer",
    async () => {
      const { code, data: report } = await json<SelfReport>(["doctor"]);
      const told = report.entries.filter(({ state, causes }) => causes.length > 0 || !["open", "free"].includes(state));
      expect(told).toEqual([]);
      const open = report.entries.filter(({ state }) => state === "open");
      expect(new Set(open.map(({ reach }) => reach))).toEqual(new Set(["this-computer"]));
      expect(code).toBe(0);
      const { stdout } = await run(["doctor", "--data", data]);
      expect(stdout).toMatch(/backup-control +\d+\/tcp +open +this computer only, as listen\.host says/);
    },
    TIMEOUT_MS,
  );
});
