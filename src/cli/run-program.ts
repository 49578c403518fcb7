import { type Command, CommanderError } from "commander";
import { CommandError, EXIT, type Output, printError } from "./output.ts";

/**
 * Runs the command line. What commander finds wrong (an unknown command or option, a missing argument) is told like any
 * other failure: as the envelope where `--json` was given, with the exit code for wrong use.
 */
export async function runProgram(program: Command, args: readonly string[], output: Output): Promise<void> {
  for (const command of everyCommand(program)) {
    // Commander would end the process itself, and print before we know whether an envelope is wanted.
    command.exitOverride().configureOutput({ writeOut: output.write, writeErr: output.tell, outputError: () => {} });
  }
  const json = args.includes("--json");
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) return printError(output, error, { json });
    if (error.exitCode === 0) return; // --help and --version
    // `rusuban ports` alone prints its help to stderr; there is nothing to add.
    if (error.code === "commander.help") return output.exit(EXIT.usage);
    const [message = "", ...hints] = error.message.replace(/^error: /, "").split("\n");
    const hint = hints.map((line) => line.replace(/^\(|\)$/g, "")).join(" ");
    printError(output, new CommandError("usage", message, { ...(hint === "" ? {} : { hint }), exit: EXIT.usage }), {
      json,
    });
  }
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap((child) => everyCommand(child as Command))];
}
