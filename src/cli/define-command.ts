// One form for every command, so that none lacks its help: what it does, its arguments and options in both languages,
// and at least one example.

import { Argument, Command, InvalidArgumentError, Option } from "commander";
import type { Text } from "../ports/flow.ts";
import type { SettingKind } from "../runtime/setting-kinds.ts";
import { action, type Cli, type Outcome, type Session } from "./session.ts";

export interface OptionShape {
  /** As commander takes them: `--state <state>`, `--wait`. */
  readonly flags: string;
  readonly about: Text;
  readonly choices?: readonly string[];
  /** May be given several times; the value is then a list. */
  readonly isRepeatable?: boolean;
  readonly isRequired?: boolean;
  readonly kind?: SettingKind<unknown>;
}

type Run<A extends unknown[]> = (session: Session, ...args: A) => Outcome;

export interface CommandShape<A extends unknown[]> {
  /** `show`: how the command is called below its group. */
  readonly name: string;
  readonly about: Text;
  /** In order: `<host>`, `[path...]`. */
  readonly arguments?: readonly (readonly [syntax: string, about: Text])[];
  readonly options?: readonly OptionShape[];
  /** Whole lines as a person types them. */
  readonly examples: readonly [string, ...string[]];
  /** What else one must know; lines are kept as they are. */
  readonly notes?: Text;
  readonly run: Run<A>;
  /** For which options the output has no end: with --json it is then one object a line, also for an error. */
  readonly streams?: (options: Readonly<Record<string, unknown>>) => boolean;
}

const EXAMPLES: Text = { en: "Examples:", ja: "例:" };

export function defineCommand<A extends unknown[]>(cli: Cli, shape: CommandShape<A>): Command {
  const { language } = cli;
  const command = new Command(shape.name).description(shape.about[language]);
  for (const [syntax, about] of shape.arguments ?? []) command.addArgument(new Argument(syntax, about[language]));
  for (const option of shape.options ?? []) command.addOption(createOption(cli, option));
  if (shape.notes !== undefined) command.addHelpText("after", `\n${shape.notes[language]}`);
  addExamples(command, cli, shape.examples);
  return command.action(action(cli, shape.run, shape.streams));
}

/** `rusuban host …`: a command that only holds others. */
export function defineGroup(cli: Cli, name: string, about: Text, commands: readonly Command[]): Command {
  const group = new Command(name).description(about[cli.language]);
  for (const command of commands) group.addCommand(command);
  return addExamples(
    group,
    cli,
    commands.map((command) => firstExampleOf(command)),
  );
}

const examplesOf = new WeakMap<Command, readonly string[]>();

function addExamples(command: Command, { language }: Cli, examples: readonly string[]): Command {
  examplesOf.set(command, examples);
  return command.addHelpText(
    "after",
    `\n${EXAMPLES[language]}\n${examples.map((example) => `  ${example}\n`).join("")}`.trimEnd(),
  );
}

function firstExampleOf(command: Command): string {
  return examplesOf.get(command)?.[0] ?? `rusuban ${command.name()}`;
}

function createOption({ language }: Cli, shape: OptionShape): Option {
  const option = new Option(shape.flags, shape.about[language]);
  if (shape.choices !== undefined) option.choices(shape.choices);
  if (shape.isRequired) option.makeOptionMandatory();
  if (shape.isRepeatable || shape.kind !== undefined) option.argParser(readValue(shape, language));
  return option;
}

function readValue({ choices, isRepeatable, kind }: OptionShape, language: Cli["language"]) {
  const expected = language === "ja" ? "指定できる値: " : "expected ";
  return (text: string, previous: unknown): unknown => {
    if (choices !== undefined && !choices.includes(text))
      throw new InvalidArgumentError(`${expected}${choices.join(", ")}`);
    const value = kind === undefined ? text : kind.parse(text);
    if (value === undefined) throw new InvalidArgumentError(`${expected}${kind?.expected}`);
    return isRepeatable ? [...((previous as readonly unknown[] | undefined) ?? []), value] : value;
  };
}
