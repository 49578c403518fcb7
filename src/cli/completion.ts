import { Argument, type Command } from "commander";
import type { Text } from "../ports/flow.ts";
import { bashScript, zshScript } from "./completion-scripts.ts";
import { describeTree } from "./completion-tree.ts";
import { defineCommand } from "./define-command.ts";
import type { Cli } from "./session.ts";

const WORDS = {
  about: { en: "print the completion script of a shell", ja: "シェル用の補完スクリプトを出力" },
  shell: { en: "bash or zsh", ja: "bash または zsh" },
  notes: {
    en: "bash: add  source <(rusuban completion bash)  to ~/.bashrc\nzsh:  add  source <(rusuban completion zsh)  to ~/.zshrc, after compinit",
    ja: "bash: ~/.bashrc に  source <(rusuban completion bash)  を追加\nzsh:  ~/.zshrc の compinit の後に  source <(rusuban completion zsh)  を追加",
  },
} as const satisfies Record<string, Text>;

const SCRIPTS = { bash: bashScript, zsh: zshScript } as const;

/** `rusuban completion bash|zsh`: made from the commands as they are. */
export function completionCommand(cli: Cli): Command {
  const command = defineCommand(cli, {
    name: "completion",
    about: WORDS.about,
    examples: ["rusuban completion bash", "rusuban completion zsh"],
    notes: WORDS.notes,
    run: async (session, shell: keyof typeof SCRIPTS) => {
      const script = SCRIPTS[shell](describeTree(command));
      session.result({ shell, script }, () => session.print(script));
    },
  });
  return command.addArgument(new Argument("<shell>", WORDS.shell[cli.language]).choices(Object.keys(SCRIPTS)));
}
