import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Alert } from "../../model/alert.ts";
import { reading } from "../../model/create-reading.ts";
import type { HostReadings, Reading } from "../../model/reading.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import type { Provider } from "../providers/provider.ts";
import { createWatchMemory, type Remembered, type WatchMemory } from "./watch-memory.ts";
import { WATCH_DEFAULTS } from "./watch-settings.ts";
import { createWatcher, TOUCH_INTERVAL_MS, type WatcherNeeds } from "./watcher.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rusuban-watch-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Remembers in this process what a disk would hold: `kill` is leaving a watcher where it stands. */
function heldMemory(clock: FakeClock): WatchMemory & { saves: number; held: Remembered | null } {
  let aliveAtMs = 0;
  return {
    saves: 0,
    held: null,
    async load() {
      return this.held === null ? null : { remembered: structuredClone(this.held), aliveAtMs };
    },
    async save(remembered) {
      this.saves += 1;
      this.held = structuredClone(remembered);
      aliveAtMs = clock.now();
    },
    async touch(nowMs) {
      aliveAtMs = nowMs;
    },
  };
}

const full = (value: number): Reading =>
  reading("file system /var", "used", { value, unit: "ratio", summary: "92 % full: 1.6 GB of 20 GB free" });
const eye = (name: string, read: Provider["read"]): Provider => ({ name, read });

function world() {
  const clock = new FakeClock();
  const told: Alert[] = [];
  const looks: HostReadings[] = [];
  const memory = heldMemory(clock);
  let usedRatio = 0.1;
  const needs: WatcherNeeds = {
    settings: WATCH_DEFAULTS,
    providers: [eye("file systems", async () => [full(usedRatio)])],
    memory,
    bootId: "boot-1",
    onReadings: (readings) => looks.push(readings),
    onAlert: async (alert) => void told.push(alert),
    clock,
    random: systemRandom,
    log: silentLog,
  };
  return {
    clock,
    told,
    looks,
    memory,
    needs,
    fill: (ratio: number) => {
      usedRatio = ratio;
    },
    lines: () => told.splice(0).map(({ kind, condition, severity }) => `${kind} ${condition} ${severity}`),
    /** Starts a watcher and lets it look for about so long. */
    async begin(overrides: Partial<WatcherNeeds> = {}, forMs = 60_000) {
      const watcher = createWatcher({ ...needs, ...overrides });
      await watcher.start();
      await clock.advance(forMs);
      return watcher;
    },
  };
}

