import type { Command } from "commander";
import { formatBytes } from "../model/quantity.ts";
import type { Text } from "../ports/flow.ts";
import { seconds } from "../runtime/setting-kinds.ts";
import type { CheckProblem, CheckProblemKind, CheckProgress, CheckReport } from "../store/check-report.ts";
import type { RepairActionKind, RepairReport } from "../store/repair-report.ts";
import { DRY_RUN_OPTION } from "./confirm.ts";
import { defineCommand } from "./define-command.ts";
import { EXIT, type ExitCode } from "./output.ts";
import { createProgressLine, createRate } from "./progress-line.ts";
import { formatCount } from "./quantities.ts";
import type { Cli, Session } from "./session.ts";
import { pathJson, pathText } from "./store-bytes.ts";
import { type StoreOptions, withStore } from "./store-opening.ts";
import { PASSPHRASE_OPTION, STORE_ARGUMENT } from "./store-words.ts";

const WORDS = {
  about: { en: "verify a store, and mend it where that is asked for", ja: "ストアを検査(指定により修復)" },
  readData: { en: "read and verify all data, not only structure", ja: "構造だけでなく全データを読んで検証" },
  maxTime: {
    en: "with --read-data: the longest unverified first, for so long: 10m, 2h",
    ja: "--read-data で、検証していない期間が長いものから、この時間だけ読む: 10m、2h",
  },
  findLost: {
    en: "with --repair: look for snapshots that were lost with their copies as well; may bring back forgotten ones, all on hold",
    ja: "--repair と併用: 複製ごと失われたスナップショットも探す。削除済みのものが戻ることもあり、すべて保護状態になる",
  },
  repair: {
    en: "read everything, mend what can be mended, set aside what cannot, name what was lost",
    ja: "すべてを読み、直せるものを直し、直せないものを隔離して、失われたものを示す",
  },
  notes: {
    en: "A check changes nothing. Exit code: 0 all in order, 3 in order but something has lost its protection, 1 damaged;\nwith --repair 0 all mended, 3 something was lost.",
    ja: "検査は何も変更しません。終了コード: 0 異常なし、3 データは無事だが冗長性を失ったものがある、1 破損あり。\n--repair では 0 すべて修復、3 失われたものがある。",
  },
  progress: {
    en: "{done} of {packs} packs  {bytes} of {total}  {rate}/s",
    ja: "{done} / {packs} パック  {bytes} / {total}  {rate}/秒",
  },
  fine: {
    en: "in order (snapshots {snapshots}, packs {packs}, objects {objects}; {read} read)",
    ja: "異常なし: スナップショット {snapshots}、パック {packs}、オブジェクト {objects}、読み取り {read}",
  },
  found: {
    en: "problems: {count} (snapshots {snapshots}, packs {packs}, objects {objects}; {read} read)",
    ja: "{count} 件の問題: スナップショット {snapshots}、パック {packs}、オブジェクト {objects}、読み取り {read}",
  },
  neverRead: {
    en: "Packs not read since they were written: {count}. --read-data reads them.",
    ja: "{count} パックは書き込み後に一度も読まれていません(--read-data で検証)。",
  },
  problem: { en: "{kind}  {what}: {problem}", ja: "{kind}  {what}: {problem}" },
  affects: { en: "    snapshots {list}", ja: "    スナップショット {list}" },
  file: { en: "    {path}", ja: "    {path}" },
  moreFiles: { en: "    … and {count} more paths", ja: "    ほか {count} パス" },
  repairHint: {
    en: "`rusuban store check {store} --repair --dry-run` says what can be mended.",
    ja: "修復できるかどうかは `rusuban store check {store} --repair --dry-run` で確認できます。",
  },
  action: { en: "{kind}  {what}: {detail}", ja: "{kind}  {what}: {detail}" },
  nothingToDo: { en: "nothing to repair", ja: "修復の必要はありません" },
  wouldDo: {
    en: "repairs to be made: {count}, problems that would be left: {left}",
    ja: "修復 {count} 件、残る問題 {left} 件",
  },
  repaired: { en: "repairs made: {count}, problems left: {left}", ja: "{count} 件を修復、残る問題 {left} 件" },
  interrupted: { en: "stopped; the store is as good as it was", ja: "中止しました。ストアの状態は変わっていません。" },
} as const satisfies Record<string, Text>;

const PROBLEM_WORDS: Readonly<Record<CheckProblemKind, Text>> = {
  damaged: { en: "damaged", ja: "破損" },
  missing: { en: "missing", ja: "欠落" },
  unreadable: { en: "unreadable", ja: "読み取り不可" },
  unprotected: { en: "unprotected", ja: "冗長性なし" },
};

const ACTION_WORDS: Readonly<Record<RepairActionKind, Text>> = {
  mended: { en: "mended", ja: "修復" },
  rescued: { en: "rescued", ja: "救出" },
  copied: { en: "copied", ja: "複製から再作成" },
  "set-aside": { en: "set aside", ja: "隔離" },
  protected: { en: "protected", ja: "冗長性を回復" },
  recovered: { en: "recovered snapshot", ja: "スナップショットを再発見" },
  indexed: { en: "indexed", ja: "索引を再作成" },
};

/** Of one problem; --json lists them all. */
const FILES_SHOWN = 20;

