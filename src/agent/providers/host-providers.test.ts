import { describe, expect, it } from "vitest";
import { formatBytes, formatDuration, formatPercent } from "../../model/quantity.ts";
import { READING_LIMITS } from "../../model/reading.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { fixture, recordedSystem } from "./fixtures/recorded-system.ts";
import { prettyName, readHostFacts } from "./host-facts.ts";
import { createHostProviders } from "./host-providers.ts";
import { createHostSystem } from "./host-system.ts";
import { busyReading, createLoadProvider, loadReadings, parseProcessorTimes } from "./load.ts";
import { createMemoryProvider, memoryReadings } from "./memory.ts";
import { parseInterfaces } from "./network.ts";

const quiet = new AbortController().signal;

describe("a recorded Debian", () => {
  it("is read whole", async () => {
    const providers = createHostProviders({
      platform: "linux",
      system: recordedSystem(),
      clock: new FakeClock(),
      services: [],
    });
    const readings = (await Promise.all(providers.map((provider) => provider.read(quiet)))).flat();
    const values = Object.fromEntries(
      readings.map(({ component, measure, value }) => [`${component}: ${measure}`, value]),
    );
    expect(values).toMatchObject({
      "host: booted": 1795337852,
      "memory: used": expect.closeTo(
        1 - Number(/MemAvailable: +(\d+)/.exec(fixture("debian-12/proc/meminfo").toString())?.[1]) / 24684096,
      ),
      "network eth0: received": 509842498,
      "network eth0: sent": 718505,
      "network eth0: receive-errors": 0,
      "file system /: used": 0.6,
    });
    expect(Object.keys(values).filter((key) => /network (lo|ifb)/.test(key))).toEqual([]);
    expect(readings.every(({ state }) => state === "ok")).toBe(true);
  });

  it("names itself", async () => {
    const machine = { hostname: "db1", platform: "linux", architecture: "x86_64", kernel: "Linux 6.1" };
    expect(await readHostFacts({ agentVersion: "1.2.3", machine, system: recordedSystem() })).toEqual({
      hostname: "db1",
      platform: "linux",
      operatingSystem: "Debian GNU/Linux 12 (bookworm)",
      architecture: "x86_64",
      agentVersion: "1.2.3",
    });
    const bare = recordedSystem({ files: { "/etc/os-release": null, "/usr/lib/os-release": null } });
    expect(await readHostFacts({ agentVersion: "1", machine, system: bare })).toMatchObject({
      operatingSystem: "Linux 6.1",
    });
    expect(prettyName("PRETTY_NAME='It\u001b[31m is'\n")).toBe("It[31m is");
  });

  it("was nearly idle between the two recorded looks", async () => {
    const stat = (name: string) => parseProcessorTimes(fixture(`debian-12/proc/${name}`).toString());
    expect(busyReading(stat("stat"), stat("stat-later"))?.value).toBeCloseTo(4 / 600, 3);
  });
});

describe("what cannot be read is unknown, never zero", () => {
  const paths = ["/proc/meminfo", "/proc/stat", "/proc/loadavg", "/proc/uptime", "/proc/net/dev"];
  it.each(
    paths.flatMap((path) => [
      [path, "missing", null] as const,
      [path, "empty", ""] as const,
      [path, "noise", "\0\xff garbage\n:::"] as const,
    ]),
  )("%s %s", async (path, _, content) => {
    const system = recordedSystem({ files: { [path]: content } });
    const providers = createHostProviders({ platform: "linux", system, clock: new FakeClock(), services: [] });
    const whole = (
      await Promise.all(
        createHostProviders({ platform: "linux", system: recordedSystem(), clock: new FakeClock(), services: [] }).map(
          (provider) => provider.read(quiet),
        ),
      )
    ).flat();
    const readings = (await Promise.all(providers.map((provider) => provider.read(quiet)))).flat();
    for (const { component, measure, value, state } of readings) {
      expect(state).toBe(value === null ? "unknown" : "ok");
      // What is told is what the whole recording tells: no value was made up.
      if (value !== null) expect(whole).toContainEqual(expect.objectContaining({ component, measure, value }));
    }
  });

  it("is so for memory without MemAvailable", async () => {
    const [reading] = await createMemoryProvider({
      system: recordedSystem({ files: { "/proc/meminfo": "MemTotal: 10 kB\nMemFree: 5 kB\n" } }),
    }).read(quiet);
    expect(reading).toMatchObject({ component: "memory", value: null, state: "unknown" });
  });

  it("is said of everything on a platform that is not read yet", async () => {
    const providers = createHostProviders({
      platform: "plan9",
      system: recordedSystem(),
      clock: new FakeClock(),
      services: ["sshd"],
    });
    const readings = (await Promise.all(providers.map((provider) => provider.read(quiet)))).flat();
    expect(readings).toContainEqual(
      expect.objectContaining({ component: "services", value: null, summary: "unknown: not read on plan9" }),
    );
  });
});

