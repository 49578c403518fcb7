import type { Command } from "commander";
import type { Text } from "../ports/flow.ts";
import { integer } from "../runtime/setting-kinds.ts";
import type { RetentionDecision, RetentionPolicy } from "../store/retention.ts";
import type { Store } from "../store/store.ts";
import { confirm, DRY_RUN_OPTION, YES_OPTION } from "./confirm.ts";
import { defineCommand } from "./define-command.ts";
import { EXIT } from "./output.ts";
import { formatCount } from "./quantities.ts";
import type { Cli, Session } from "./session.ts";
import { shortIds } from "./short-ids.ts";
import { pathText } from "./store-bytes.ts";
import { chooseSnapshot, filterSnapshots, type SnapshotFilter, snapshotJson } from "./store-choice.ts";
import { tellCollected } from "./store-gc.ts";
import { type StoreOptions, withStore } from "./store-opening.ts";
import { retentionReason } from "./store-reasons.ts";
import { FILTER_OPTIONS, PASSPHRASE_OPTION, STORE_ARGUMENT, STORE_WORDS } from "./store-words.ts";
import { LABELS } from "./words.ts";

const WORDS = {
  about: { en: "forget snapshots: by rules, or by their ids", ja: "スナップショットを削除(規則または ID で指定)" },
  ids: {
    en: "ids or unique beginnings; none where rules are given",
    ja: "ID または一意な先頭部分(規則を使う場合は省略)",
  },
  last: { en: "keep the newest N", ja: "最新 N 件を残す" },
  hourly: { en: "keep one an hour for the last N hours that have one", ja: "直近 N 時間分を 1 時間に 1 件残す" },
  daily: { en: "the same of days", ja: "直近 N 日分を 1 日に 1 件残す" },
  weekly: { en: "the same of weeks", ja: "直近 N 週分を 1 週に 1 件残す" },
  monthly: { en: "the same of months", ja: "直近 N か月分を 1 か月に 1 件残す" },
  yearly: { en: "the same of years", ja: "直近 N 年分を 1 年に 1 件残す" },
  within: { en: "keep what is younger: 36h, 30d, 6m, 1y6m", ja: "期間内のものを残す: 36h、30d、6m、1y6m" },
  keepTag: { en: "keep what has this tag (may be repeated)", ja: "このタグのものを残す(複数指定可)" },
  timeZone: {
    en: "where days begin (default: this computer's)",
    ja: "日付の基準とするタイムゾーン(既定: このコンピュータ)",
  },
  gc: { en: "then give back the space, as `store gc` does", ja: "続けて `store gc` と同様に領域を回収" },
  notes: {
    en: "A snapshot stays when any rule keeps it. Rules count for each host and set of paths by itself; the newest of each and\nwhat is on hold always stay. Every decision is explained; --dry-run shows them and changes nothing.",
    ja: "いずれかの規則に当てはまるスナップショットは残ります。規則はホストとパスの組ごとに数えます。それぞれの最新と、保護中の\nものは必ず残ります。すべての判断に理由を表示します。--dry-run なら表示だけで、何も変更しません。",
  },
  nothingAsked: {
    en: "nothing says what to forget: give snapshots, or rules such as --keep-daily 7",
    ja: "削除の対象がありません。スナップショットか、--keep-daily 7 などの規則を指定してください",
  },
  both: {
    en: "give snapshots or rules, not both",
    ja: "スナップショットと規則は同時に指定できません",
  },
  decision: { en: "DECISION", ja: "判断" },
  keep: { en: "keep", ja: "残す" },
  forget: { en: "forget", ja: "削除" },
  why: { en: "WHY", ja: "理由" },
  named: { en: "named on the command line", ja: "コマンドで指定" },
  question: {
    en: "Forget snapshots of {store}: {count}. Go on?",
    ja: "{store} のスナップショット {count} 件を削除しますか?",
  },
  forgot: { en: "snapshots forgotten: {count}, kept: {kept}", ja: "{count} 件を削除、{kept} 件を保持" },
  wouldForget: {
    en: "snapshots that would be forgotten: {count}, kept: {kept}",
    ja: "{count} 件を削除、{kept} 件を保持します",
  },
  collectNext: {
    en: "`rusuban store gc {store}` gives back their space.",
    ja: "領域は `rusuban store gc {store}` で回収できます。",
  },
  held: { en: "snapshot {id} is on hold{reason}", ja: "スナップショット {id} は保護されています{reason}" },
  unholdFirst: {
    en: "`rusuban store unhold {store} {id}` takes the hold back",
    ja: "保護の解除は `rusuban store unhold {store} {id}`",
  },
} as const satisfies Record<string, Text>;

const COUNT = integer({ min: 0, max: 1_000_000 });
const RULES = ["last", "hourly", "daily", "weekly", "monthly", "yearly"] as const;
type Rule = (typeof RULES)[number];
const ruleFlag = (rule: Rule) => ({ flags: `--keep-${rule} <n>`, about: WORDS[rule], kind: COUNT });

type Options = StoreOptions &
  SnapshotFilter & { readonly [R in Rule as `keep${Capitalize<R>}`]?: number } & {
    readonly keepWithin?: string;
    readonly keepTag?: string[];
    readonly timeZone?: string;
    readonly gc?: boolean;
    readonly dryRun?: boolean;
    readonly yes?: boolean;
  };

