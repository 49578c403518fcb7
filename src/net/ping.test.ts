import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../runtime/clock.ts";
import { FakeClock } from "../runtime/fake-clock.ts";
import { ping } from "./ping.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "rusuban-ping-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A program in the place of ping: its arguments go to a file beside it. */
async function program(name: string, script: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, `#!/bin/sh\nprintf '%s ' "$@" >"$0.arguments"\n${script}\n`);
  await chmod(path, 0o700);
  return path;
}
const question = { host: "192.0.2.1", timeoutMs: 5_000, clock: systemClock, platform: "linux" } as const;

describe("ping", () => {
  it.each([
    ["a reply", "exit 0", { reachable: true, reason: "replies" }],
    ["no reply", "exit 1", { reachable: false, reason: "no reply" }],
    [
      "an error of its own",
      'echo "ping: web9: Name or service not known" >&2\nexit 2',
      { reachable: undefined, reason: "ping: web9: Name or service not known" },
    ],
    ["a flood of words", "yes complaint | head -c 200000 >&2\nexit 2", { reachable: undefined, reason: "complaint" }],
  ])("reports %s", async (name, script, result) => {
    const command = await program(name.replaceAll(" ", "-"), script);
    expect(await ping({ ...question, command })).toEqual(result);
  });

  it("cannot tell where there is no ping", async () => {
    expect(await ping({ ...question, command: "no-such-ping" })).toEqual({
      reachable: undefined,
      reason: "this machine has no no-such-ping",
    });
  });

  it("ends one that does not end by itself", async () => {
    const clock = new FakeClock();
    const command = await program("hangs", "exec sleep 600");
    const pinging = ping({ ...question, command, clock });
    await clock.advance(5_000);
    expect(await pinging).toEqual({ reachable: false, reason: "no reply within 5000 ms" });
  });

  it.each([
    ["192.0.2.1", "-n -q -c 1 -w 6 192.0.2.1"],
    ["2001:db8::1", "-6 -n -q -c 1 -w 6 2001:db8::1"],
    ["fe80::1%eth0", "-6 -n -q -c 1 -w 6 fe80::1%eth0"],
    ["web1.example.org", "-n -q -c 1 -w 6 web1.example.org"],
  ])("asks for %s with one request", async (host, expected) => {
    const command = await program("asked", "exit 0");
    await ping({ ...question, host, command });
    expect((await readFile(`${command}.arguments`, "utf8")).trim()).toBe(expected);
  });

  it.each(["-f", "--help", "", "a b", "a;b", "$(id)", "\n"])("does not hand %j to a program", async (host) => {
    const command = await program("never", "exit 0");
    const { reachable, reason } = await ping({ ...question, host, command });
    expect(reachable).toBeUndefined();
    expect(reason).toContain("is not a host name or address");
    await expect(readFile(`${command}.arguments`)).rejects.toThrow("ENOENT");
  });
});
