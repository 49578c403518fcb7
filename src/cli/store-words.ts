// What the store's commands share: options, arguments and words.

import type { Text } from "../ports/flow.ts";
import type { OptionShape } from "./define-command.ts";

export const STORE_WORDS = {
  store: { en: "directory of the store", ja: "ストアのディレクトリ" },
  snapshot: {
    en: "snapshot: its id, a unique beginning of it, or `latest`",
    ja: "スナップショットの ID、ID の一意な先頭部分、または latest",
  },
  passphraseFile: {
    en: "file whose first line is the passphrase",
    ja: "1 行目にパスフレーズを書いたファイル",
  },
  host: { en: "only snapshots of this host", ja: "このホストのスナップショットだけ" },
  path: { en: "only snapshots of this path (may be repeated)", ja: "このパスのスナップショットだけ(複数指定可)" },
  tag: { en: "only snapshots with this tag (may be repeated)", ja: "このタグのスナップショットだけ(複数指定可)" },
  problems: { en: "could not be done as it should be: {count}", ja: "正しく処理できなかったもの: {count} 件" },
  problem: { en: "  {path}: {problem}", ja: "  {path}: {problem}" },
  moreProblems: {
    en: "  … and {count} more; --json lists them",
    ja: "  ほか {count} 件(--json ですべて表示)",
  },
  interruptedForgetting: {
    en: "stopped; `rusuban store snapshots` shows what is there now",
    ja: "中止しました。現在の状態は `rusuban store snapshots` で確認できます",
  },
  interruptedReading: { en: "stopped; nothing was changed", ja: "中止しました。何も変更していません" },
} as const satisfies Record<string, Text>;

export const STORE_ARGUMENT = ["<store>", STORE_WORDS.store] as const;
export const SNAPSHOT_ARGUMENT = ["<snapshot>", STORE_WORDS.snapshot] as const;
export const PASSPHRASE_OPTION: OptionShape = { flags: "--passphrase-file <file>", about: STORE_WORDS.passphraseFile };

/** Which snapshots are meant: of a host, of paths, with tags. */
export const FILTER_OPTIONS: readonly OptionShape[] = [
  { flags: "--host <name>", about: STORE_WORDS.host },
  { flags: "--path <path>", about: STORE_WORDS.path, isRepeatable: true },
  { flags: "--tag <tag>", about: STORE_WORDS.tag, isRepeatable: true },
];
