import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createUuid, systemRandom } from "../runtime/random.ts";
import { decideRetention, type RetentionContext, type RetentionDecision, type RetentionPolicy } from "./retention.ts";
import { createPeriods, parseRetentionDuration } from "./retention-periods.ts";
import type { Snapshot } from "./snapshot.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2026, 0, 1, 2);
const UTC = "UTC";

/** A snapshot of 1,000 files and a gigabyte, unless told otherwise. */
function snapshotAt(storedAtMs: number, sequence: number, parts: Partial<Snapshot> = {}): Snapshot {
  return {
    id: createUuid({ clock: { now: () => sequence }, random: systemRandom }),
    ...{ hostId: "host-a", hostName: "alpha", jobId: "job", paths: [Buffer.from("/data")], root: Buffer.alloc(32) },
    ...{ startedAtMs: storedAtMs, finishedAtMs: storedAtMs, tags: [], parent: undefined, sequence, storedAtMs },
    stats: { files: 1_000, directories: 10, bytes: 1e9, newBytes: 0, storedBytes: 0, chunks: 1, problems: 0 },
    ...{ managerVersion: "0.1.0", agentVersion: "0.1.0" },
    ...parts,
  };
}

const sized = (files: number, bytes: number, problems = 0) => ({
  stats: { files, directories: 10, bytes, newBytes: 0, storedBytes: 0, chunks: 1, problems },
});

/** One each day at 02:00 UTC. */
function nightly(days: number, parts: Partial<Snapshot> = {}): Snapshot[] {
  return Array.from({ length: days }, (_, day) => snapshotAt(START_MS + day * DAY_MS, day + 1, parts));
}

function decide(
  snapshots: readonly Snapshot[],
  policy: RetentionPolicy,
  context: Partial<RetentionContext> = {},
): RetentionDecision[] {
  const newest = Math.max(...snapshots.map(({ storedAtMs }) => storedAtMs));
  return decideRetention(snapshots, policy, { nowMs: newest + HOUR_MS, timeZone: UTC, ...context });
}

const keptOf = (decisions: readonly RetentionDecision[]) =>
  decisions.filter(({ keep }) => keep).map(({ snapshot }) => snapshot);
const daysOf = (snapshots: readonly Snapshot[]) =>
  snapshots.map(({ storedAtMs }) => new Date(storedAtMs).toISOString().slice(0, 10));

describe("retention", () => {
  it("keeps the newest of each of so many days, weeks, months and years, and says why", () => {
    const decisions = decide(nightly(800), { daily: 3, weekly: 2, monthly: 3, yearly: 2 });
    expect(daysOf(keptOf(decisions))).toEqual([
      ...["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-05"],
      ...["2028-03-08", "2028-03-09", "2028-03-10"],
    ]);
    const newest = decisions.at(-1);
    expect(newest?.reasons).toEqual([
      "the newest of its host and paths",
      "daily: newest of 2028-03-10",
      "weekly: newest of 2028-W10",
      "monthly: newest of 2028-03",
      "yearly: newest of 2028",
    ]);
    expect(decisions[0]).toMatchObject({ keep: false, reasons: ["no rule keeps it"] });
  });

  it("keeps everything without a rule, and the newest of each group with any", () => {
    const snapshots = [...nightly(3), ...nightly(3, { hostId: "host-b" })];
    expect(keptOf(decide(snapshots, {}))).toHaveLength(6);
    expect(keptOf(decide(snapshots, { last: 0, daily: 0, tags: [] }))).toHaveLength(6);
    expect(keptOf(decide(snapshots, { tags: ["none has it"] }))).toHaveLength(2);
  });

  it("counts each host and set of paths by itself, whatever their order or the host's name", () => {
    const [a, b] = [Buffer.from("/a"), Buffer.from("/b")];
    const snapshots = [
      snapshotAt(START_MS, 1, { paths: [a, b] }),
      snapshotAt(START_MS + 1, 2, { paths: [b, a], hostName: "renamed" }),
      snapshotAt(START_MS + 2, 3, { paths: [a] }),
      snapshotAt(START_MS + 3, 4, { hostId: "host-b", paths: [a, b] }),
    ];
    expect(keptOf(decide(snapshots, { last: 1 })).map(({ sequence }) => sequence)).toEqual([2, 3, 4]);
  });

  it("keeps what is tagged and what is on hold", () => {
    const snapshots = nightly(5);
    const tagged = { ...(snapshots[1] as Snapshot), tags: ["before-upgrade"] };
    const held = snapshots[2] as Snapshot;
    const decisions = decide(
      [snapshots[0] as Snapshot, tagged, ...snapshots.slice(2)],
      { last: 1, tags: ["before-upgrade"] },
      {
        holds: new Map([[held.id, "audit 2026"]]),
      },
    );
    expect(keptOf(decisions).map(({ sequence }) => sequence)).toEqual([2, 3, 5]);
    expect(decisions[2]?.reasons).toEqual(["on hold: audit 2026"]);
  });

  it("counts a duration from the newest: a host that went silent loses nothing by time passing", () => {
    const snapshots = nightly(30);
    const years = START_MS + 3650 * DAY_MS;
    const decisions = decide(snapshots, { withinMs: parseRetentionDuration("7d") }, { nowMs: years });
    expect(keptOf(decisions)).toHaveLength(8);
  });

  it("refuses numbers and time zones that mean nothing", () => {
    expect(() => decide(nightly(1), { last: -1 })).toThrow(/last: -1/);
    expect(() => decide(nightly(1), { daily: 1.5 })).toThrow(/daily: 1.5/);
    expect(() => decide(nightly(1), { daily: Number.NaN })).toThrow(/daily: NaN/);
    expect(() => decide(nightly(1), { daily: 1 }, { timeZone: "Mars/Olympus" })).toThrow(/timeZone: Mars\/Olympus/);
  });
});

