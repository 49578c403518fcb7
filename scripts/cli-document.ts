import type { Command } from "commander";
import { COMMANDS } from "../src/cli/command-list.ts";
import { createRecorder } from "../src/cli/output-recorder.ts";
import { createProgram } from "../src/cli/program.ts";
import { everyCommand } from "../src/cli/run-program.ts";
import type { World } from "../src/cli/world.ts";

/** What helps to draw the tree; nothing is run, so nothing else of the world is asked for. */
const world = {
  output: createRecorder({ color: false }),
  env: {},
  homeDirectory: "~",
  helpColumns: 100,
  terminal: undefined,
} as unknown as World;

// Commands are loaded one by one and only when called, so the tree is made ahead of the render.
const program = await createProgram({ world, language: "en" }, () => true);

/** The part of docs/cli.md that comes from the command tree: each command's help, without what all of them share. */
export function renderCommands(): string {
  const sections = COMMANDS.flatMap(({ name }) => {
    const group = program.commands.find((command) => command.name() === name);
    if (group === undefined) throw new Error(`${name} is listed but not in the tree`);
    const leaves = everyCommand(group as Command).filter((command) => command.commands.length === 0);
    return [`### rusuban ${name}`, ...leaves.map((command) => fenced(helpOf(command)))];
  });
  return sections.join("\n\n");
}

/** The help of `rusuban` itself. */
export function renderRootHelp(): string {
  return fenced(helpOf(program));
}

function helpOf(command: Command): string {
  let help = "";
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
    getOutHelpWidth: () => 100,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return help
    .replace(/\nGlobal Options:\n(?: .*\n)*/, "")
    .replace(/^ +-h, --help .*\n/m, command === program ? "$&" : "")
    .replace(/\nOptions:\n(?=\n|$)/, "")
    .trim();
}

function fenced(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}
