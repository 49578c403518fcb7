import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { SettingsError } from "./errors.ts";
import { choice, integer, portRange, ratio, seconds, string, strings } from "./setting-kinds.ts";
import { environmentName, loadSettings, setting } from "./settings.ts";

const DECLARED = {
  "ports.managerReport": setting(integer({ min: 1, max: 65_535 }), 4_000, "Where agents report."),
  "watch.services": setting(strings(), [], "Services to watch."),
  level: setting(choice(["calm", "loud"]), "calm", "How loud."),
};

let file: string;
beforeEach(() => {
  file = join(mkdtempSync(join(tmpdir(), "rusuban-settings-")), "manager.toml");
});

describe("the order of the sources", () => {
  it("is flag, environment, file, default", () => {
    writeFileSync(file, '[ports]\nmanagerReport = 4001\n[watch]\nservices = ["a", "b"]\n');
    const env = { RUSUBAN_PORTS_MANAGER_REPORT: "4002" };
    const flags = { "ports.managerReport": "4003" };
    expect(loadSettings(DECLARED, { env: {} })).toMatchObject({ "ports.managerReport": 4_000, level: "calm" });
    expect(loadSettings(DECLARED, { env: {}, file })).toMatchObject({
      "ports.managerReport": 4_001,
      "watch.services": ["a", "b"],
    });
    expect(loadSettings(DECLARED, { env, file })["ports.managerReport"]).toBe(4_002);
    expect(loadSettings(DECLARED, { flags, env, file })["ports.managerReport"]).toBe(4_003);
  });

  it("takes a file that is not there for an empty one", () => {
    expect(loadSettings(DECLARED, { env: {}, file }).level).toBe("calm");
  });
});

describe("what is wrong is named with key, place and what was expected", () => {
  const problem = (sources: Parameters<typeof loadSettings>[1]) => {
    expect(() => loadSettings(DECLARED, sources)).toThrow(SettingsError);
    try {
      loadSettings(DECLARED, sources);
    } catch (error) {
      return (error as Error).message.replaceAll(file, "FILE");
    }
    return "";
  };

  it("a value out of bounds, in the environment", () => {
    expect(problem({ env: { RUSUBAN_PORTS_MANAGER_REPORT: "70000" } })).toBe(
      'ports.managerReport: "70000" in environment variable RUSUBAN_PORTS_MANAGER_REPORT is not valid: expected a whole number from 1 to 65535',
    );
  });

  it("an unknown key in the file, with the nearest known one", () => {
    writeFileSync(file, "[ports]\nmanagerRaport = 1\n");
    expect(problem({ env: {}, file })).toBe(
      'ports.managerRaport: unknown setting in FILE: did you mean "ports.managerReport"?',
    );
  });

  it("a file that is not TOML", () => {
    writeFileSync(file, "[ports\n");
    expect(problem({ env: {}, file })).toContain("settings: FILE is not valid TOML");
  });
});

it.each([
  ["ports.managerReport", "RUSUBAN_PORTS_MANAGER_REPORT"],
  ["level", "RUSUBAN_LEVEL"],
  ["listen.host", "RUSUBAN_LISTEN_HOST"],
])("%s is read from %s", (key, name) => {
  expect(environmentName(key)).toBe(name);
});

describe("kinds", () => {
  it.each([
    [integer({ min: 0, max: 9 }), ["3", 3, " 4 "], ["x", "1e3", 10, -1, 1.5, null]],
    [ratio(), [0.5, "85%", "0.2"], [2, "120%", "-1", ""]],
    [seconds({ min: 1, max: 86_400 }), [5, "5", "5m", "12h"], ["5y", 0, "2d", 1.5]],
    [string({ lengthMax: 3 }), ["abc", ""], ["abcd", 3, "\0"]],
    [strings({ countMax: 2 }), [["a"], "a, b"], ["a,b,c", [1], [""]]],
    [portRange(), ["20000-20063"], ["20063-20000", "0-5", "5", "1-70000"]],
  ])("kind %# takes what it says and refuses the rest", (kind, good, bad) => {
    for (const raw of good) expect(kind.parse(raw), String(raw)).toBeDefined();
    for (const raw of bad) expect(kind.parse(raw), String(raw)).toBeUndefined();
  });
});