describe("load", () => {
  it("is told for each processor", () => {
    expect(loadReadings("8.00 4.00 2.00 1/2 3\n", 4).map(({ value }) => value)).toEqual([2, 1, 0.5]);
  });

  it("counts waiting for disks as idle, and guests once", () => {
    expect(parseProcessorTimes("cpu  10 1 5 100 40 2 3 4 9 1\ncpu0 10 1 5 100 40 2 3 4 9 1\n")).toEqual({
      total: 165,
      idle: 140,
      stolen: 4,
      processors: 1,
    });
  });

  it("has no busy reading at first, nor when counters go back or a processor leaves", async () => {
    const readings = await createLoadProvider({ system: recordedSystem() }).read(quiet);
    expect(readings.map(({ component }) => component)).not.toContain("processor");
    const times = { total: 100, idle: 50, stolen: 0, processors: 2 };
    expect(busyReading(times, times)).toBeUndefined();
    expect(busyReading(times, { ...times, total: 90 })).toBeUndefined();
    expect(busyReading(times, { ...times, total: 200, processors: 1 })).toBeUndefined();
    expect(busyReading(times, { ...times, total: 200, idle: 40 })?.value).toBe(1); // iowait may go back
    expect(busyReading(times, { ...times, total: 200, stolen: 20 })?.summary).toBe(
      "100 % busy, 20 % of it taken by the hypervisor",
    );
  });
});

describe("quantities", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [999_600, "1.0 MB"],
    [1_600_000_000, "1.6 GB"],
    [20_000_000_000, "20 GB"],
    [2 ** 70, "1181 EB"],
  ])("writes %d bytes as %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it("calls only what is full 100 %", () => {
    expect([0.9999, 1, 0.29, 0].map(formatPercent)).toEqual(["99 %", "100 %", "29 %", "0 %"]);
  });

  it.each([
    [1_000, "1 second"],
    [119_000, "119 seconds"],
    [7_500_000, "2 hours 5 minutes"],
    [3 * 86_400_000, "3 days"],
  ])("writes %d ms as %s", (ms, text) => expect(formatDuration(ms)).toBe(text));
});

describe("hostile numbers", () => {
  it("gives no reading that is not a number", () => {
    const huge = "9".repeat(400);
    for (const reading of [
      ...memoryReadings(`MemTotal: ${huge} kB\nMemAvailable: ${huge} kB\n`),
      ...loadReadings(`${huge}.0 1.0 1.0 1/1 1`, 2),
    ])
      expect(reading.value === null ? reading.state : Number.isFinite(reading.value)).toBeOneOf(["unknown", true]);
    for (const reading of memoryReadings(`MemTotal: ${huge} kB\nMemAvailable: 1 kB\n`))
      expect(Buffer.byteLength(reading.summary)).toBeLessThanOrEqual(READING_LIMITS.summaryBytes);
  });

  it("takes no interface that could leave its folder", () => {
    const row = " 1".repeat(16);
    expect(parseInterfaces(`a/b:${row}\n..:${row}\neth0:${row}\ncut: 1 2 3`).map(({ name }) => name)).toEqual(["eth0"]);
  });
});

describe.runIf(process.platform === "linux")("this very machine", () => {
  it("can be read", async () => {
    const providers = createHostProviders({
      platform: "linux",
      system: createHostSystem(),
      clock: new FakeClock(),
      services: [],
    });
    const readings = (await Promise.all(providers.map((provider) => provider.read(quiet)))).flat();
    expect(
      readings.find(({ component, measure }) => component === "memory" && measure === "used")?.value,
    ).toBeGreaterThan(0);
    expect(readings.find(({ component }) => component === "host")?.value).toBeGreaterThan(0);
  });

  it("runs programs without a shell, and kills them", async () => {
    const system = createHostSystem();
    expect(await system.run("stat", ["-c", "%n", "--", "/"], quiet)).toBe("/\n");
    await expect(system.run("stat", ["--", "/no such; echo"], quiet)).rejects.toThrow(/stat: .*no such; echo/);
    await expect(system.run("no-such-program", [], quiet)).rejects.toThrow("ENOENT");
    const killer = new AbortController();
    const endless = system.run("tail", ["-f", "/dev/null"], killer.signal);
    killer.abort();
    await expect(endless).rejects.toThrow("tail");
  });
});
