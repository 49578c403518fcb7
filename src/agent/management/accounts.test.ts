import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemRandom } from "../../runtime/random.ts";
import { createAccounts } from "./accounts.ts";

function accounts() {
  const folder = mkdtempSync(join(tmpdir(), "rusuban-accounts-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "accounts");
  return { file, accounts: createAccounts({ file, random: systemRandom }) };
}

describe("accounts", () => {
  it("are none at first, and then those that were set", async () => {
    const { accounts: all, file } = accounts();
    expect(await all.list()).toEqual([]);
    expect(await all.check("ops", "long enough")).toBeUndefined();
    await all.set({ name: "ops", mayChange: true }, "long enough");
    await all.set({ name: "reader", mayChange: false }, "ぱすわーど 123");
    expect(await all.check("ops", "long enough")).toEqual({ name: "ops", mayChange: true });
    expect(await all.check("reader", "ぱすわーど 123")).toEqual({ name: "reader", mayChange: false });
    expect(await all.check("ops", "long enougH")).toBeUndefined();
    expect(await all.check("OPS", "long enough")).toBeUndefined();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).not.toContain("long enough");
  });

  it("change at once, and go at once", async () => {
    const { accounts: all, file } = accounts();
    const running = createAccounts({ file, random: systemRandom });
    await all.set({ name: "ops", mayChange: false }, "first password");
    await all.set({ name: "ops", mayChange: true }, "second password");
    expect(await running.check("ops", "first password")).toBeUndefined();
    expect(await running.check("ops", "second password")).toMatchObject({ mayChange: true });
    expect(await all.remove("ops")).toBe(true);
    expect(await all.remove("ops")).toBe(false);
    expect(await running.check("ops", "second password")).toBeUndefined();
  });

  it.each([
    ["a:b", "long enough"],
    ["", "long enough"],
    ["ops", "short"],
    ["ops", "x".repeat(300)],
  ])("refuse the name %j with the password %j", async (name, password) => {
    await expect(accounts().accounts.set({ name, mayChange: false }, password)).rejects.toThrow();
  });

  it("tell when their file is not what was written", async () => {
    const { accounts: all, file } = accounts();
    for (const text of ["{", "{}", '[{"name":"x"}]', '[{"name":"x","mayChange":true,"salt":"","hash":"YQ=="}]']) {
      writeFileSync(file, text, { mode: 0o600 });
      await expect(all.check("x", "long enough")).rejects.toThrow(file);
    }
  });
});
