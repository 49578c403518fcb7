import { describe, expect, it } from "vitest";
import { explainConnectError } from "../net/connect-error.ts";
import { FLOW_KEYS, flowName, flowOf } from "../ports/port-map.ts";
import { explain } from "./explain.ts";

describe("a code of Backup Exec", () => {
  it.each(["0xE0000F02", "0XE0000F02 - ...", "V-79-57344-3842", "e0000f02"])("%s: could not connect", (line) => {
    const [found] = explain(line);
    expect(found?.about).toContain("0xE0000F02");
    expect(found?.meaning.en).toContain("could not connect to the remote computer");
    expect(found?.rows).toEqual(["be-05", "be-06", "be-01"]);
    expect(found?.flows).toEqual(expect.arrayContaining(["backupControl", "backupData", "agentBrowser"]));
  });

  it("0xE0000F25: communication failure, with the causes that its document names", () => {
    const [found] = explain("UMI V-79-57344-3877");
    expect(found?.causes).toEqual(expect.arrayContaining(["name-not-resolved", "host-down", "not-listening"]));
  });

  it("says of a code without a text that it has none", () => {
    expect(explain("V-370-59792-00041")[0]?.meaning.en).toContain("no text of its own");
  });
});

describe("a line of a log", () => {
  it.each([
    "ECONNREFUSED",
    "ETIMEDOUT",
    "EHOSTUNREACH",
    "ENOTFOUND",
    "CERT_HAS_EXPIRED",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
  ])("of ours with %s: its flow and what it may be", (code) => {
    const error = Object.assign(new Error(code), { code });
    const { message } = explainConnectError(error, { flow: "backup-control", host: "10.77.2.20", port: 10000 });
    const line = code === "ETIMEDOUT" ? "backup-control to 10.77.2.20:10000: no answer within 20000 ms" : message;
    const found = explain(line);
    expect(found.flatMap(({ flows }) => flows)).toContain("backupControl");
    expect(found.flatMap(({ causes }) => causes).length).toBeGreaterThan(0);
  });

  it.each(FLOW_KEYS.filter((key) => flowOf(key).seedRows.length > 0))(
    "finds %s by its name, and tells its rows",
    (key) => {
      const [found] = explain(`cannot reach ${flowName(key)}`);
      expect(found).toMatchObject({ flows: [key], rows: flowOf(key).seedRows });
    },
  );

  it.each([
    ["SNMP trap to 10.0.0.1:162 lost", "snmpTrap"],
    ["6736/tcp blocked", "cimIndication"],
    ["port 31136 is closed", "expressReport"],
    ["ポート 31134 に接続できません", "managerReport"],
    ["row esm-04", "cimIndication"],
  ])("finds the flow of a number that stands where a port does: %s", (line, flow) => {
    expect(explain(line).flatMap(({ flows }) => flows)).toEqual([flow]);
  });

  it.each(["", "all is well", "10000 files were copied in 162 s", "error 31134 times"])(
    "makes nothing up for: %s",
    (line) => {
      expect(explain(line)).toEqual([]);
    },
  );
});
