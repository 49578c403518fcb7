import { homedir } from "node:os";
import { systemClock } from "../runtime/clock.ts";
import { processOutput } from "./output.ts";
import { askSecret } from "./secret-prompt.ts";
import type { World } from "./world.ts";

const { stdin, stdout, stderr } = process;

/** This process as a command's world: its streams, its clock, its Ctrl-C, the manager of its data folder. */
export function createProcessWorld(): World {
  for (const stream of [stdout, stderr]) {
    // The reader has left (`| head`): what would follow has nobody to read it.
    stream.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? process.exitCode : 1));
  }
  return {
    output: processOutput(),
    env: process.env,
    clock: systemClock,
    homeDirectory: homedir(),
    get terminal() {
      return stderr.isTTY ? { columns: stderr.columns ?? 80 } : undefined;
    },
    helpColumns: stdout.columns,
    ask: stdin.isTTY && stderr.isTTY ? ask : undefined,
    askSecret: stdin.isTTY && stderr.isTTY ? (question) => askSecret(question, { stdin, stderr }) : undefined,
    readInput: async () => {
      let text = "";
      for await (const piece of stdin.setEncoding("utf8")) text += piece;
      return text;
    },
    interruption() {
      const controller = new AbortController();
      // Once: a second Ctrl-C ends the process by force.
      process.once("SIGINT", () => controller.abort());
      return controller.signal;
    },
    async openApi({ dataDirectory, language }) {
      const { openManagerApi } = await import("./manager-connection.ts");
      return openManagerApi({ dataDirectory, language, clock: systemClock });
    },
  };
}

async function ask(question: string): Promise<string> {
  const { createInterface } = await import("node:readline/promises");
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}
