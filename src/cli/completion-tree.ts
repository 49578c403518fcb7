import type { Command, Option } from "commander";

/** A command as a shell needs it to complete words behind it. */
export interface CompletedCommand {
  /** Words from the root, without `rusuban`: `host list`; empty for the root. */
  readonly path: string;
  readonly commands: readonly CompletedWord[];
  readonly options: readonly CompletedOption[];
  /** Words that its first argument can be, where they are known. */
  readonly choices: readonly string[];
}

export interface CompletedWord {
  readonly word: string;
  readonly about: string;
}

export interface CompletedOption extends CompletedWord {
  /** `none`: it stands alone; `choices`: one of them; `directory`, `any`: a value follows. */
  readonly value: "none" | "choices" | "directory" | "any";
  readonly choices: readonly string[];
}

/** The whole tree that `command` is part of, root first; each command's options include those of the root. */
export function describeTree(command: Command): CompletedCommand[] {
  let root = command;
  while (root.parent !== null) root = root.parent as Command;
  return describe(root, []);
}

function describe(command: Command, path: readonly string[]): CompletedCommand[] {
  const help = command.createHelp();
  const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)];
  const commands = help.visibleCommands(command);
  const here: CompletedCommand = {
    path: path.join(" "),
    commands: commands.map((child) => ({ word: child.name(), about: child.description() })),
    options: uniqueByWord(options.map(describeOption)),
    choices: command.registeredArguments[0]?.argChoices ?? [],
  };
  return [here, ...command.commands.flatMap((child) => describe(child as Command, [...path, child.name()]))];
}

function describeOption(option: Option): CompletedOption {
  const choices = option.argChoices ?? [];
  const takesValue = option.required || option.optional;
  return {
    word: option.long ?? option.flags,
    about: option.description,
    value: !takesValue
      ? "none"
      : choices.length > 0
        ? "choices"
        : /<directory>/.test(option.flags)
          ? "directory"
          : "any",
    choices,
  };
}

function uniqueByWord(options: readonly CompletedOption[]): CompletedOption[] {
  return [...new Map(options.map((option) => [option.word, option])).values()];
}
