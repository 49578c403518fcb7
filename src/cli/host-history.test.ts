import { describe, expect, it } from "vitest";
import { barsOf } from "./host-history.ts";
import { createMemoryManager } from "./memory-manager.ts";
import { EXIT } from "./output.ts";
import { runRecorded } from "./run-recorded.ts";
import { sampleHost } from "./sample-data.ts";

const MINUTE_MS = 60_000;

function fleet() {
  const manager = createMemoryManager();
  manager.hosts = [sampleHost({ name: "web1" })];
  const points = [0.1, 0.9, 0.5].map((value, index) => ({
    atMs: index * MINUTE_MS,
    average: value,
    minimum: value,
    maximum: value + 0.05,
  }));
  manager.history = [
    { component: "memory", measure: "used", unit: "ratio", stepSeconds: 60, points },
    { component: "load", measure: "load1", unit: "none", stepSeconds: 60, points: [] },
    { component: "load", measure: "load5", unit: "none", stepSeconds: 60, points: [] },
  ];
  return { manager };
}

describe("host history", () => {
  it("lists what there is a history of where no measure was named", async () => {
    const { stdout, exitCode } = await runRecorded(["host", "history", "web1"], fleet());
    expect(stdout).toMatch(/memory +used +ratio\n/);
    expect(exitCode).toBe(EXIT.done);
  });

  it("draws the measure, which may be left out where the component has one only", async () => {
    const { stdout } = await runRecorded(["host", "history", "web1", "memory"], fleet());
    expect(stdout).toContain("memory used, 1 min a point, 10.0 % to 95.0 %\n▁█▄\n");
    expect(stdout).toMatch(/50\.0 % +50\.0 % +55\.0 %/);
  });

  it("lists the measures of a component that has several", async () => {
    const { stdout } = await runRecorded(["host", "history", "web1", "load"], fleet());
    expect(stdout).toMatch(/load1.*\n.*load5/);
    expect(stdout).not.toContain("memory");
  });

  it("asks for the stretch and the points that were wanted, and gives all with --json", async () => {
    const recorded = await runRecorded(
      ["host", "history", "web1", "memory", "used", "--since", "2h", "--points", "10", "--json"],
      fleet(),
    );
    const { fromMs, toMs, points } = recorded.manager.heardOnce("hostHistory").query as Record<string, number>;
    expect([Number(toMs) - Number(fromMs), points]).toEqual([7_200_000, 10]);
    expect(recorded.data).toMatchObject({ unit: "ratio", stepSeconds: 60, points: { length: 3 } });
  });

  it("says so where nothing was read, and where the measure is unknown", async () => {
    const nothing = await runRecorded(["host", "history", "web1", "load", "load1"], fleet());
    expect(nothing.stderr).toBe("Nothing was read in this time.\n");
    const unknown = await runRecorded(["host", "history", "web1", "load", "nope"], fleet());
    expect([unknown.exitCode, unknown.stdout]).toEqual([EXIT.failed, ""]);
  });
});

it("leaves a blank where a step has nothing", () => {
  const points = [0, 3].map((index) => ({ atMs: index, average: index, minimum: index, maximum: index }));
  expect(barsOf(points, { least: 0, greatest: 3, stepMs: 1 })).toBe("▁  █");
});
