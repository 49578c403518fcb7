import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { Interruption } from "./interruption.ts";
import { askSecret, type SecretTerminal } from "./secret-prompt.ts";

/** A terminal on which somebody types these pieces once the question stands there. */
function createTerminal(...typed: readonly string[]) {
  const calls: unknown[] = [];
  let shown = "";
  const stdin = Object.assign(new EventEmitter(), {
    setRawMode: (isRaw: boolean) => void calls.push(isRaw),
    setEncoding: () => {},
    unshift: (text: string) => void calls.push(text),
    pause: () => void calls.push("pause"),
    resume: () =>
      queueMicrotask(() => {
        for (const piece of typed) stdin.emit("data", piece);
      }),
  });
  const stderr = {
    write(text: string) {
      shown += text;
    },
  };
  const terminal = { stdin, stderr } as unknown as SecretTerminal;
  return { terminal, calls, stdin, shown: () => shown };
}

describe("a secret prompt", () => {
  it.each([
    ["a line", ["open sesame\r"], "open sesame"],
    ["pieces", ["op", "en", "\n"], "open"],
    ["Backspace", ["opeX\u007fn\r"], "open"],
    ["Backspace beyond the beginning", ["\b\u007fa\r"], "a"],
    ["Ctrl-U", ["wrong\u0015right\r"], "right"],
    ["characters beyond 16 bits, removed whole", ["a😀\u007f留\r"], "a留"],
    ["nothing", ["\r"], ""],
  ])("reads %s and shows none of it", async (_, typed, secret) => {
    const { terminal, calls, stdin, shown } = createTerminal(...typed);
    expect(await askSecret("Passphrase: ", terminal)).toBe(secret);
    expect(shown()).toBe("Passphrase: \n");
    expect(calls).toEqual([true, "pause", false]);
    expect(stdin.listenerCount("data")).toBe(0);
  });

  it("leaves what was typed ahead for the next question", async () => {
    const { terminal, calls } = createTerminal("one\rtwo\r");
    expect(await askSecret("Passphrase: ", terminal)).toBe("one");
    expect(calls).toEqual([true, "pause", "two\r", false]);
  });

  it.each(["\u0003", "\u0004"])("ends at %j, and gives the terminal back", async (key) => {
    const { terminal, calls } = createTerminal("half", key);
    await expect(askSecret("Passphrase: ", terminal)).rejects.toBeInstanceOf(Interruption);
    expect(calls).toEqual([true, "pause", false]);
  });
});
