import { describe, expect, it } from "vitest";
import { reading, unknownReading } from "../model/create-reading.ts";
import type { Reading } from "../model/reading.ts";
import { SettingsError } from "../runtime/errors.ts";
import { type Conditions, judgeSight, resumeConditions, statedReadings } from "./conditions.ts";
import type { Sight } from "./sight.ts";
import { RULE_DEFAULTS, type RuleSettings, rulesFrom } from "./thresholds.ts";

function sight(readings: readonly Reading[], { answered = ["p"] } = {}): Sight {
  return { readAtMs: 0, seen: readings.map((one) => ({ provider: "p", reading: one })), answered: new Set(answered) };
}
const used = (path: string, value: number) =>
  reading(`file system ${path}`, "used", { value, unit: "ratio", summary: `${value * 100} % full` });

function play(sights: readonly Sight[], settings: RuleSettings = RULE_DEFAULTS, start: Conditions = new Map()) {
  let conditions = start;
  const lines: string[] = [];
  for (const one of sights) {
    const { after, alerts } = judgeSight(conditions, one, rulesFrom(settings));
    conditions = after;
    lines.push(
      ...alerts.map(({ kind, severity, component, condition }) => `${kind} ${severity} ${condition} ${component}`),
    );
  }
  return { conditions, lines };
}

describe("the conditions of a host", () => {
  it("are told by component, and all well leaves nothing to remember", () => {
    const bad = sight([used("/var", 0.97), used("/", 0.2)]);
    const { conditions, lines } = play([bad, bad, bad]);
    expect(lines).toEqual(["raised critical filesystem.filling file system /var"]);
    expect(statedReadings(bad, conditions).map(({ state }) => state)).toEqual(["critical", "ok"]);
    const well = sight([used("/var", 0.1), used("/", 0.2)]);
    expect(play([well, well], RULE_DEFAULTS, conditions).conditions.size).toBe(0);
  });

  it("does not take a provider that failed, or a measure that is missing, for a component that is gone", () => {
    const { conditions } = play([sight([used("/var", 0.97)]), sight([used("/var", 0.97)])]);
    const failed = Array.from({ length: 20 }, () => sight([], { answered: [] }));
    const silent = Array.from({ length: 20 }, () =>
      sight([unknownReading("file system /var", "answering", { unit: "none", reason: "hangs" })]),
    );
    expect(play([...failed, ...silent], RULE_DEFAULTS, conditions).lines).toEqual([]);
    const gone = Array.from({ length: 20 }, () => sight([]));
    expect(play(gone, RULE_DEFAULTS, conditions).lines).toEqual([
      "cleared information filesystem.filling file system /var",
    ]);
  });

  it("shows unknown as unknown, even while the condition lasts", () => {
    const { conditions } = play([sight([used("/var", 0.97)]), sight([used("/var", 0.97)])]);
    const unknown = sight([unknownReading("file system /var", "used", { unit: "ratio", reason: "hangs" })]);
    expect(statedReadings(unknown, conditions)).toMatchObject([{ state: "unknown", value: null }]);
  });

  it("ends what the settings no longer watch", () => {
    const { conditions } = play([sight([used("/var", 0.97)]), sight([used("/var", 0.97)])]);
    const settings = { ...RULE_DEFAULTS, fileSystems: { "/var": { warning: null, critical: null } } };
    const resumed = resumeConditions([...conditions.values()], rulesFrom(settings));
    expect(play([sight([used("/var", 0.97)])], settings, resumed).lines).toEqual([
      "cleared information filesystem.filling file system /var",
    ]);
  });

  it("lets one file system have its own levels", () => {
    const settings = { ...RULE_DEFAULTS, fileSystems: { "/archive": { warning: null, critical: 0.99 } } };
    const look = sight([used("/archive", 0.97), used("/archives", 0.97)]);
    expect(play([look, look], settings).lines).toEqual(["raised critical filesystem.filling file system /archives"]);
  });
});

describe("settings", () => {
  it("that contradict each other are refused by name", () => {
    expect(() => rulesFrom({ ...RULE_DEFAULTS, memory: { warning: 0.9, critical: 0.8 } })).toThrow(
      new SettingsError("watch.memory.warning", "0.9 is beyond watch.memory.critical, which is 0.8"),
    );
    expect(() => rulesFrom({ ...RULE_DEFAULTS, load: { warning: 4, critical: null, recovery: 5 } })).toThrow(
      "watch.load.recovery",
    );
  });

  it("hold times follow the interval", () => {
    const looks = (intervalMs: number) =>
      rulesFrom({ ...RULE_DEFAULTS, intervalMs }).find(({ condition }) => condition === "memory.short")?.looks;
    expect([looks(1_000), looks(10_000), looks(60_000)]).toEqual([30, 3, 1]);
  });
});
