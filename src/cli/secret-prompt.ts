import type { ReadStream, WriteStream } from "node:tty";
import { Interruption } from "./interruption.ts";

const [END_OF_TEXT, END_OF_TRANSMISSION, BACKSPACE, CLEAR_LINE, DELETE] = [
  "\u0003",
  "\u0004",
  "\b",
  "\u0015",
  "\u007f",
];

export interface SecretTerminal {
  readonly stdin: Pick<ReadStream, "setRawMode" | "setEncoding" | "on" | "off" | "resume" | "pause">;
  readonly stderr: Pick<WriteStream, "write">;
}

/** One line from the terminal, of which nothing is shown. Backspace and Ctrl-U work. @throws Interruption at Ctrl-C and Ctrl-D. */
export async function askSecret(question: string, { stdin, stderr }: SecretTerminal): Promise<string> {
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  try {
    return await new Promise<string>((resolve, reject) => {
      let typed: readonly string[] = [];
      const end = (finish: () => void) => {
        stdin.off("data", read);
        finish();
      };
      const read = (text: string) => {
        for (const character of text) {
          if (character === "\r" || character === "\n") return end(() => resolve(typed.join("")));
          if (character === END_OF_TEXT || character === END_OF_TRANSMISSION)
            return end(() => reject(new Interruption("")));
          if (character === BACKSPACE || character === DELETE) typed = typed.slice(0, -1);
          else typed = character === CLEAR_LINE ? [] : [...typed, character];
        }
      };
      stdin.on("data", read);
      stdin.resume();
    });
  } finally {
    stdin.pause();
    stdin.setRawMode(false);
    stderr.write("\n");
  }
}
