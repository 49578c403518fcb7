import { SettingsError } from "../runtime/errors.ts";
import { createPeriods, PERIOD_KINDS, type PeriodKind } from "./retention-periods.ts";
import type { Snapshot } from "./snapshot.ts";

// Which snapshots stay. A pure decision with a reason for each, so that a dry run tells what a run does. Whoever holds an
// agent's certificate can make snapshots at will and writes their dates and figures himself, therefore:
//   - order is the store's own (`sequence`), time is the manager's (`storedAtMs`); the host's clock is never asked;
//   - a rule counts within one host and set of paths;
//   - `last` counts twice: among all, and among those a week old, so that a flood has a week to be noticed;
//   - hours, days, weeks, months, years each pass once by the manager's clock, however many snapshots are made in one;
//   - of a period with a rush of snapshots the last one before the rush stays as well, and where the newest of a period is
//     far smaller than the best one or lacks much, the newest good one stays as well;
//   - the newest is never forgotten, and without any rule nothing is.

/** How many to keep of each; rules that are absent keep nothing by themselves. A snapshot stays when any rule keeps it. */
export interface RetentionPolicy {
  readonly last?: number | undefined;
  readonly hourly?: number | undefined;
  readonly daily?: number | undefined;
  readonly weekly?: number | undefined;
  readonly monthly?: number | undefined;
  readonly yearly?: number | undefined;
  /** Everything stored so shortly before the newest of its group (or before now, where that is earlier). */
  readonly withinMs?: number | undefined;
  /** Everything that bears one of these. */
  readonly tags?: readonly string[] | undefined;
}

export interface RetentionDecision {
  readonly snapshot: Snapshot;
  readonly keep: boolean;
  /** Why it stays, a phrase a rule: `daily: newest of 2026-03-01`; or the one reason why it goes. Never empty. */
  readonly reasons: readonly string[];
}

export interface RetentionContext {
  /** The manager's clock. */
  readonly nowMs: number;
  /** IANA name, of the operator: `Asia/Tokyo`. Days, weeks, months and years begin there; hours are counted in UTC. */
  readonly timeZone: string;
  /** Reasons of holds by snapshot id. */
  readonly holds?: ReadonlyMap<string, string> | undefined;
}

/** `last` counts among those so old, too: a week is what an operator has to notice a flood. */
export const SETTLED_AFTER_MS = 7 * 24 * 3_600_000;
/** More snapshots of one host and set of paths in a day are a rush: twice an hour is the densest plan we expect. */
export const RUSH_SNAPSHOTS_PER_DAY = 48;
/** A snapshot with less than this share of the files or bytes of the best one of its period does not stand for it. */
const GOOD_SHARE_MIN = 0.5;
/** Nor one in which more than this share of the entries had problems. */
const PROBLEM_SHARE_MAX = 0.01;

/** A decision for each snapshot, in order of sequence. SettingsError("timeZone" or a rule's name) for values that mean nothing. */
export function decideRetention(
  snapshots: readonly Snapshot[],
  policy: RetentionPolicy,
  context: RetentionContext,
): RetentionDecision[] {
  assertPolicy(policy);
  const periods = createPeriods(context.timeZone);
  const reasons = new Map<Snapshot, string[]>(snapshots.map((snapshot) => [snapshot, []]));
  const keep = (snapshot: Snapshot, reason: string) => {
    const known = reasons.get(snapshot);
    if (known !== undefined && !known.includes(reason)) known.push(reason);
  };
  for (const snapshot of snapshots) {
    const hold = context.holds?.get(snapshot.id);
    if (hold !== undefined) keep(snapshot, hold === "" ? "on hold" : `on hold: ${hold}`);
    for (const tag of policy.tags ?? []) if (snapshot.tags.includes(tag)) keep(snapshot, `tag: ${tag}`);
  }
  const ordered = [...snapshots].sort((a, b) => a.sequence - b.sequence);
  for (const group of Map.groupBy(ordered, groupOf).values()) {
    // Newest first from here on.
    const newestFirst = group.toReversed();
    keepNewest(newestFirst, policy, keep);
    keepWithin(newestFirst, policy, context.nowMs, keep);
    keepLast(newestFirst, policy, context.nowMs, keep);
    for (const kind of PERIOD_KINDS) keepPeriods(newestFirst, { kind, count: policy[kind] ?? 0 }, periods, keep);
  }
  return ordered.map((snapshot) => {
    const found = reasons.get(snapshot) as string[];
    return { snapshot, keep: found.length > 0, reasons: found.length > 0 ? found : ["no rule keeps it"] };
  });
}

type Keep = (snapshot: Snapshot, reason: string) => void;

