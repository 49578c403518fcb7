import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SettingsError } from "../runtime/errors.ts";
import { FLOW_KEYS, type FlowKey, flowOf, PORT_MAP, settingKey } from "./port-map.ts";
import { createPortBook, type PortOverrides } from "./port-settings.ts";

function refusal(overrides: PortOverrides, needs: Parameters<typeof createPortBook>[1] = {}): string {
  try {
    createPortBook(overrides, needs);
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  return "accepted";
}

describe("a port book", () => {
  it("answers with the map's defaults when nothing was changed", () => {
    const book = createPortBook();
    for (const key of FLOW_KEYS) {
      const { port, range } = flowOf(key);
      if (port !== null) expect([book.portOf(key), book.rangeOf(key)]).toEqual([port, { from: port, to: port }]);
      if (range !== null) expect(book.rangeOf(key)).toEqual(range);
    }
  });

  it("answers with the changed port, and leaves the others alone", () => {
    const book = createPortBook({ managerReport: 41_134, backupData: { from: 21_300, to: 21_324 } });
    expect(book.portOf("managerReport")).toBe(41_134);
    expect(book.rangeOf("backupData")).toEqual({ from: 21_300, to: 21_324 });
    expect(book.portOf("expressReport")).toBe(PORT_MAP.expressReport.port);
  });

  it("lets every changeable flow move to any free port", () => {
    const movable = FLOW_KEYS.filter((key) => settingKey(key) !== null && flowOf(key).port !== null);
    fc.assert(
      fc.property(fc.constantFrom(...movable), fc.integer({ min: 51_000, max: 65_535 }), (key: FlowKey, port) => {
        expect(createPortBook({ [key]: port }).portOf(key)).toBe(port);
      }),
    );
  });

  it("does not invent a port for ICMP, nor one port for a range", () => {
    expect(() => createPortBook().portOf("ping")).toThrow("ping has no ports: it is icmp");
    expect(() => createPortBook().portOf("backupData")).toThrow("backup-data has a range of ports");
  });

  it.each([0, -1, 65_536, 1.5, Number.NaN])("refuses %s as a port", (port) => {
    expect(refusal({ managerReport: port })).toBe(
      `ports.managerReport: ${port} is not a port: give a whole number from 1 to 65535`,
    );
  });

  it("names the place a wrong value came from", () => {
    const placeOf = (key: string) => (key === "ports.snmpTrap" ? "the file rusuban.toml" : undefined);
    expect(refusal({ snmpTrap: 0 }, { placeOf })).toMatch(/ \(set in the file rusuban\.toml\)$/);
    expect(refusal({ console: 0 }, { placeOf })).not.toContain("set in");
  });

  it("refuses to move what is not ours to move", () => {
    expect(refusal({ exchangeOnline: 8443 })).toBe(
      "ports.exchangeOnline: cannot be changed, because the port is the microsoft-365's own: remove the setting",
    );
    expect(refusal({ ping: 7 })).toContain("ICMP has no ports");
  });

  it("names both flows when one party would listen twice on a port", () => {
    expect(refusal({ dedupEngine: 31_134 })).toBe(
      "ports.dedupEngine: 31134/tcp is also the port of manager-report (ports.managerReport) on the same manager: " +
        "give one of the two another port",
    );
    expect(refusal({ managerReport: 40_000, expressReport: 40_000 })).toContain("40000/tcp");
  });

  it("blames the setting, not the default, whichever comes first in the map", () => {
    expect(refusal({ managerReport: 10_082 })).toMatch(/^ports\.managerReport: .*dedup-engine/);
  });

  it("refuses a port inside the same party's range of data ports", () => {
    expect(refusal({ backupControl: 20_310 })).toMatch(/^ports\.backupControl: 20310\/tcp is also .*backup-data/);
  });

  it("lets different parties, and different transports, use one number", () => {
    expect(refusal({ backupControl: 31_134 })).toBe("accepted");
    expect(refusal({ managerReport: 162 })).toBe("accepted");
  });

  it("wants at least 25 data ports", () => {
    expect(refusal({ backupData: { from: 21_300, to: 21_323 } })).toBe(
      "ports.backupData: 21300-21323 holds 24 ports, 25 are needed (concurrent jobs: 1): widen it to 21300-21324",
    );
  });

  it("wants two data ports for each job at once, in the default range too", () => {
    expect(refusal({}, { concurrentJobs: 25 })).toBe("accepted");
    expect(refusal({}, { concurrentJobs: 26 })).toBe(
      "ports.backupData: 20300-20349 holds 50 ports, 52 are needed (concurrent jobs: 26): widen it to 20300-20351",
    );
  });

  it("widens downwards at the end of the number space", () => {
    expect(refusal({ backupData: { from: 65_530, to: 65_535 } })).toContain("widen it to 65511-65535");
  });

  it.each([
    [{ backupData: 21_300 }, "is one port, not a range: give both ends, as in 20300-20349"],
    [{ backupData: { from: 21_400, to: 21_300 } }, "21400-21300 runs backwards"],
    [{ backupData: { from: 0, to: 30 } }, "0-30 is not a range of ports"],
    [{ console: { from: 1, to: 2 } }, "console is one port, not a range"],
    [{ "manager-report": 1 } as PortOverrides, "there is no such flow: did you mean managerReport?"],
    [{ consoel: 1 } as PortOverrides, "there is no such flow: did you mean console?"],
    [{ zzzzzz: 1 } as PortOverrides, "see `rusuban ports list`"],
  ])("refuses %j and says why", (overrides, problem) => {
    expect(refusal(overrides)).toContain(problem);
  });
});
