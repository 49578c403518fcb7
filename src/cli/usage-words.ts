import type { CommanderError } from "commander";
import type { Language, Text } from "../ports/flow.ts";
import { visible } from "./visible.ts";

// Commander words its errors in English only. These are the same sentences in Japanese, by its codes; `$1` is what the
// pattern finds in its sentence.

const JAPANESE: Readonly<Record<string, { readonly pattern: RegExp; readonly ja: string }>> = {
  "commander.unknownOption": { pattern: /^unknown option '(.*)'$/, ja: "不明なオプションです: $1" },
  "commander.unknownCommand": { pattern: /^unknown command '(.*)'$/, ja: "不明なコマンドです: $1" },
  "commander.missingArgument": { pattern: /^missing required argument '(.*)'$/, ja: "引数 $1 が必要です" },
  "commander.optionMissingArgument": {
    pattern: /^option '(.*)' argument missing$/,
    ja: "オプション $1 に値が必要です",
  },
  "commander.missingMandatoryOptionValue": {
    pattern: /^required option '(.*)' not specified$/,
    ja: "オプション $1 は必須です",
  },
  "commander.excessArguments": {
    pattern: /^too many arguments(?: for '.*')?\. Expected (\d+) arguments? but got (\d+).*$/,
    ja: "引数が多すぎます($1 個のところ $2 個)",
  },
  "commander.invalidArgument": {
    pattern: /^option '(.*?)' argument '(.*)' is invalid\. (.*)$/s,
    ja: "オプション $1 の値 '$2' は使えません。$3",
  },
};

const HINTS = {
  didYouMean: { en: "Did you mean $1?", ja: "もしかして: $1" },
  seeHelp: { en: "`{command} --help` shows what there is", ja: "使い方は `{command} --help` で確認できます" },
} as const satisfies Record<string, Text>;

/** What is wrong with the command line, in the reader's language. */
export function usageMessage(error: CommanderError, language: Language): string {
  const [first = ""] = error.message.replace(/^error: /, "").split("\n(");
  const known = JAPANESE[error.code];
  const text = language === "ja" && known !== undefined ? first.replace(known.pattern, known.ja) : first;
  return visible(error.code === "commander.help" ? WHICH[language] : text);
}

const WHICH: Text = { en: "which command?", ja: "コマンドが指定されていません" };

/** What may have been meant, else where to look. */
export function usageHint(
  error: CommanderError,
  { language, command }: { language: Language; command: string },
): string {
  const meant = /\n\(Did you mean (.*)\?\)$/s.exec(error.message)?.[1];
  if (meant !== undefined) return HINTS.didYouMean[language].replace("$1", visible(meant));
  return HINTS.seeHelp[language].replace("{command}", command);
}
