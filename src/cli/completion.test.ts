import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { tellOfMissingPeer } from "../../test/missing-peer.ts";
import { runRecorded } from "./run-recorded.ts";

/** What a shell offers for a line; the cursor is at its end. */
function bashOffers(script: string, line: string): string[] {
  const words = line.split(" ");
  const driver = `${script}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}
_rusuban
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync("bash", ["--norc", "-c", driver], { encoding: "utf8", cwd: "/" });
  expect([stderr, status]).toEqual(["", 0]);
  return stdout.split("\n").filter(Boolean);
}

/** zsh's completion needs its line editor; its two ways of offering words stand in for it. */
function zshOffers(script: string, line: string): string[] {
  const words = line.split(" ");
  const driver = `_describe() { local name="\${@[-1]}"; local each; for each in "\${(@P)name}"; do print -r -- "\${each%%:*}"; done }
compadd() { shift; print -rl -- "$@" }
_files() { print -r -- files }
_default() { print -r -- default }
${script}
words=(${words.map((word) => `'${word}'`).join(" ")}); CURRENT=${words.length}
_rusuban`;
  const { stdout, stderr, status } = spawnSync("zsh", ["-f", "-c", driver], { encoding: "utf8", cwd: "/" });
  expect([stderr, status]).toEqual(["", 0]);
  return stdout.split("\n").filter(Boolean);
}

function versionOf(shell: string): string | undefined {
  return spawnSync(shell, ["--version"], { encoding: "utf8" }).stdout?.split("\n")[0] || undefined;
}

const SHELLS = [
  ["bash", bashOffers],
  ["zsh", zshOffers],
] as const;

const HOST_COMMANDS =
  "list show add check discover history groups group watch indications thresholds names token remove rename".split(" ");

const EXACT: readonly (readonly [line: string, offers: readonly string[]])[] = [
  ["rusuban host ", HOST_COMMANDS],
  ["rusuban --json --data /x host ", HOST_COMMANDS],
  ["rusuban completion ", ["bash", "zsh"]],
  ["rusuban host list --state ", ["up", "unreachable", "unknown", "revoked"]],
  ["rusuban --lang ", ["en", "ja"]],
];

for (const [shell, offersOf] of SHELLS) {
  const version = versionOf(shell);
  if (version === undefined) tellOfMissingPeer({ tests: `completion in ${shell}`, install: shell });
  describe.skipIf(version === undefined)(`completion in ${version ?? `${shell} (not installed)`}`, async () => {
    const { stdout: script } = await runRecorded(["completion", shell]);

    it.each(EXACT)("offers for %j exactly %j", (line, offers) => {
      expect(offersOf(script, line)).toEqual(offers);
    });

    it("offers every command at the start", () => {
      const offers = offersOf(script, "rusuban ");
      expect(offers).toEqual(expect.arrayContaining(["status", "host", "alert", "backup", "restore", "ports", "help"]));
    });

    it("offers a command's own options and the global ones", () => {
      const offers = offersOf(script, "rusuban restore latest --");
      expect(offers).toEqual(
        expect.arrayContaining(["--to", "--dry-run", "--overwrite", "--json", "--lang", "--help"]),
      );
      expect(offers).not.toContain("--severity");
      expect(new Set(offers).size).toBe(offers.length);
    });

    it("takes a value that is the name of a command for a value", () => {
      expect(offersOf(script, "rusuban alert list --host job ")).not.toContain("cancel");
    });
  });
}

describe.skipIf(versionOf("bash") === undefined)("completion in bash", () => {
  it("narrows to what has been typed", async () => {
    const { stdout: script } = await runRecorded(["completion", "bash"]);
    expect(bashOffers(script, "rusuban alert f")).toEqual(["follow"]);
    expect(bashOffers(script, "rusuban alert list --severity m")).toEqual(["minor", "major"]);
    expect(bashOffers(script, "rusuban --data /us")).toEqual(["/usr"]);
    expect(bashOffers(script, "rusuban backup web1 --exclude x")).toEqual([]);
  });
});

describe("the completion command", () => {
  it("refuses another shell and names those that there are", async () => {
    const { stderr, exitCode } = await runRecorded(["completion", "fish"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("Allowed choices are bash, zsh");
  });

  it("gives the script in the envelope with --json", async () => {
    const { stdout } = await runRecorded(["completion", "bash"]);
    expect((await runRecorded(["completion", "bash", "--json"])).data).toEqual({
      shell: "bash",
      script: stdout.trimEnd(),
    });
  });
});
