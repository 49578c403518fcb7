import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openAccounts } from "../agent/agent-data.ts";
import { systemRandom } from "../runtime/random.ts";
import { runRecorded } from "./run-recorded.ts";

function command() {
  const folder = mkdtempSync(join(tmpdir(), "rusuban-account-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const world = { RUSUBAN_ACCOUNT_PASSWORD: "long enough" };
  const run = (args: readonly string[], differing: Parameters<typeof runRecorded>[1] = { env: world }) =>
    runRecorded(["agent", "account", ...args, "--data", folder], differing);
  return { folder, run, accounts: openAccounts(folder, systemRandom) };
}

describe("rusuban agent account", () => {
  it("sets, lists and removes", async () => {
    const { run, accounts } = command();
    expect((await run(["set", "ops", "--may-change", "--json"])).data).toEqual({ name: "ops", mayChange: true });
    expect((await run(["set", "reader"])).stdout).toBe("reader: set\n");
    expect(await accounts.check("ops", "long enough")).toEqual({ name: "ops", mayChange: true });
    expect((await run(["list"])).stdout).toMatch(/NAME\s+STATE\nops\s+may change things\nreader\s+may read\n/);
    expect((await run(["remove", "ops", "--dry-run"])).stdout).toContain("would be removed");
    expect((await run(["remove", "ops", "--yes"])).stdout).toBe("ops: removed\n");
    expect((await accounts.list()).map(({ name }) => name)).toEqual(["reader"]);
  });

  it("takes the password from a file, or twice from a person", async () => {
    const { run, accounts, folder } = command();
    const file = join(folder, "password");
    writeFileSync(file, "from a file\nsecond line");
    await run(["set", "a", "--password-file", file], {});
    expect(await accounts.check("a", "from a file")).toBeDefined();
    await run(["set", "b"], { askSecret: async () => "typed twice" });
    expect(await accounts.check("b", "typed twice")).toBeDefined();
    const answers = ["one thing", "another thing"];
    const { error } = await run(["set", "c", "--json"], { askSecret: async () => answers.shift() ?? "" });
    expect(error.code).toBe("passwords-differ");
  });

  it.each([
    ["no password", ["set", "ops"], {}, "no-password", 2],
    ["a short one", ["set", "ops"], { RUSUBAN_ACCOUNT_PASSWORD: "short" }, "settings", 2],
    ["a name that is none", ["set", "o:ps"], { RUSUBAN_ACCOUNT_PASSWORD: "long enough" }, "settings", 2],
    ["an account that is not there", ["remove", "ops", "--yes"], {}, "not-found", 1],
  ])("refuses %s", async (_, args, env, code, exitCode) => {
    const recorded = await command().run([...args, "--json"], { env });
    expect(recorded.error.code).toBe(code);
    expect(recorded.exitCode).toBe(exitCode);
  });
});
