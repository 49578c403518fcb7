import { describe, expect, it } from "vitest";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { FILE_SYSTEMS_MAX, parseStatOutput } from "./file-system-survey.ts";
import { createFileSystemProvider } from "./file-systems.ts";
import { HEALTHY, recordedSystem } from "./fixtures/recorded-system.ts";
import type { FileSystemFigures } from "./host-system.ts";

const quiet = new AbortController().signal;
const mounts = (...lines: readonly string[]) => ({ "/proc/self/mountinfo": lines.join("\n") });
const local = (device: string, point: string) => `40 1 8:${device} / ${point} rw - ext4 /dev/sda rw`;
const remote = (device: string, point: string) => `40 1 0:${device} / ${point} rw - nfs4 nas:/x rw`;
const never = <T>() => new Promise<T>(() => {});

describe("file systems", () => {
  it("tells used space as df does, in words that people understand", async () => {
    const system = recordedSystem({ files: mounts(local("1", "/var")) });
    const readings = await createFileSystemProvider({ system, clock: new FakeClock() }).read(quiet);
    expect(readings.map(({ component, measure, value, summary }) => [component, measure, value, summary])).toEqual([
      ["file system /var", "used", 0.6, "60 % full: 8.0 GB of 20 GB free"],
      ["file system /var", "free", 8_000_000_000, "8.0 GB of 20 GB free"],
      ["file system /var", "inodes-used", expect.closeTo(0.1), expect.stringContaining("900000 of 1000000 left")],
      ["file system /var", "answering", 1, "answers"],
      ["file system /var", "writable", 1, "writable"],
    ]);
  });

  it("has no reading of inodes where the file system does not count them", async () => {
    const system = recordedSystem({
      files: mounts(local("1", "/")),
      figures: async () => ({ ...HEALTHY, inodes: 0, inodesFree: 0 }),
    });
    const readings = await createFileSystemProvider({ system, clock: new FakeClock() }).read(quiet);
    expect(readings.map(({ measure }) => measure)).not.toContain("inodes-used");
  });

  it("waits a bounded time for one that hangs, tells the rest, and does not ask it again", async () => {
    const clock = new FakeClock();
    const asked: string[] = [];
    const system = recordedSystem({
      files: mounts(local("1", "/"), local("2", "/dead"), local("3", "/home")),
      figures: (point) => {
        asked.push(point.toString());
        return point.toString() === "/dead" ? never() : Promise.resolve(HEALTHY);
      },
    });
    const provider = createFileSystemProvider({ system, clock });
    const first = provider.read(quiet);
    await clock.advance(1_000);
    const states = (await first)
      .filter(({ measure }) => measure === "used")
      .map(({ component, state }) => `${component} ${state}`);
    expect(states).toEqual(["file system / ok", "file system /dead unknown", "file system /home ok"]);
    await clock.advance(60_000);
    const second = await provider.read(quiet);
    expect(asked.filter((point) => point === "/dead")).toHaveLength(1);
    expect(
      second.find(({ component, measure }) => component.endsWith("/dead") && measure === "answering"),
    ).toMatchObject({
      value: 0,
      summary: "has not answered for 61 seconds",
    });
    expect(clock.pending).toBe(0);
  });

  it("leaves threads to the rest of the agent when many local ones hang", async () => {
    const clock = new FakeClock();
    let asked = 0;
    const lines = Array.from({ length: 9 }, (_, index) => local(String(index), `/disk${index}`));
    const system = recordedSystem({
      files: mounts(...lines),
      figures: () => {
        asked += 1;
        return never();
      },
    });
    const look = createFileSystemProvider({ system, clock }).read(quiet);
    for (let second = 0; second < 10; second += 1) await clock.advance(1_000);
    const used = (await look).filter(({ measure }) => measure === "used");
    expect(asked).toBe(2);
    expect(used).toHaveLength(9);
    expect(used.every(({ value, state }) => value === null && state === "unknown")).toBe(true);
  });

  it("asks remote ones through a process, kills it when it hangs, and asks again only after it ended", async () => {
    const clock = new FakeClock();
    const ends: (() => void)[] = [];
    let killed = 0;
    const system = recordedSystem({
      files: mounts(remote("60", "/mnt/nas"), local("1", "/")),
      run: (program, args, signal) =>
        new Promise((_, reject) => {
          expect([program, ...args].map(String)).toEqual(["stat", "-f", "-c", "%S %b %f %a %c %d", "--", "/mnt/nas"]);
          signal.addEventListener("abort", () => (killed += 1));
          ends.push(() => reject(new Error("stat: killed")));
        }),
    });
    const provider = createFileSystemProvider({ system, clock });
    const look = async () => {
      const readings = provider.read(quiet);
      await clock.advance(1_000);
      return (await readings).filter(({ measure }) => measure === "used").map(({ state }) => state);
    };
    expect(await look()).toEqual(["ok", "unknown"].sort());
    expect(await look()).toHaveLength(2);
    expect([ends.length, killed]).toEqual([1, 1]);
    ends[0]?.();
    await clock.advance(0);
    await look();
    expect(ends).toHaveLength(2);
  });

  it("says how many are beyond its bound", async () => {
    const lines = Array.from({ length: FILE_SYSTEMS_MAX + 3 }, (_, index) => local(String(index), `/disk${index}`));
    const readings = await createFileSystemProvider({
      system: recordedSystem({ files: mounts(...lines) }),
      clock: new FakeClock(),
    }).read(quiet);
    expect(readings.at(-1)).toMatchObject({
      value: null,
      state: "unknown",
      summary: expect.stringContaining("3 of 67"),
    });
  });

  it.each<[string, Partial<FileSystemFigures>]>([
    ["an empty one", { blocks: 0, blocksFree: 0, blocksAvailable: 0 }],
    ["numbers that are none", { blocks: Number.NaN }],
    ["beyond all disks", { blocks: 2 ** 64, blocksFree: 2 ** 63, blocksAvailable: 2 ** 63, blockBytes: 2 ** 40 }],
  ])("gives no impossible value for %s", async (_, odd) => {
    const system = recordedSystem({ files: mounts(local("1", "/")), figures: async () => ({ ...HEALTHY, ...odd }) });
    for (const { value } of await createFileSystemProvider({ system, clock: new FakeClock() }).read(quiet))
      if (value !== null) expect(Number.isFinite(value)).toBe(true);
  });

  it("reads what stat(1) writes and refuses anything else", () => {
    // stat -f -c '%S %b %f %a %c %d' of an ext4, recorded.
    expect(parseStatOutput("1024 56037 56022 51436 16384 16372\n")).toEqual({
      blockBytes: 1024,
      blocks: 56037,
      blocksFree: 56022,
      blocksAvailable: 51436,
      inodes: 16384,
      inodesFree: 16372,
    });
    for (const bad of ["", "1 2 3", "1 2 3 4 5 x", "1 2 3 4 5 6 7"])
      expect(() => parseStatOutput(bad)).toThrow("unexpected answer");
  });
});
