import { expect, it } from "vitest";
import { systemClock } from "../../runtime/clock.ts";
import { PeerError, TimeoutError } from "../../runtime/errors.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { COMMAND_OUTPUT_BYTES_MAX, commandLine, createCommandRunner, mustRun, tryRun } from "./command-runner.ts";

const run = createCommandRunner(systemClock);

it("gives exit code, both outputs, and what is written to stdin, in the C locale", async () => {
  const script = 'cat; echo "$LC_ALL" >&2; exit 3';
  expect(await run("sh", ["-c", script], { input: "rules" })).toEqual({ code: 3, stdout: "rules", stderr: "C\n" });
});

it("hands arguments over as they are: nothing in them is a shell's", async () => {
  const hostile = "$(reboot) `id` ; rm -rf / \n'\"*";
  expect((await run("printf", ["%s", hostile])).stdout).toBe(hostile);
});

it("ends what takes too long or says too much", async () => {
  const clock = new FakeClock();
  const slow = createCommandRunner(clock, 1_000)("sleep", ["600"]).catch((error: unknown) => error);
  await clock.advance(1_000);
  expect(await slow).toBeInstanceOf(TimeoutError);
  await expect(run("head", ["-c", `${COMMAND_OUTPUT_BYTES_MAX + 1}`, "/dev/zero"])).rejects.toThrow(/wrote more than/);
});

it("tells a program that is missing from one that says no", async () => {
  await expect(run("no-such-firewall", [])).rejects.toMatchObject({ name: "PeerError", code: "not-installed" });
  expect(await tryRun(run, "no-such-firewall", [])).toBeUndefined();
  expect(await tryRun(run, "false", [])).toBeUndefined();
  const refusal = mustRun(run, "sh", ["-c", "echo 'Error: syntax error' >&2; exit 1"]);
  await expect(refusal).rejects.toThrow(PeerError);
  await expect(refusal).rejects.toThrow(/exit code 1: Error: syntax error$/);
});

it("a program that does not read its input is no failure of ours", async () => {
  expect((await run("true", [], { input: "x".repeat(1_000_000) })).code).toBe(0);
});

it("quotes in messages as a person would type it", () => {
  expect(commandLine("ufw", ["allow", "comment", "it's"])).toBe("ufw allow comment 'it'\\''s'");
});
