import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseIpmiSensors } from "./ipmi.ts";
import { parseEachProcessor } from "./load.ts";
import { parsePackages } from "./packages.ts";
import { parseStat } from "./process-table.ts";
import { parseProcessors } from "./processors.ts";
import { parseSmart } from "./smart.ts";
import { memoryModules, parseStructures, processorPackages } from "./smbios.ts";
import { parseJournal, parseSyslog } from "./system-log.ts";
import { parseEvents } from "./windows-event-log.ts";

describe("what machines say of themselves", () => {
  it("is taken as it comes, and never throws", () => {
    const texts = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc
        .array(fc.constantFrom("|", "\n", "\t", ":", "{", "}", '"', "1", "(", ")", "a", " "), { maxLength: 60 })
        .map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(texts, fc.uint8Array({ maxLength: 300 }), (text, bytes) => {
        for (const parse of [
          parseIpmiSensors,
          parseEachProcessor,
          parseProcessors,
          parseSmart,
          parseStat,
          parseJournal,
          parseEvents,
        ])
          parse(text);
        parseEvents(`<Event>${text}</Event>`);
        parseSyslog(text, 0);
        parsePackages(text, "deb");
        const structures = parseStructures(Buffer.from(bytes));
        memoryModules(structures);
        processorPackages(structures);
      }),
      { numRuns: 1_000 },
    );
  });

  it("tells two sockets with their cores and threads apart", () => {
    const thread = (number: number, socket: number) =>
      `processor\t: ${number}\nphysical id\t: ${socket}\ncpu cores\t: 2\nmodel name\t: X\nflags\t\t: fpu lm\n`;
    const sockets = parseProcessors([thread(0, 0), thread(1, 1), thread(2, 0), thread(3, 1)].join("\n"));
    expect(sockets.map(({ id, cores, threads, is64Bit }) => [id, cores, threads, is64Bit])).toEqual([
      [0, 2, [0, 2], true],
      [1, 2, [1, 3], true],
    ]);
  });

  it("takes an arm processor without sockets for one", () => {
    const [socket, ...more] = parseProcessors("processor\t: 0\nBogoMIPS\t: 50\n\nprocessor\t: 1\nBogoMIPS\t: 50\n");
    expect([socket?.threads, socket?.model, socket?.is64Bit, more]).toEqual([[0, 1], null, null, []]);
  });

  it("puts the lines of syslog into the year in which they were written", () => {
    const now = new Date(2026, 0, 2, 12).getTime();
    const lines = parseSyslog(
      "Dec 31 23:59:59 h cron[1]: late\nJan  2 03:04:05 h sshd: early\nJan  2 03:04:05 h sshd: early\n2026-01-02T03:04:05.5+09:00 h kernel: precise\n",
      now,
    );
    expect(lines.map(({ atMs, program, message }) => [atMs, program, message])).toEqual([
      [Date.parse("2026-01-02T03:04:05.5+09:00"), "kernel", "precise"],
      [new Date(2026, 0, 2, 3, 4, 5).getTime(), "sshd", "early"],
      [new Date(2026, 0, 2, 3, 4, 5).getTime(), "sshd", "early"],
      [new Date(2025, 11, 31, 23, 59, 59).getTime(), "cron", "late"],
    ]);
    expect(new Set(lines.map(({ id }) => id)).size).toBe(4);
  });

  it("reads NVMe's own health, and ATA's attributes", () => {
    expect(
      parseSmart('{"smart_status":{"passed":true},"nvme_smart_health_information_log":{"percentage_used":105}}')?.wear,
    ).toBe(1.05);
    expect(parseSmart('{"ata_smart_attributes":{"table":[{"id":5,"raw":{"value":8}}]}}')?.reallocated).toBe(8);
    expect(parseSmart('{"smartctl":{"exit_status":2}}')).toBeNull();
  });
});
