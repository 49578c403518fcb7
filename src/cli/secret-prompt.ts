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
  readonly stdin: Pick<ReadStream, "setRawMode" | "setEncoding" | "on" | "off" | "unshift" | "resume" | "pause">;
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
      const read = (text: string) => {
        let done = 0;
        const end = (finish: () => void) => {
          stdin.off("data", read);
          stdin.pause(); // At once: a stream that flows on loses what nobody listens to.
          // Typed ahead, or pasted in one piece: the answer to the next question.
          if (done < text.length) stdin.unshift(text.slice(done), "utf8");
          finish();
        };
        for (const character of text) {
          done += character.length;
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
    stdin.setRawMode(false);
    stderr.write("\n");
  }
}
