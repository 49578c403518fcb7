import { type Command, CommanderError } from "commander";
import type { Language } from "../ports/flow.ts";
import { Interruption } from "./interruption.ts";
import { CommandError, EXIT, type Output, printError, printJson } from "./output.ts";
import { usageHint, usageMessage } from "./usage-words.ts";

/**
 * Runs the command line. What commander finds wrong (an unknown command or option, a missing argument) is told like any
 * other failure: as the envelope where `--json` was given, with the exit code for wrong use.
 */
export async function runProgram(
  program: Command,
  args: readonly string[],
  output: Output,
  { language = "en" }: { language?: Language } = {},
): Promise<void> {
  let help = "";
  const keep = (text: string) => {
    help += text;
  };
  for (const command of everyCommand(program)) {
    // Commander would end the process itself, and print before we know whether an envelope is wanted.
    command.exitOverride().configureOutput({ writeOut: keep, writeErr: output.tell, outputError: () => {} });
  }
  const json = isGiven(args, "--json");
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof Interruption) return tellInterruption(output, error, json);
    if (!(error instanceof CommanderError)) return printError(output, error, { json });
    if (error.exitCode === 0) {
      // --help and --version
      if (json && error.code === "commander.version") printJson(output, { version: help.trim() });
      else output.write(help);
      return;
    }
    // `rusuban ports` alone prints its help to stderr; there is nothing to add.
    if (error.code === "commander.help" && !json) return output.exit(EXIT.usage);
    const hint = usageHint(error, { language, command: commandPath(program, args) });
    printError(output, new CommandError("usage", usageMessage(error, language), { hint, exit: EXIT.usage }), { json });
  }
}

function tellInterruption(output: Output, { message }: Interruption, json: boolean): void {
  // The terminal has just shown ^C on this line.
  if (json && message !== "")
    output.write(`${JSON.stringify({ ok: false, error: { code: "interrupted", message } })}\n`);
  else output.tell(`\n${message === "" ? "" : `rusuban: ${message}\n`}`);
  output.exit(EXIT.interrupted);
}

/** Whether an option stands on the command line, before a `--` that ends the options. */
export function isGiven(args: readonly string[], option: string): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).includes(option);
}

export function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap((child) => everyCommand(child as Command))];
}

/** `rusuban host list`: how far the arguments name commands. */
function commandPath(program: Command, args: readonly string[]): string {
  let command = program;
  const path = [program.name()];
  for (const arg of args) {
    const child = command.commands.find((each) => each.name() === arg);
    if (child === undefined) continue;
    command = child as Command;
    path.push(arg);
  }
  return path.join(" ");
}
