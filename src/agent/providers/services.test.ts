import { describe, expect, it } from "vitest";
import { fixture, recordedSystem } from "./fixtures/recorded-system.ts";
import { createServicesProvider, unitReadings } from "./services.ts";

const quiet = new AbortController().signal;
const NAMES = ["sshd", "broken", "once", "looping", "nosuch", "idle", "masked"];

describe("services by systemd", () => {
  it("are asked in one call, as arguments, and told with the reason", async () => {
    const calls: string[][] = [];
    const system = recordedSystem({
      exists: async (path) => path === "/run/systemd/system",
      run: async (program, args) => {
        calls.push([program, ...args.map(String)]);
        return fixture("systemctl-show.txt").toString();
      },
    });
    const readings = await createServicesProvider({ system, services: NAMES }).read(quiet);
    expect(readings.map(({ component, value, summary }) => [component, value, summary])).toEqual([
      ["service sshd", 1, "running (running)"],
      ["service broken", 0, "failed (failed, exit-code)"],
      ["service once", 1, "running (exited)"],
      ["service looping", 0, "activating (auto-restart, exit-code)"],
      ["service nosuch", 0, "not installed: systemd knows no such unit"],
      ["service idle", 0, "inactive (dead)"],
      ["service masked", 0, "not usable: its unit is masked"],
    ]);
    expect(calls).toEqual([
      [
        "systemctl",
        "show",
        "--property=Id,LoadState,ActiveState,SubState,Result",
        "--",
        ...NAMES.map((name) => `${name}.service`),
      ],
    ]);
  });

  it("are unknown when systemctl fails, is cut short or tells nothing", async () => {
    const system = recordedSystem({
      exists: async () => true,
      run: async () => Promise.reject(new Error("systemctl: Connection timed out")),
    });
    expect(await createServicesProvider({ system, services: ["sshd"] }).read(quiet)).toMatchObject([
      { value: null, state: "unknown", summary: "unknown: systemctl: Connection timed out" },
    ]);
    const output = fixture("systemctl-show.txt").toString();
    for (const cut of [0, 1, 50, 200, output.length - 120])
      for (const { value, state } of unitReadings(NAMES, output.slice(0, cut)))
        expect([value, state]).toEqual([null, "unknown"]);
    expect(unitReadings(["a"], "LoadState=loaded")[0]?.state).toBe("unknown");
  });

  it.each(["-H evil", "--host=evil", "*", "a b", "", "a\nb", "../x"])("refuses %j as a name", (name) => {
    expect(() => createServicesProvider({ system: recordedSystem(), services: [name] })).toThrow("watch.services");
  });
});

describe("services by process, where there is no systemd", () => {
  const process = (name: string, state = "S") => `7 (${name}) ${state} 1 7 7 0 -1`;

  it("are found by name, and the reading says that this is a guess", async () => {
    const files = {
      "/proc/1/stat": process("init"),
      "/proc/20/stat": process("a) Z (tricky"),
      "/proc/30/stat": process("sshd"),
      "/proc/31/stat": process("sshd"),
      "/proc/40/stat": process("postgres", "Z"),
      "/proc/50/stat": process("a-very-long-nam"),
      "/proc/60/stat": "60 (cut",
    };
    const services = ["sshd", "postgres", "a-very-long-name-indeed", "getty@tty1", "nosuch"];
    const readings = await createServicesProvider({ system: recordedSystem({ files }), services }).read(quiet);
    expect(readings.map(({ value }) => value)).toEqual([1, 0, 1, 0, 0]);
    expect(readings[0]?.summary).toBe(
      "at least 2 processes of this name (no systemd here: judged by the names of processes)",
    );
  });

  it("cost one file each while they run, and a walk when one is missing", async () => {
    const files: Record<string, string | null> = { "/proc/30/stat": process("sshd") };
    for (let pid = 100; pid < 400; pid += 1) files[`/proc/${pid}/stat`] = process("worker");
    const recorded = recordedSystem({ files });
    let reads = 0;
    const read = (path: string) => {
      reads += 1;
      return recorded.read(path);
    };
    const system = { ...recorded, read };
    const provider = createServicesProvider({ system, services: ["sshd"] });
    await provider.read(quiet);
    expect(reads).toBe(301);
    await provider.read(quiet);
    expect(reads).toBe(302);
    files["/proc/30/stat"] = process("other"); // Its number went to another program.
    expect(await provider.read(quiet)).toMatchObject([{ value: 0 }]);
  });
});
