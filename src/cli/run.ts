import type { Language } from "../ports/flow.ts";
import { createProgram, neededFor } from "./program.ts";
import { isGiven, runProgram } from "./run-program.ts";
import { languageOf, type World } from "./world.ts";

/** Runs one command line (`["host", "list"]`); its outcome is in `world.output`, also where it fails. */
export async function run(args: readonly string[], world: World): Promise<void> {
  const language = languageAsked(args) ?? languageOf(world.env);
  const output = isGiven(args, "--no-color") ? { ...withMethods(world), color: false } : world.output;
  const program = await createProgram({ world: { ...world, output }, language }, neededFor(args));
  await runProgram(program, args, output, { language });
}

function withMethods({ output }: World) {
  return {
    write: (text: string) => output.write(text),
    tell: (text: string) => output.tell(text),
    exit: (code: Parameters<typeof output.exit>[0]) => output.exit(code),
  };
}

/** `--lang` is needed before commander reads the line, because the help is written in it. A wrong value is commander's to refuse. */
function languageAsked(args: readonly string[]): Language | undefined {
  const index = args.indexOf("--lang");
  const asked = index >= 0 ? args[index + 1] : args.find((arg) => arg.startsWith("--lang="))?.slice("--lang=".length);
  return asked === "en" || asked === "ja" ? asked : undefined;
}
