import { readFile } from "node:fs/promises";

/** Whether a process is a manager or an agent of ours, after its command line; false where that cannot be read. */
export async function isOwnProcess(pid: number, procDirectory = "/proc"): Promise<boolean> {
  const line = await readFile(`${procDirectory}/${pid}/cmdline`, "utf8").catch(() => "");
  return line.split("\0").some((word) => /(^|\/)rusuban(\.js)?$/.test(word));
}