describe("a flood of snapshots", () => {
  const policy: RetentionPolicy = { last: 5, daily: 7, weekly: 4, monthly: 6 };
  const good = nightly(60);
  const lastGood = good.at(-1) as Snapshot;
  const mayExpire = (snapshot: Snapshot) => !keptOf(decide(good, policy)).includes(snapshot);

  /** Ten thousand within an hour, with figures of the attacker's choice. */
  function flood(parts: Partial<Snapshot>, count = 10_000): Snapshot[] {
    return Array.from({ length: count }, (_, index) =>
      snapshotAt(lastGood.storedAtMs + 4 * HOUR_MS + index * 300, lastGood.sequence + 1 + index, parts),
    );
  }

  for (const [name, parts] of [
    ["empty ones", sized(0, 0)],
    ["ones that look like the good ones", {}],
    ["ones that claim to be huge", sized(1e12, 1e15)],
    ["ones dated into the past", { startedAtMs: 0, finishedAtMs: 0 }],
    ["ones dated into the future", { startedAtMs: 9e15, finishedAtMs: 9e15 }],
  ] as const) {
    it(`of ${name} pushes none of the good ones out`, () => {
      const kept = new Set(keptOf(decide([...good, ...flood(parts)], policy)));
      // The day of the flood is another than that of any good one but the last.
      for (const snapshot of good) expect(kept.has(snapshot) || mayExpire(snapshot), `${snapshot.sequence}`).toBe(true);
      expect(kept.size).toBeLessThan(60);
    });
  }

  it("that goes on for a week pushes out what is beyond the policy's days, not what weeks and months keep", () => {
    const perDay = 200;
    const bad = Array.from({ length: 7 * perDay }, (_, index) =>
      snapshotAt(lastGood.storedAtMs + (index + 1) * (DAY_MS / perDay), 1000 + index),
    );
    const kept = new Set(keptOf(decide([...good, ...bad], policy)));
    const keptGood = good.filter((snapshot) => kept.has(snapshot));
    // The five newest good ones, and those that stand for weeks and months.
    expect(keptGood.slice(-3)).toEqual(good.slice(-3));
    expect(keptGood.length).toBeGreaterThanOrEqual(4);
  });

  it("under many sets of paths touches no other group", () => {
    const bad = Array.from({ length: 2000 }, (_, index) =>
      snapshotAt(lastGood.storedAtMs + index, 1000 + index, { paths: [Buffer.from(`/p${index}`)] }),
    );
    const before = keptOf(decide(good, policy, { nowMs: lastGood.storedAtMs + HOUR_MS }));
    const after = new Set(keptOf(decide([...good, ...bad], policy)));
    for (const snapshot of before) expect(after.has(snapshot)).toBe(true);
  });
});

