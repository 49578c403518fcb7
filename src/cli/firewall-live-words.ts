// The words of the commands that look at and change this host's own firewall.

import type { Text } from "../ports/flow.ts";
import type { OptionShape } from "./define-command.ts";
import { RULE_OPTIONS } from "./firewall-options.ts";

export const LIVE_WORDS = {
  notRoot: {
    en: "reading and changing the firewall takes root",
    ja: "ファイアウォールの参照と変更には root 権限が必要です",
  },
  notRootHint: {
    en: "run the same command as root (sudo), or send the output of `rusuban firewall render` to whoever is",
    ja: "root(sudo)で同じコマンドを実行するか、`rusuban firewall render` の出力を管理者に渡してください",
  },
  noLinux: {
    en: "this command changes the firewall of a Linux host; this is {platform}",
    ja: "このコマンドは Linux ホストのファイアウォール用です(このホスト: {platform})",
  },
  noLinuxHint: {
    en: "load what `rusuban firewall render` prints for its firewall",
    ja: "`rusuban firewall render` の出力をそのファイアウォールに読み込ませてください",
  },
  noRules: {
    en: "there is nothing to let through on this host",
    ja: "このホストで許可すべき通信がありません",
  },
  noRulesHint: {
    en: "name the other end with --manager ADDRESS or --agent ADDRESS, and the side with --side",
    ja: "--manager アドレス または --agent アドレス で相手を、--side で役割を指定してください",
  },
  noRecord: {
    en: "nothing has been applied on this host, so there is nothing to apply again",
    ja: "このホストで適用された規則がないため、再適用できません",
  },
  cutsConnections: {
    en: "denying the rest would shut out connections that are open now: {connections}",
    ja: "残りを拒否すると、現在接続中の相手が接続できなくなります: {connections}",
  },
  cutsConnectionsHint: {
    en: "let each of them in with --admit ADDRESS:PORT, or leave --default-deny out",
    ja: "--admit アドレス:ポート で許可するか、--default-deny を外してください",
  },
  denyNotOurs: {
    en: "{manager} decides on this host already: --default-deny is for a host where nobody does",
    ja: "このホストでは {manager} がすでに制御しています。--default-deny は何も制御していないホスト用です",
  },
  denyNotOursHint: {
    en: "leave --default-deny out: what is wanted is let in there",
    ja: "--default-deny を外してください(必要な通信はそこで許可されます)",
  },
  badAdmission: {
    en: "--admit {value}: expected ADDRESS:PORT, such as 192.0.2.10:22, 192.0.2.0/24:22 or [2001:db8::10]:22",
    ja: "--admit {value}: 192.0.2.10:22、192.0.2.0/24:22、[2001:db8::10]:22 の形で指定してください",
  },
  noJobOpenings: {
    en: "openings for running jobs only cannot be had here: {reason}",
    ja: "ジョブ実行中だけの許可はここでは使えません: {reason}",
  },
  dropJobOpenings: { en: "leave --job-openings out", ja: "--job-openings を外してください" },
  same: { en: "nothing to change: all of it is in place", ja: "変更はありません(すべて適用済みです)" },
  differences: {
    en: "differences: {count}; `rusuban firewall apply` makes them",
    ja: "差分: {count} 件。`rusuban firewall apply` で適用します",
  },
  inCharge: { en: "in charge", ja: "制御しているもの" },
  nobody: { en: "nobody", ja: "なし" },
  evidence: { en: "evidence", ja: "根拠" },
  beside: { en: "beside it", ja: "併存" },
  applied: { en: "applied", ja: "適用" },
  never: { en: "nothing of ours", ja: "なし" },
  afterRestart: { en: "after a restart", ja: "再起動後" },
  isPermanent: { en: "comes back", ja: "維持される" },
  isRuntime: { en: "gone, unless applied with --permanent", ja: "失われる(--permanent で維持)" },
  waiting: { en: "waiting", ja: "確認待ち" },
  waitingValue: {
    en: "a change, taken back in {seconds} s unless `rusuban firewall confirm`",
    ja: "変更が確認待ち: `rusuban firewall confirm` がなければ {seconds} 秒後に元に戻ります",
  },
  drift: { en: "changed since", ja: "適用後の変化" },
  noDrift: { en: "nothing", ja: "なし" },
  driftValue: {
    en: "{count} rules; `rusuban firewall apply --again` mends them",
    ja: "{count} 件。`rusuban firewall apply --again` で元に戻せます",
  },
  leftOut: { en: "not written: {rule}: {reason}", ja: "書き込まない規則: {rule}: {reason}" },
  appliedNow: { en: "applied to {manager}: {count} rules", ja: "{manager} に適用しました: {count} 件" },
  confirmBefore: {
    en: "taken back in {seconds} s: check that everything works, then run `rusuban firewall confirm`",
    ja: "{seconds} 秒後に元に戻ります。動作を確認してから `rusuban firewall confirm` を実行してください",
  },
  permanentLater: {
    en: "what a restart brings back is written when you confirm",
    ja: "再起動後のための書き込みは confirm のときに行います",
  },
  nobodyDenies: {
    en: "nothing on this host denies what comes in: these rules change nothing until something does (--default-deny)",
    ja: "このホストでは受信を拒否するものがありません。拒否されるようになるまで(--default-deny)規則の効果はありません",
  },
  confirmed: { en: "confirmed: {count} rules stay", ja: "確定しました: {count} 件" },
  reverted: { en: "taken back: the rules are as they were before", ja: "元に戻しました" },
  nothingWaits: { en: "no change waits: nothing to take back", ja: "確認待ちの変更はありません" },
  removed: {
    en: "removed: {count} rules; nothing of ours is left",
    ja: "削除しました: {count} 件(痕跡は残っていません)",
  },
  nothingThere: { en: "there were no rules of ours", ja: "削除すべき規則はありませんでした" },
  wouldRemove: { en: "would remove {count} rules", ja: "{count} 件の規則を削除します" },
  removeQuestion: {
    en: "Remove {count} rules from this host's firewall?",
    ja: "このホストのファイアウォールから {count} 件の規則を削除しますか。",
  },
  takenBackBefore: {
    en: "a change that was not finished or not confirmed in time has been taken back",
    ja: "完了しなかった、または確認されなかった変更を元に戻しました",
  },
  finishedBefore: { en: "a change that was cut short has been finished", ja: "中断していた変更を完了しました" },
  persisted: { en: "for the next restart: {what}", ja: "再起動後のため: {what}" },
  notPersisted: { en: "will not survive a restart: {what}", ja: "再起動で失われます: {what}" },
  state: {
    en: "folder of root's where changes are written down (default /var/lib/rusuban/firewall)",
    ja: "変更を記録する root 専用フォルダ(既定 /var/lib/rusuban/firewall)",
  },
  side: {
    en: "what this host is; default: what this data folder says (may be repeated)",
    ja: "このホストの役割(既定はデータフォルダから判断。複数指定可)",
  },
  defaultDeny: {
    en: "where nobody denies what comes in: deny the rest in a table of our own",
    ja: "受信を拒否するものがない場合に、独自のテーブルで残りを拒否",
  },
  admit: {
    en: "with --default-deny: ADDRESS:PORT to let in as well (may be repeated)",
    ja: "--default-deny で追加許可する アドレス:ポート(複数指定可)",
  },
  jobOpenings: {
    en: "data ports only while a job runs, closed by the firewall itself (nftables, firewalld)",
    ja: "データポートはジョブ実行中だけ許可(nftables・firewalld)",
  },
} as const satisfies Record<string, Text>;

export const STATE_OPTION: OptionShape = { flags: "--state <dir>", about: LIVE_WORDS.state };

/** Which rules of this host: diff and apply take the same. */
export const HERE_OPTIONS: readonly OptionShape[] = [
  { flags: "--side <side>", about: LIVE_WORDS.side, choices: ["agent", "manager"], isRepeatable: true },
  ...RULE_OPTIONS,
  { flags: "--default-deny", about: LIVE_WORDS.defaultDeny },
  { flags: "--admit <address:port>", about: LIVE_WORDS.admit, isRepeatable: true },
  { flags: "--job-openings", about: LIVE_WORDS.jobOpenings },
  STATE_OPTION,
];