interface Options extends StoreOptions {
  readonly readData?: boolean;
  readonly maxTime?: number;
  readonly repair?: boolean;
  readonly findLost?: boolean;
  readonly dryRun?: boolean;
}

/** `rusuban store check STORE`. */
export function storeCheckCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "check",
    about: WORDS.about,
    arguments: [STORE_ARGUMENT],
    options: [
      { flags: "--read-data", about: WORDS.readData },
      { flags: "--max-time <time>", about: WORDS.maxTime, kind: seconds({ min: 1, max: 365 * 86_400 }) },
      { flags: "--repair", about: WORDS.repair },
      { flags: "--find-lost", about: WORDS.findLost },
      DRY_RUN_OPTION,
      PASSPHRASE_OPTION,
    ],
    examples: [
      "rusuban store check /mnt/disk/backups",
      "rusuban store check /mnt/disk/backups --read-data --max-time 10m",
      "rusuban store check /mnt/disk/backups --repair --dry-run",
    ],
    notes: WORDS.notes,
    run: check,
  });
}

function check(session: Session, place: string, options: Options): Promise<ExitCode> {
  const { readData = false, maxTime, repair = false, findLost = false, dryRun = false } = options;
  return withStore(session, place, { ...options, interrupted: WORDS.interrupted }, async ({ store, signal }) => {
    const { show, clear } = createCheckProgress(session);
    try {
      if (repair) {
        const report = await store.repair({ dryRun, findLost, signal, onProgress: show });
        clear();
        return concludeRepair(session, report, { dryRun });
      }
      const reading = { readData: readData || maxTime !== undefined, maxSeconds: maxTime };
      const report = await store.check({ ...reading, signal, onProgress: show });
      clear();
      return concludeCheck(session, report, place);
    } finally {
      clear();
    }
  });
}

function createCheckProgress(session: Session) {
  const line = createProgressLine(session.world);
  const rateOf = createRate(() => session.world.clock.monotonic());
  const show = ({ packsDone, packs, bytesDone, bytes }: CheckProgress) => {
    const counts = { done: formatCount(packsDone), packs: formatCount(packs) };
    const sizes = { bytes: formatBytes(bytesDone), total: formatBytes(bytes), rate: formatBytes(rateOf(bytesDone)) };
    line.show(session.say(WORDS.progress, { ...counts, ...sizes }), "");
  };
  return { show, clear: () => line.clear() };
}

function concludeCheck(session: Session, report: CheckReport, store: string): ExitCode {
  const { problems } = report;
  session.result(reportJson(report), () => {
    const counts = { snapshots: formatCount(report.snapshots), packs: formatCount(report.packs) };
    const values = { ...counts, objects: formatCount(report.objects), read: formatBytes(report.bytesRead) };
    printProblems(session, problems);
    if (problems.length === 0) session.print(session.say(WORDS.fine, values));
    else {
      session.print(session.say(WORDS.found, { ...values, count: formatCount(problems.length) }));
      session.tell(WORDS.repairHint, { store });
    }
    if (report.packsNeverVerified > 0) session.tell(WORDS.neverRead, { count: formatCount(report.packsNeverVerified) });
  });
  if (problems.some(({ kind }) => kind !== "unprotected")) return EXIT.failed;
  return problems.length > 0 ? EXIT.partly : EXIT.done;
}

function concludeRepair(session: Session, report: RepairReport, { dryRun }: { dryRun: boolean }) {
  const { found, actions, recovered, left } = report;
  session.result({ dryRun, found: reportJson(found), actions, recovered, left: left.map(problemJson) }, () => {
    for (const { kind, what, detail } of actions)
      session.print(session.say(WORDS.action, { kind: session.say(ACTION_WORDS[kind]), what, detail }));
    printProblems(session, left);
    const counts = { count: formatCount(actions.length), left: formatCount(left.length) };
    if (actions.length === 0 && left.length === 0) session.print(session.say(WORDS.nothingToDo));
    else session.print(session.say(dryRun ? WORDS.wouldDo : WORDS.repaired, counts));
  });
  return left.length > 0 ? EXIT.partly : EXIT.done;
}

function printProblems(session: Session, problems: readonly CheckProblem[]): void {
  for (const { kind, what, problem, snapshots, files, filesMore } of problems) {
    session.print(session.say(WORDS.problem, { kind: session.say(PROBLEM_WORDS[kind]), what, problem }));
    if (snapshots.length > 0) session.print(session.say(WORDS.affects, { list: snapshots.join(", ") }));
    const shown = files.slice(0, FILES_SHOWN);
    for (const { path, isDirectory } of shown)
      session.print(session.say(WORDS.file, { path: `${pathText(path)}${isDirectory ? "/…" : ""}` }));
    const more = files.length - shown.length + filesMore;
    if (more > 0) session.print(session.say(WORDS.moreFiles, { count: formatCount(more) }));
  }
}

function reportJson(report: CheckReport) {
  const oldestVerifiedAtMs = report.oldestVerifiedAtMs ?? null;
  return { ...report, oldestVerifiedAtMs, problems: report.problems.map(problemJson) };
}

function problemJson(problem: CheckProblem) {
  const files = problem.files.map(({ path, isDirectory, snapshots }) => ({
    ...pathJson(path),
    isDirectory,
    snapshots,
  }));
  return { ...problem, files };
}