describe("an empty, tiny or partial snapshot", () => {
  for (const [name, parts] of [
    ["empty", sized(0, 0)],
    ["tiny", sized(1_000, 1e8)],
    ["of few files", sized(100, 1e9)],
    ["partial", sized(1_000, 1e9, 400)],
  ] as const) {
    it(`(${name}) never stands for a day that has a good one`, () => {
      const snapshots = [snapshotAt(START_MS, 1), snapshotAt(START_MS + HOUR_MS, 2, parts)];
      const next = snapshotAt(START_MS + DAY_MS, 3);
      const decisions = decide([...snapshots, next], { daily: 2 });
      expect(decisions[0]).toMatchObject({ keep: true, reasons: ["daily: newest whole one of 2026-01-01"] });
    });

    it(`(${name}) takes no place of the last ones`, () => {
      const snapshots = [...nightly(3), snapshotAt(START_MS + 3 * DAY_MS, 4, parts)];
      expect(keptOf(decide(snapshots, { last: 3 })).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
    });
  }
});

describe("clocks that are wrong", () => {
  it("a manager's clock that stood at 2099 for one backup costs one place, not the others", () => {
    const snapshots = nightly(10);
    const odd = snapshotAt(Date.UTC(2099, 0, 1), 11);
    const after = snapshotAt(START_MS + 11 * DAY_MS, 12);
    const kept = keptOf(decide([...snapshots, odd, after], { daily: 7 }, { nowMs: START_MS + 12 * DAY_MS }));
    expect(kept.map(({ sequence }) => sequence)).toEqual([6, 7, 8, 9, 10, 11, 12]);
  });

  it("a clock that jumped ahead when the policy is applied forgets no more than it would have", () => {
    const snapshots = nightly(30);
    const policy = { last: 3, daily: 7, withinMs: 10 * DAY_MS };
    const usual = keptOf(decide(snapshots, policy));
    expect(keptOf(decide(snapshots, policy, { nowMs: Date.UTC(2099, 0, 1) }))).toEqual(usual);
    // One that fell behind keeps more, never less.
    expect(keptOf(decide(snapshots, policy, { nowMs: 0 }))).toEqual(expect.arrayContaining(usual));
  });

  it("times beyond what a date can hold break nothing", () => {
    const snapshots = [snapshotAt(-1e300, 1), snapshotAt(1e300, 2), snapshotAt(Number.NaN, 3)];
    const policy = { hourly: 5, daily: 5, weekly: 5, monthly: 5, yearly: 5 };
    expect(decideRetention(snapshots, policy, { nowMs: 0, timeZone: "Asia/Tokyo" })).toHaveLength(3);
  });
});

describe("periods", () => {
  it("begin where the operator is", () => {
    const at = Date.UTC(2026, 2, 31, 15, 30);
    expect(createPeriods("Asia/Tokyo").keyOf("daily", at)).toBe("2026-04-01");
    expect(createPeriods("Asia/Tokyo").keyOf("monthly", at)).toBe("2026-04");
    expect(createPeriods("America/New_York").keyOf("daily", at)).toBe("2026-03-31");
  });

  it("take the hour that the end of summer time repeats for two, and a day of 23 or 25 hours for one", () => {
    const periods = createPeriods("Europe/Berlin");
    const half = Date.UTC(2026, 9, 25, 0, 30);
    expect(periods.keyOf("hourly", half)).not.toBe(periods.keyOf("hourly", half + HOUR_MS));
    const ofDay = (start: number, hours: number) =>
      new Set(Array.from({ length: hours }, (_, hour) => periods.keyOf("daily", start + hour * HOUR_MS)));
    expect(ofDay(Date.UTC(2026, 9, 24, 22), 25)).toEqual(new Set(["2026-10-25"]));
    expect(ofDay(Date.UTC(2026, 2, 28, 23), 23)).toEqual(new Set(["2026-03-29"]));
  });

  it("number weeks as ISO 8601 does", () => {
    const periods = createPeriods(UTC);
    for (const [date, week] of [
      ["2026-01-01", "2026-W01"],
      ["2027-01-01", "2026-W53"],
      ["2024-12-30", "2025-W01"],
      ["2023-01-01", "2022-W52"],
      ["2026-11-22", "2026-W47"],
    ] as const) {
      expect(periods.keyOf("weekly", Date.parse(`${date}T12:00:00Z`))).toBe(week);
    }
  });

  it("read durations, and refuse what is none", () => {
    expect(parseRetentionDuration("36h")).toBe(36 * HOUR_MS);
    expect(parseRetentionDuration("1y6m")).toBe((366 + 6 * 31) * DAY_MS);
    for (const text of ["", "7", "d", "7 d", "-1d", "1.5d", "7days"])
      expect(() => parseRetentionDuration(text)).toThrow(/within/);
  });
});

describe("whatever there is", () => {
  const someSnapshots = fc
    .array(
      fc.record({
        stepMs: fc.oneof(fc.integer({ min: 0, max: 3 * DAY_MS }), fc.integer({ min: -DAY_MS, max: 60 * DAY_MS })),
        host: fc.constantFrom("host-a", "host-b"),
        files: fc.constantFrom(0, 10, 1_000),
        problems: fc.constantFrom(0, 0, 500),
        tag: fc.constantFrom("", "kept"),
      }),
      { minLength: 1, maxLength: 60 },
    )
    .map((items) => {
      let atMs = START_MS;
      return items.map(({ stepMs, host, files, problems, tag }, index) => {
        atMs += stepMs;
        const tags = tag === "" ? [] : [tag];
        return snapshotAt(atMs, index + 1, { hostId: host, tags, ...sized(files, files * 1000, problems) });
      });
    });
  const somePolicy = fc.record({
    ...{
      last: fc.nat(4),
      hourly: fc.nat(3),
      daily: fc.nat(7),
      weekly: fc.nat(4),
      monthly: fc.nat(3),
      yearly: fc.nat(2),
    },
    ...{ withinMs: fc.constantFrom(0, DAY_MS, 30 * DAY_MS), tags: fc.constantFrom([], ["kept"]) },
  });
  const zones = fc.constantFrom("UTC", "Asia/Tokyo", "America/St_Johns", "Pacific/Apia", "Europe/Berlin");

  it("each gets one decision with a reason, the newest of each group stays, and rules are met", () => {
    fc.assert(
      fc.property(someSnapshots, somePolicy, zones, (snapshots, policy, timeZone) => {
        const decisions = decide(snapshots, policy, { timeZone });
        expect(decisions.map(({ snapshot }) => snapshot)).toEqual(snapshots);
        expect(decisions.every(({ reasons }) => reasons.length > 0)).toBe(true);
        const kept = new Set(keptOf(decisions));
        for (const group of Map.groupBy(snapshots, ({ hostId }) => hostId).values()) {
          expect(kept.has(group.at(-1) as Snapshot)).toBe(true);
          for (const snapshot of group.slice(group.length - Math.min(policy.last, group.length)))
            expect(kept.has(snapshot)).toBe(true);
          const periods = createPeriods(timeZone);
          const days = new Set(group.toReversed().map(({ storedAtMs }) => periods.keyOf("daily", storedAtMs)));
          for (const day of [...days].slice(0, policy.daily)) {
            const ofDay = group.filter(({ storedAtMs }) => periods.keyOf("daily", storedAtMs) === day);
            expect(ofDay.some((snapshot) => kept.has(snapshot))).toBe(true);
          }
        }
        for (const snapshot of snapshots)
          if (policy.tags.some((tag) => snapshot.tags.includes(tag))) expect(kept.has(snapshot)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it("applying the policy again forgets nothing more", () => {
    fc.assert(
      fc.property(someSnapshots, somePolicy, (snapshots, policy) => {
        const nowMs = Math.max(...snapshots.map(({ storedAtMs }) => storedAtMs));
        const once = keptOf(decide(snapshots, policy, { nowMs }));
        // Without the settled ones of `last`, which may slide to older ones only by time passing.
        const twice = keptOf(decide(once, policy, { nowMs }));
        expect(new Set(twice)).toEqual(new Set(once));
      }),
      { numRuns: 150 },
    );
  });

  it("the host's own clock and the order of the list change nothing", () => {
    fc.assert(
      fc.property(someSnapshots, somePolicy, fc.maxSafeInteger(), (snapshots, policy, lie) => {
        const ids = (list: readonly Snapshot[]) => keptOf(decide(list, policy)).map(({ id }) => id);
        const lying = snapshots.map((snapshot) => ({ ...snapshot, startedAtMs: lie, finishedAtMs: -lie }));
        expect(ids(lying.toReversed())).toEqual(ids(snapshots));
      }),
      { numRuns: 50 },
    );
  });
});
