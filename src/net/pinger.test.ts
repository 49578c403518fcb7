import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { FakeClock } from "../runtime/fake-clock.ts";
import { createPinger } from "./pinger.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "rusuban-pinger-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A program in the place of ping; its last argument, the host, is `$host`. */
async function program(name: string, script: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, `#!/bin/sh\nfor host; do :; done\n${script}\n`);
  await chmod(path, 0o700);
  return path;
}

function start(command: string, clock: Clock = systemClock) {
  const pinger = createPinger({ clock, command, platform: "linux" });
  onTestFinished(() => pinger.stop());
  return pinger;
}

describe("a pinger", () => {
  it.each([
    ["a reply", "exit 0", { reachable: true, reason: "replies" }],
    ["no reply", "exit 1", { reachable: false, reason: "no reply" }],
    ["an error of ping's own", "echo 'ping: a\nb' >&2; exit 2", { reachable: undefined, reason: "ping: a" }],
    ["an end without words", "exit 9", { reachable: undefined, reason: "ping ended with 9" }],
  ])("reports %s", async (name, script, result) => {
    const command = await program(name.replace(/\W/g, "-"), script);
    const told = await start(command).ping("192.0.2.1", 5_000);
    expect({ ...told, reason: told.reason.replace(command, "ping") }).toEqual(result);
  });

  it("gives each of many the answer about its own host", async () => {
    const pinger = start(await program("even", 'case "$host" in *[02468]) exit 0;; *) exit 1;; esac'));
    const hosts = Array.from({ length: 40 }, (_, at) => `192.0.2.${at}`);
    const told = await Promise.all(hosts.map((host) => pinger.ping(host, 30_000)));
    expect(told.map(({ reachable }) => reachable)).toEqual(hosts.map((_, at) => at % 2 === 0));
  });

  it("cannot tell where there is no ping, and goes on", async () => {
    const pinger = start("no-such-ping");
    const nothing = { reachable: undefined, reason: "this machine has no no-such-ping" };
    expect(await pinger.ping("192.0.2.1", 5_000)).toEqual(nothing);
    expect(await pinger.ping("192.0.2.2", 5_000)).toEqual(nothing);
  });

  it("waits for none longer than asked", async () => {
    const clock = new FakeClock();
    const pinger = start(await program("hangs", "exec sleep 20"), clock);
    const hanging = pinger.ping("192.0.2.1", 5_000);
    await clock.advance(5_000);
    expect(await hanging).toEqual({ reachable: false, reason: "no reply within 5000 ms" });
  });

  it("gives no shell anything to understand", async () => {
    const pinger = start(await program("asked", "exit 0"));
    for (const host of ["-f", "a;b", "$(a)", "a b", "`a`", "a\nb", "*", ""]) {
      expect(await pinger.ping(host, 1_000)).toEqual({
        reachable: undefined,
        reason: `${JSON.stringify(host)} is not a host name or address`,
      });
    }
  });

  it("starts another shell where the one before has ended", async () => {
    const parent = "$(ps -o ppid= -p $shell | tr -d ' ')";
    const kill = `shell=$$; while [ ${parent} != ${process.pid} ]; do shell=${parent}; done; kill -9 $shell`;
    const pinger = start(await program("kills", kill));
    const replies = { reachable: true, reason: "replies" };
    const ended = { reachable: undefined, reason: "the shell that pings has ended" };
    expect(await pinger.ping("192.0.2.1", 30_000)).toEqual(replies);
    let next = await pinger.ping("192.0.2.1", 30_000);
    // It was asked while it died.
    while (next.reason === ended.reason) next = await pinger.ping("192.0.2.1", 30_000);
    expect(next).toEqual(replies);
  });
});