/** `rusuban store forget STORE [SNAPSHOT…]`. */
export function storeForgetCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "forget",
    about: WORDS.about,
    arguments: [STORE_ARGUMENT, ["[snapshot...]", WORDS.ids]],
    options: [
      ...RULES.map(ruleFlag),
      { flags: "--keep-within <time>", about: WORDS.within },
      { flags: "--keep-tag <tag>", about: WORDS.keepTag, isRepeatable: true },
      { flags: "--time-zone <name>", about: WORDS.timeZone },
      ...FILTER_OPTIONS,
      { flags: "--gc", about: WORDS.gc },
      DRY_RUN_OPTION,
      YES_OPTION,
      PASSPHRASE_OPTION,
    ],
    examples: [
      "rusuban store forget /mnt/disk/backups --keep-last 3 --keep-daily 7 --keep-weekly 5 --keep-monthly 12 --dry-run",
      "rusuban store forget /mnt/disk/backups --keep-within 30d --keep-tag yearly --yes --gc",
      "rusuban store forget /mnt/disk/backups 0193a1b2 --yes",
    ],
    notes: WORDS.notes,
    run: forget,
  });
}

async function forget(session: Session, place: string, refs: string[], options: Options): Promise<undefined> {
  const { parseRetentionDuration } = await import("../store/retention-periods.ts");
  const policy = policyOf(options, parseRetentionDuration);
  if (refs.length === 0 && policy === undefined)
    throw session.failure("usage", WORDS.nothingAsked, { exit: EXIT.usage });
  if (refs.length > 0 && policy !== undefined) throw session.failure("usage", WORDS.both, { exit: EXIT.usage });
  return withStore(session, place, { ...options, interrupted: STORE_WORDS.interruptedForgetting }, async (opened) => {
    const { store, signal } = opened;
    const decisions =
      policy === undefined ? namedDecisions(session, store, { place, refs }) : plannedDecisions(store, policy, options);
    const going = decisions.filter(({ keep }) => !keep).map(({ snapshot }) => snapshot);
    const { dryRun = false } = options;
    if (!session.json) tabulate(session, decisions);
    if (!dryRun && going.length > 0) {
      await confirm(session, options, WORDS.question, { count: formatCount(going.length), store: place });
      for (const { id } of going) {
        signal.throwIfAborted();
        await store.forgetSnapshot(id);
      }
    }
    const collected = options.gc === true ? await store.collectGarbage({ dryRun, signal }) : undefined;
    const json = decisions.map(({ snapshot, keep, reasons }) => ({ ...snapshotJson(snapshot), keep, reasons }));
    session.result({ dryRun, decisions: json, ...(collected === undefined ? {} : { collected }) }, () => {
      const counts = { count: formatCount(going.length), kept: formatCount(store.listSnapshots().length) };
      if (dryRun)
        return session.tell(WORDS.wouldForget, { ...counts, kept: formatCount(decisions.length - going.length) });
      session.tell(WORDS.forgot, counts);
      if (collected !== undefined) tellCollected(session, collected, { dryRun });
      else if (going.length > 0) session.tell(WORDS.collectNext, { store: place });
    });
    return undefined;
  });
}

/** Undefined where no rule is given. */
function policyOf(options: Options, parseDuration: (text: string) => number): RetentionPolicy | undefined {
  const { keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly, keepWithin, keepTag } = options;
  const policy: RetentionPolicy = {
    ...{ last: keepLast, hourly: keepHourly, daily: keepDaily, weekly: keepWeekly },
    ...{ monthly: keepMonthly, yearly: keepYearly, tags: keepTag },
    withinMs: keepWithin === undefined ? undefined : parseDuration(keepWithin),
  };
  return Object.values(policy).every((rule) => rule === undefined) ? undefined : policy;
}

function plannedDecisions(store: Store, policy: RetentionPolicy, options: Options): RetentionDecision[] {
  const timeZone = options.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const decisions = store.planRetention(policy, { timeZone });
  const meant = new Set(filterSnapshots(store.listSnapshots(), options).map(({ id }) => id));
  return decisions.filter(({ snapshot }) => meant.has(snapshot.id));
}

function namedDecisions(
  session: Session,
  store: Store,
  { place, refs }: { place: string; refs: readonly string[] },
): RetentionDecision[] {
  const snapshots = store.listSnapshots();
  const named = new Set(refs.map((ref) => chooseSnapshot(session, snapshots, { ref, store: place })));
  for (const { id } of named) {
    const hold = store.listHolds().find(({ snapshot }) => snapshot === id);
    if (hold === undefined) continue;
    const values = { id, store: place, reason: hold.reason === "" ? "" : `: ${hold.reason}` };
    throw session.failure("on-hold", WORDS.held, { hint: WORDS.unholdFirst, values });
  }
  return [...named].map((snapshot) => ({ snapshot, keep: false, reasons: [session.say(WORDS.named)] }));
}

function tabulate(session: Session, decisions: readonly RetentionDecision[]): void {
  const ids = shortIds(decisions.map(({ snapshot }) => snapshot.id));
  session.table(
    [WORDS.decision, LABELS.id, LABELS.host, LABELS.when, LABELS.paths, WORDS.why],
    decisions.map(({ snapshot, keep, reasons }, index) => [
      keep ? { text: session.say(WORDS.keep), style: "green" } : { text: session.say(WORDS.forget), style: "red" },
      ids[index] ?? snapshot.id,
      snapshot.hostName,
      session.moment(snapshot.storedAtMs),
      snapshot.paths.map(pathText).join(" "),
      reasons.map((reason) => retentionReason(reason, session.language)).join("; "),
    ]),
  );
}
