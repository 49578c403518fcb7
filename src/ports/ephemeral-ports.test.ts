import { readFile } from "node:fs/promises";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ephemeralOverlap, parseReserved, readSystemPorts } from "./ephemeral-ports.ts";
import { PORT_MAP } from "./port-map.ts";

const linux = { from: 32_768, to: 60_999 };
const inside = { from: 40_000, to: 40_049 };

describe("ephemeralOverlap", () => {
  it("finds the declared data ports clear of the usual ranges", () => {
    const { range } = PORT_MAP.backupData;
    expect(ephemeralOverlap({ range, ephemeral: linux })).toEqual({ kind: "clear" });
    expect(ephemeralOverlap({ range, ephemeral: { from: 49_152, to: 65_535 }, platform: "win32" })).toEqual({
      kind: "clear",
    });
  });

  it("gives the exact command and the lasting line for Linux", () => {
    expect(ephemeralOverlap({ range: inside, ephemeral: linux })).toEqual({
      kind: "overlaps",
      shared: inside,
      command: "sysctl -w net.ipv4.ip_local_reserved_ports=40000-40049",
      permanently: "net.ipv4.ip_local_reserved_ports=40000-40049 in /etc/sysctl.d/60-rusuban.conf",
    });
  });

  it("keeps what others have reserved, since the setting replaces the whole list", () => {
    const reserved = parseReserved("8080,9148-9150");
    expect(ephemeralOverlap({ range: inside, ephemeral: linux, reserved })).toMatchObject({
      command: "sysctl -w net.ipv4.ip_local_reserved_ports=8080,9148-9150,40000-40049",
    });
  });

  it("gives the exact command for Windows, in both families", () => {
    expect(ephemeralOverlap({ range: inside, ephemeral: linux, platform: "win32" })).toMatchObject({
      command:
        "netsh int ipv4 add excludedportrange protocol=tcp startport=40000 numberofports=50 store=persistent & " +
        "netsh int ipv6 add excludedportrange protocol=tcp startport=40000 numberofports=50 store=persistent",
      permanently: "",
    });
  });

  it("names only the shared part of a range that straddles the edge", () => {
    expect(ephemeralOverlap({ range: { from: 32_750, to: 32_799 }, ephemeral: linux })).toMatchObject({
      shared: { from: 32_768, to: 32_799 },
    });
  });

  it("is content when all of the shared part is reserved, piece by piece and in any order", () => {
    const reserved = parseReserved("40020-40049,40000-40010,40005-40019");
    expect(ephemeralOverlap({ range: inside, ephemeral: linux, reserved })).toEqual({ kind: "reserved" });
  });

  it("sees a single unreserved port in the middle", () => {
    const reserved = parseReserved("40000-40010,40012-40049");
    expect(ephemeralOverlap({ range: inside, ephemeral: linux, reserved }).kind).toBe("overlaps");
  });

  it("is content once its own command has been obeyed", () => {
    const end = fc.integer({ min: 1, max: 65_535 });
    const anyRange = fc.tuple(end, end).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
    fc.assert(
      fc.property(anyRange, anyRange, fc.array(anyRange, { maxLength: 4 }), (range, ephemeral, reserved) => {
        const verdict = ephemeralOverlap({ range, ephemeral, reserved });
        if (verdict.kind !== "overlaps") return;
        const list = verdict.command.split("=")[1] ?? "";
        expect(ephemeralOverlap({ range, ephemeral, reserved: parseReserved(list) }).kind).toBe("reserved");
      }),
    );
  });
});

describe("readSystemPorts", () => {
  const files = (range: string, reserved: string) => async (path: string) =>
    path.endsWith("ip_local_port_range") ? range : reserved;

  it("reads both settings of Linux", async () => {
    expect(await readSystemPorts(files("32768\t60999\n", "\n"))).toEqual({
      kind: "known",
      ephemeral: linux,
      reserved: [],
    });
    expect(await readSystemPorts(files("1024 65535", "8080,9148-9150\n"))).toMatchObject({
      reserved: [
        { from: 8080, to: 8080 },
        { from: 9148, to: 9150 },
      ],
    });
  });

  it("does not guess where the files are missing or hold something else", async () => {
    expect(await readSystemPorts(files("", ""))).toEqual({ kind: "unknown", reason: 'not a range of ports: ""' });
    expect(await readSystemPorts(files("1 2", "all"))).toEqual({
      kind: "unknown",
      reason: 'not a range of ports: "all"',
    });
    const missing = async () => Promise.reject(new Error("ENOENT: no such file"));
    expect(await readSystemPorts(missing)).toEqual({ kind: "unknown", reason: "ENOENT: no such file" });
  });

  it.runIf(process.platform === "linux")("understands this machine's own files", async () => {
    expect(await readSystemPorts((path) => readFile(path, "utf8"))).toMatchObject({ kind: "known" });
  });
});
