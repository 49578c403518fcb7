import { Command, Option } from "commander";
import type { Flow, Language, Party, PortRange } from "../ports/flow.ts";
import { FLOW_KEYS, type FlowKey, findFlow, flowName, flowOf, settingKey } from "../ports/port-map.ts";
import { createPortBook, type PortBook } from "../ports/port-settings.ts";
import { CommandError, EXIT, type Output, printJson, printTable, processOutput, runAction } from "./output.ts";
import { printFlow } from "./ports-explain.ts";
import {
  printProfile,
  printProfileNames,
  profileData,
  profileNamed,
  profileNames,
  variantNamed,
} from "./ports-profile.ts";
import { CAPTIONS, direction, portText } from "./ports-words.ts";

interface PortsNeeds {
  readonly output?: Output;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The ports as the settings of a data folder have them; called only when a command needs it, and may throw SettingsError. */
  readonly portBook?: (dataDirectory: string | undefined) => PortBook;
}

interface Options {
  readonly json?: boolean;
  readonly data?: string;
  readonly seed?: boolean;
  readonly variant?: string;
  readonly lang: Language;
}

/** `rusuban ports list|explain|profile`: the port map for people, and for scripts with `--json`. */
export function portsCommand(needs: PortsNeeds = {}): Command {
  const { output = processOutput(), env = process.env, portBook = () => createPortBook() } = needs;
  const ports = new Command("ports").description("show every port: which, from whom to whom, what for");
  const subcommand = (usage: string, about: string, examples: readonly string[]) =>
    ports
      .command(usage)
      .description(about)
      .option("--json", "one JSON object on stdout")
      .addOption(
        new Option("--lang <language>", "language of the texts").choices(["en", "ja"]).default(languageOf(env)),
      )
      .addHelpText("after", `\nExamples:\n${examples.map((example) => `  rusuban ports ${example}\n`).join("")}`);

  subcommand("list", "list every port", ["list", "list --seed --lang ja", "list --json"])
    .option("--seed", "also the rows of the original products' documents")
    .action((options: Options) => runAction(output, options, () => list(output, portBook(options.data), options)));

  subcommand("explain <flow>", "explain one port (by name, number or seed row)", [
    "explain manager-report",
    "explain 31134",
    "explain esm-07 --lang ja",
  ]).action((text: string, options: Options) =>
    runAction(output, options, () => explain(output, portBook(options.data), text, options)),
  );

  subcommand("profile [name]", "the ports of an original product, row by row, and our flows for them", [
    "profile esmpro --variant linux",
    "profile backup-exec --lang ja",
  ])
    .option("--variant <name>", "only what holds for this variant")
    .action((name: string | undefined, options: Options) =>
      runAction(output, options, () => profile(output, name, options)),
    );

  return ports;
}

function list(output: Output, book: PortBook, options: Options): void {
  if (options.json) printJson(output, { flows: FLOW_KEYS.map((key) => flowData(key, book)) });
  else printList(output, book, options);
}

function printList(output: Output, book: PortBook, { seed, lang }: Options): void {
  const caption = CAPTIONS[lang];
  const head = [
    caption.flow,
    caption.direction,
    caption.port,
    caption.tls,
    ...(seed ? [caption.seedRows] : []),
    caption.title,
  ];
  const rows = FLOW_KEYS.map((key) => {
    const flow = flowOf(key);
    const seedRows = seed ? [flow.seedRows.join(" ")] : [];
    return [
      flowName(key),
      direction(flow, lang),
      portText(key, book),
      caption.tlsWords[flow.tls],
      ...seedRows,
      flow.title[lang],
    ];
  });
  printTable(output, head, rows);
}

function explain(output: Output, book: PortBook, text: string, { json, lang }: Options): void {
  const search = findFlow(text);
  if (!search.found) {
    const names = search.names.join(", ");
    if (search.problem === "shared") {
      throw new CommandError("ambiguous-flow", `${text} belongs to several flows`, {
        hint: `explain one of them: ${names}`,
        exit: EXIT.usage,
      });
    }
    const hint =
      names === "" ? "`rusuban ports list` shows all of them" : `did you mean ${names.replaceAll(", ", " or ")}?`;
    throw new CommandError("unknown-flow", `there is no flow ${JSON.stringify(text)}`, { hint, exit: EXIT.usage });
  }
  if (json) printJson(output, flowData(search.key, book));
  else printFlow(output, search.key, { book, lang });
}

function profile(output: Output, name: string | undefined, { json, variant: variantName, lang }: Options): void {
  if (name === undefined) {
    if (json) printJson(output, { profiles: profileNames() });
    else printProfileNames(output, lang);
    return;
  }
  const found = profileNamed(name);
  const variant = variantName === undefined ? null : variantNamed(found, variantName);
  if (json) printJson(output, profileData(found, variant));
  else printProfile(output, found, { variant, lang });
}

/** A flow as `--json` shows it: `port` and `range` as the settings have them, the map's own beside them. */
interface FlowData extends Omit<Flow, "enabled"> {
  readonly flow: string;
  readonly key: FlowKey;
  readonly defaultPort: number | null;
  readonly defaultRange: PortRange | null;
  readonly setting: string | null;
  /** Null where it is always in use. */
  readonly condition: Exclude<Flow["enabled"], true> | null;
  readonly initiators: readonly Party[];
}

function flowData(key: FlowKey, book: PortBook): FlowData {
  const { enabled, ...flow } = flowOf(key);
  return {
    flow: flowName(key),
    key,
    ...flow,
    port: flow.port === null ? null : book.portOf(key),
    range: flow.range === null ? null : book.rangeOf(key),
    defaultPort: flow.port,
    defaultRange: flow.range,
    setting: settingKey(key),
    condition: enabled === true ? null : enabled,
  };
}

/** Japanese where the locale's messages are (POSIX: LC_ALL before LC_MESSAGES before LANG), else English. */
function languageOf(env: Readonly<Record<string, string | undefined>>): Language {
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || "";
  return /^ja\b|^ja_/i.test(locale) ? "ja" : "en";
}