describe("the watcher", () => {
  it("tells what changes, once, in words that are understood at once", async () => {
    const { begin, fill, told, lines, looks, clock } = world();
    const watcher = await begin();
    expect(lines()).toEqual(["event agent.started information"]);
    fill(0.92);
    await clock.advance(60_000);
    expect(told.map(({ summary }) => summary)).toEqual(["/var is 92 % full: 1.6 GB of 20 GB free"]);
    expect(looks.at(-1)?.readings[0]?.state).toBe("warning");
    fill(0.1);
    await clock.advance(60_000);
    await watcher.stop();
    expect(told[1]?.summary).toMatch(/^\/var has room again after 5\d seconds|^\/var has room again after 6\d seconds/);
    expect(lines()).toEqual([
      "raised filesystem.filling warning",
      "cleared filesystem.filling information",
      "event agent.stopping information",
    ]);
    expect(clock.pending).toBe(0);
  });

  it("writes nothing at rest", async () => {
    const { begin, memory, clock } = world();
    const watcher = await begin();
    const saves = memory.saves;
    await clock.advance(3_600_000);
    expect(memory.saves).toBe(saves);
    await watcher.stop();
  });

  it("tells nothing again after a kill, and clears at start what ended meanwhile", async () => {
    const { begin, fill, lines } = world();
    fill(0.92);
    await begin();
    lines();
    // The first is left where it stands, as a kill leaves it: it never stops and says nothing more.
    await begin({ providers: [eye("file systems", async () => [full(0.92)])] });
    expect(lines()).toEqual(["event agent.started warning"]);
    const last = await begin({ providers: [eye("file systems", async () => [full(0.1)])] }, 0);
    expect(lines()).toEqual(["event agent.started warning", "cleared filesystem.filling information"]);
    await last.stop();
  });

  it("tells an alert under the same id when it was killed between writing down and telling", async () => {
    const { begin, fill, told, memory } = world();
    fill(0.99);
    let attempted: Alert | undefined;
    const first = await begin({
      onAlert: async (alert) => {
        if (alert.kind === "event") return;
        attempted ??= alert;
        throw new Error("killed here");
      },
    });
    const atKill = structuredClone(memory.held);
    await first.stop();
    memory.held = atKill;
    const second = await begin({}, 60_000);
    expect(attempted?.condition).toBe("filesystem.filling");
    expect(told.filter(({ condition }) => condition === "filesystem.filling").map(({ id }) => id)).toEqual([
      attempted?.id,
    ]);
    await second.stop();
  });

  it("judges nothing new while alerts wait, keeps their order, and goes on showing readings", async () => {
    const { begin, fill, told, lines, looks, clock } = world();
    let broken = true;
    const watcher = await begin({
      onAlert: async (alert) => {
        if (broken) throw new Error("ENOSPC");
        told.push(alert);
      },
    });
    const before = looks.length;
    for (const ratio of [0.99, 0.1, 0.99]) {
      fill(ratio);
      await clock.advance(200_000);
    }
    expect(looks.length).toBeGreaterThan(before + 50);
    broken = false;
    await clock.advance(60_000);
    expect(lines()).toEqual(["event agent.started information", "raised filesystem.filling critical"]);
    await watcher.stop();
  });

  it("tells although what it told cannot be written down", async () => {
    const { begin, fill, lines, memory, clock } = world();
    const watcher = await begin({
      memory: {
        ...memory,
        load: async () => null,
        save: () => Promise.reject(new Error("ENOSPC")),
        touch: () => Promise.reject(new Error("EIO")),
      },
    });
    fill(0.99);
    await clock.advance(120_000);
    await watcher.stop();
    expect(lines()).toEqual([
      "event agent.started information",
      "raised filesystem.filling critical",
      "event agent.stopping information",
    ]);
  });

  it("is not held up by a provider that hangs or fails, and never asks it twice at once", async () => {
    const { begin, looks, clock } = world();
    let asked = 0;
    const watcher = await begin({
      providers: [
        eye("dead", () => {
          asked += 1;
          return new Promise(() => {});
        }),
        eye("broken", async () => Promise.reject(new Error("no\nway"))),
        eye("file systems", async () => [full(0.5)]),
      ],
    });
    expect(asked).toBe(1);
    expect(looks.length).toBeGreaterThanOrEqual(5);
    expect(looks[0]?.readings.map(({ component, state, summary }) => `${component}, ${state}: ${summary}`)).toEqual([
      "sensor dead, unknown: unknown: dead: no answer within 5000 ms",
      "sensor broken, unknown: unknown: no way",
      "file system /var, ok: 92 % full: 1.6 GB of 20 GB free",
    ]);
    expect(looks[1]?.readings[0]?.summary).toMatch(/still busy with the look of \d+ seconds ago/);
    await watcher.stop();
    expect(clock.pending).toBe(0);
  });

  it("stops at once in the middle of a look", async () => {
    const { begin, lines, clock } = world();
    const watcher = await begin({ providers: [eye("dead", () => new Promise(() => {}))] }, 0);
    await watcher.stop();
    expect(lines()).toEqual(["event agent.started information", "event agent.stopping information"]);
    expect(clock.pending).toBe(0);
  });
});

