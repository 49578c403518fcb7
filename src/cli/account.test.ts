import { describe, expect, it } from "vitest";
import { ROUTES } from "../api/routes.ts";
import { runRecorded } from "./run-recorded.ts";

describe("rusuban account", () => {
  it("lists accounts with their role, whether they are enabled, and where they are signed in", async () => {
    const { stdout, exitCode } = await runRecorded(["account", "list"]);
    expect(stdout).toMatch(/^NAME +ROLE +STATE +PASSWORD +SESSIONS +LAST USED$/m);
    expect(stdout).toMatch(/^admin +operator +enabled +yes +1 /m);
    expect(stdout).toMatch(/^tanaka +operator +disabled since 20\d\d-.* yes +0 +never$/m);
    expect(exitCode).toBe(0);
    const { data } = await runRecorded(["account", "list", "--json"]);
    expect(ROUTES.accountList.reply.parse(data).items.map(({ name }) => name)).toEqual(["admin", "tanaka"]);
  });

  it.each([
    [
      "disable",
      true,
      "tanaka: disabled, and signed out everywhere\n",
      "tanaka: 無効にし、すべてサインアウトしました\n",
    ],
    ["enable", false, "tanaka: enabled\n", "tanaka: 有効にしました\n"],
  ])("%ss one", async (command, disabled, english, japanese) => {
    const { stdout, manager } = await runRecorded(["account", command, "tanaka"]);
    expect(stdout).toBe(english);
    expect(manager.heardOnce("accountChange")).toMatchObject({ params: { account: "tanaka" }, body: { disabled } });
    expect((await runRecorded(["account", command, "tanaka", "--lang", "ja"])).stdout).toBe(japanese);
  });
});
