// The root of the command line. Only the command that is called is loaded; the others stand by their names.

import { Command, type Help, Option } from "commander";
import type { Text } from "../ports/flow.ts";
import { displayWidth } from "../runtime/display-width.ts";
import { VERSION } from "../runtime/package.ts";
import { COMMANDS, type ListedCommand } from "./command-list.ts";
import { everyCommand } from "./run-program.ts";
import type { Cli } from "./session.ts";
import { defaultDataDirectory } from "./world.ts";

const WORDS = {
  about: {
    en: "Rusuban watches servers, reports what goes wrong and backs them up, across the firewalls in between.",
    ja: "Rusuban(留守番)は、ファイアウォール越しにサーバを監視し、異常を通報し、バックアップします。",
  },
  data: { en: "data folder (default: {directory})", ja: "データフォルダ(既定: {directory})" },
  json: { en: "one JSON object on stdout, for errors too", ja: "結果を JSON で標準出力に出力(エラーも含む)" },
  lang: { en: "language of the texts (default: the locale's)", ja: "表示言語(既定: ロケールに従う)" },
  noColor: { en: "no colours, as with NO_COLOR", ja: "色を使わない(環境変数 NO_COLOR と同じ)" },
  version: { en: "show the version", ja: "バージョンを表示" },
  help: { en: "show this help", ja: "このヘルプを表示" },
  helpOf: { en: "show the help of a command", ja: "コマンドのヘルプを表示" },
  examples: {
    en: "Examples:\n  rusuban up\n  rusuban host token\n  rusuban alert list\n  rusuban backup web1 /etc --wait\n  rusuban restore latest --host web1 --to /tmp/restored --wait\n\nExit codes: 0 done, 1 failed, 2 wrong use or settings, 3 done in part.",
    ja: "例:\n  rusuban up\n  rusuban host token\n  rusuban alert list\n  rusuban backup web1 /etc --wait\n  rusuban restore latest --host web1 --to /tmp/restored --wait\n\n終了コード: 0 完了、1 失敗、2 使い方または設定の誤り、3 一部完了。",
  },
} as const satisfies Record<string, Text>;

/** Commander's headings. */
const HEADINGS: Readonly<Record<string, string>> = {
  "Usage:": "使い方:",
  "Arguments:": "引数:",
  "Options:": "オプション:",
  "Global Options:": "共通オプション:",
  "Commands:": "コマンド:",
};

/** The whole tree for `rusuban`; of the commands only those that `load` asks for are more than a name. */
export async function createProgram(cli: Cli, load: (command: ListedCommand) => boolean): Promise<Command> {
  const { language, world } = cli;
  const program = new Command("rusuban")
    .description(WORDS.about[language])
    .version(VERSION, "-V, --version", WORDS.version[language])
    .option("--data <directory>", WORDS.data[language].replace("{directory}", defaultDataDirectory(world)))
    .option("--json", WORDS.json[language])
    .addOption(new Option("--lang <language>", WORDS.lang[language]).choices(["en", "ja"]))
    .addOption(new Option("--no-color", WORDS.noColor[language]))
    .addHelpText("after", `\n${WORDS.examples[language]}`)
    .hook("preAction", (_, command) => handDown(command));
  for (const listed of COMMANDS) {
    program.addCommand(
      load(listed) ? (await listed.load())(cli) : new Command(listed.name).description(listed.about[language]),
    );
  }
  for (const command of everyCommand(program)) dress(command, cli);
  return program.helpCommand("help [command]", WORDS.helpOf[language]);
}

/** Which commands the arguments need: the one called, also behind `help`; all of them for the completion. */
export function neededFor(args: readonly string[]): (command: ListedCommand) => boolean {
  const words = args.filter(
    (arg, index) => !arg.startsWith("-") && arg !== "help" && !OPTIONS_WITH_VALUE.has(args[index - 1] ?? ""),
  );
  return ({ name }) => words[0] === name || words[0] === "completion";
}

/** What stands before the command and takes the next word. */
const OPTIONS_WITH_VALUE: ReadonlySet<string> = new Set(["--data", "--lang"]);

/** The global options that stand anywhere on the line become the called command's own. */
function handDown(command: Command): void {
  for (let above = command.parent; above !== null; above = above.parent) {
    for (const [key, value] of Object.entries(above.opts())) {
      if (above.getOptionValueSource(key) === "cli" && command.getOptionValueSource(key) !== "cli") {
        command.setOptionValueWithSource(key, value, "cli");
      }
    }
  }
}

function dress(command: Command, { language, world }: Cli): void {
  command
    .helpOption("-h, --help", WORDS.help[language])
    .helpCommand(false)
    .configureHelp({
      showGlobalOptions: true,
      displayWidth,
      styleOptionDescription: (text) => (language === "ja" ? text.replace("(choices: ", "(指定できる値: ") : text),
      styleTitle: (title) => (language === "ja" ? (HEADINGS[title] ?? title) : title),
      ...(world.helpColumns === undefined ? {} : { helpWidth: world.helpColumns }),
    } satisfies Partial<Help>);
}