/** One host and set of paths: host names and job ids may change, and another order of paths is the same backup. */
export function groupOf({ hostId, paths }: Pick<Snapshot, "hostId" | "paths">): string {
  return JSON.stringify([hostId, ...paths.map((path) => path.toString("latin1")).sort()]);
}

function isEmptyPolicy(policy: RetentionPolicy): boolean {
  const counts = [policy.last, policy.withinMs, ...PERIOD_KINDS.map((kind) => policy[kind])];
  return counts.every((count) => (count ?? 0) === 0) && (policy.tags ?? []).length === 0;
}

function keepNewest(newestFirst: readonly Snapshot[], policy: RetentionPolicy, keep: Keep): void {
  const isEmpty = isEmptyPolicy(policy);
  for (const snapshot of isEmpty ? newestFirst : []) keep(snapshot, "no rule is given");
  const newest = newestFirst[0];
  if (newest !== undefined && !isEmpty) keep(newest, "the newest of its host and paths");
}

/** The moment that ages are counted from: a manager's clock that runs ahead must not age everything at once. */
function referenceOf(newestFirst: readonly Snapshot[], nowMs: number): number {
  return Math.min(nowMs, newestFirst[0]?.storedAtMs ?? nowMs);
}

function keepWithin(newestFirst: readonly Snapshot[], { withinMs = 0 }: RetentionPolicy, nowMs: number, keep: Keep) {
  if (withinMs === 0) return;
  const since = referenceOf(newestFirst, nowMs) - withinMs;
  for (const snapshot of newestFirst) if (snapshot.storedAtMs >= since) keep(snapshot, "within the duration");
}

function keepLast(newestFirst: readonly Snapshot[], { last = 0 }: RetentionPolicy, nowMs: number, keep: Keep): void {
  const good = newestFirst.filter((snapshot) => isGood(snapshot, bestOf(newestFirst.slice(0, last + 1))));
  for (const snapshot of newestFirst.slice(0, last)) keep(snapshot, `last: one of the newest ${last}`);
  // Empty and partial ones fill no place of a good one.
  for (const snapshot of good.slice(0, last)) keep(snapshot, `last: one of the newest ${last} that are whole`);
  const settledBefore = referenceOf(newestFirst, nowMs) - SETTLED_AFTER_MS;
  const settled = newestFirst.filter(({ storedAtMs }) => storedAtMs <= settledBefore);
  for (const snapshot of settled.slice(0, last)) keep(snapshot, `last: one of the newest ${last} a week ago`);
}

function keepPeriods(
  newestFirst: readonly Snapshot[],
  { kind, count }: { kind: PeriodKind; count: number },
  periods: ReturnType<typeof createPeriods>,
  keep: Keep,
): void {
  if (count === 0) return;
  const byPeriod = Map.groupBy(newestFirst, ({ storedAtMs }) => periods.keyOf(kind, storedAtMs));
  const perDay = Map.groupBy(newestFirst, ({ storedAtMs }) => periods.keyOf("daily", storedAtMs));
  const isRush = ({ storedAtMs }: Snapshot) =>
    (perDay.get(periods.keyOf("daily", storedAtMs))?.length ?? 0) > RUSH_SNAPSHOTS_PER_DAY;
  // In the order in which they were first met, newest first, whatever their dates say.
  for (const [key, members] of [...byPeriod].slice(0, count)) {
    const newest = members[0] as Snapshot;
    keep(newest, `${kind}: newest of ${key}`);
    const best = bestOf(members);
    const good = members.find((snapshot) => isGood(snapshot, best));
    if (good !== undefined && good !== newest) keep(good, `${kind}: newest whole one of ${key}`);
    const rush = members.findLastIndex(isRush);
    const before = members[rush + 1] ?? members[rush];
    if (before !== undefined && rush >= 0) keep(before, `${kind}: before the rush in ${key}`);
  }
}

interface Best {
  readonly files: number;
  readonly bytes: number;
}

function bestOf(snapshots: readonly Snapshot[]): Best {
  let [files, bytes] = [0, 0];
  for (const { stats } of snapshots) {
    files = Math.max(files, stats.files);
    bytes = Math.max(bytes, stats.bytes);
  }
  return { files, bytes };
}

function isGood({ stats }: Snapshot, best: Best): boolean {
  const entries = stats.files + stats.directories;
  const isPartial = stats.problems > entries * PROBLEM_SHARE_MAX;
  return !isPartial && stats.files >= best.files * GOOD_SHARE_MIN && stats.bytes >= best.bytes * GOOD_SHARE_MIN;
}

function assertPolicy(policy: RetentionPolicy): void {
  for (const name of ["last", "withinMs", ...PERIOD_KINDS] as const) {
    const value = policy[name] ?? 0;
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new SettingsError(name, `${value} is not a whole number from 0 up`);
    }
  }
}