describe("agent started", () => {
  it("says whether the last stop was clean, and for how long nobody watched", async () => {
    const { begin, told, clock } = world();
    const first = await begin();
    await first.stop();
    await clock.advance(180_000);
    const second = await begin();
    await second.stop();
    await clock.advance(7_500_000);
    const third = await begin({ bootId: "boot-2" });
    await third.stop();
    expect(told.filter(({ condition }) => condition === "agent.started").map(({ summary }) => summary)).toEqual([
      "agent started for the first time on this computer",
      "agent started after a clean stop; nobody watched for 3 minutes",
      "agent started after the computer restarted; nobody watched for 2 hours 5 minutes",
    ]);
  });

  it("says a crash, a power failure and a clock that was set back", async () => {
    const { clock, memory, needs, told } = world();
    const run = { startedAtMs: clock.now() - 9e6, bootId: "boot-1", stoppedAtMs: null };
    const start = async (bootId: string | null, aliveAtMs: number) => {
      const watcher = createWatcher({
        ...needs,
        bootId,
        memory: {
          ...memory,
          save: async () => {},
          load: async () => ({ remembered: { run, remarks: [], untold: [] }, aliveAtMs }),
        },
      });
      await watcher.start();
      await watcher.stop();
      return told.splice(0)[0];
    };
    expect(await start("boot-1", clock.now() - 300_000)).toMatchObject({
      severity: "warning",
      summary: "agent started after it was killed or crashed; nobody watched for about 5 minutes",
    });
    expect((await start("boot-2", clock.now() - 300_000))?.summary).toContain("power loss, crash or reset");
    expect((await start(null, clock.now() + 1))?.summary).toContain("an unknown time (the clock was set back)");
  });

  it("dates a crash to within a minute", async () => {
    const { begin, told } = world();
    await begin({}, 3_600_000);
    await begin({}, 0);
    const away = told.at(-1)?.details.find(({ name }) => name === "away for")?.value ?? "";
    expect(Number(/^about (\d+) seconds$/.exec(away)?.[1])).toBeLessThanOrEqual(TOUCH_INTERVAL_MS / 1000 + 11);
  });
});

describe("the watcher's memory on disk", () => {
  it("gives back what was saved, and the moment of the last sign of life", async () => {
    const path = join(folder, "deep", "watch.json");
    const memory = createWatchMemory(path);
    expect(await memory.load()).toBeNull();
    const { needs, fill, clock } = world();
    fill(0.99);
    const watcher = createWatcher({ ...needs, memory });
    await watcher.start();
    await clock.advance(30_000);
    await watcher.stop();
    await memory.touch(1_700_000_000_000);
    const loaded = await memory.load();
    expect(loaded?.aliveAtMs).toBe(1_700_000_000_000);
    expect(loaded?.remembered.remarks).toMatchObject([
      { condition: "filesystem.filling", judgement: { level: "critical" } },
    ]);
    expect(loaded?.remembered.untold).toEqual([]);
    expect(await readdir(join(folder, "deep"))).toEqual(["watch.json"]);
  });

  it("sets aside what it cannot understand, and says so as an event", async () => {
    const path = join(folder, "watch.json");
    const memory = createWatchMemory(path);
    await memory.save({ run: null, remarks: [], untold: [] });
    const good = await readFile(path, "utf8");
    const bad = [
      good.slice(0, -1),
      "",
      "null",
      "[]",
      good.replace('"version":1', '"version":2'),
      good.replace("[]", "[{}]"),
      good.replace("null", '{"x":1}'),
    ];
    for (const text of bad) {
      await writeFile(path, text);
      await expect(memory.load()).rejects.toThrow(path);
      expect(await readFile(`${path}.damaged`, "utf8")).toBe(text);
      expect(await memory.load()).toBeNull();
    }
    await writeFile(path, "{");
    const { needs, told } = world();
    const watcher = createWatcher({ ...needs, memory });
    await watcher.start();
    await watcher.stop();
    expect(told.map(({ condition }) => condition)).toEqual(["agent.memory-lost", "agent.stopping"]);
  });
});
