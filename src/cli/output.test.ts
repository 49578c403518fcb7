import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { displayWidth, padEnd } from "../runtime/display-width.ts";
import { ConnectError, CorruptionError, PeerError, SettingsError, TimeoutError, WireError } from "../runtime/errors.ts";
import { CommandError, EXIT, mayColor, printError, printJson, printTable, runAction } from "./output.ts";
import { createRecorder } from "./output-recorder.ts";

describe("the envelope", () => {
  it("wraps data in one object", () => {
    const output = createRecorder();
    printJson(output, { hosts: ["留守番"] });
    expect(JSON.parse(output.stdout)).toEqual({ ok: true, data: { hosts: ["留守番"] } });
  });

  it.each([
    [new CommandError("no-such-host", "there is no host x", { hint: "see host list" }), "no-such-host", EXIT.failed],
    [new CommandError("usage", "no", { exit: EXIT.usage }), "usage", EXIT.usage],
    [new CommandError("part", "2 of 3 files", { exit: EXIT.partly }), "part", EXIT.partly],
    [new SettingsError("ports.console", "0 is not a port"), "settings", EXIT.usage],
    [
      new ConnectError({ flow: "administration", host: "m", port: 1 }, "ECONNREFUSED", "refused"),
      "connect",
      EXIT.failed,
    ],
    [new TimeoutError("asking m", 5), "timeout", EXIT.failed],
    [new PeerError("not-found", "no snapshot"), "not-found", EXIT.failed],
    [new CorruptionError("pack 1", "hash differs"), "corruption", EXIT.failed],
    [new WireError("a", "b"), "protocol", EXIT.failed],
    [new TypeError("our bug"), "failed", EXIT.failed],
  ])("tells %s as code %s", (error, code, exit) => {
    const output = createRecorder();
    printError(output, error, { json: true });
    expect(JSON.parse(output.stdout)).toMatchObject({ ok: false, error: { code, message: error.message } });
    expect([output.stderr, output.exitCode]).toEqual(["", exit]);
  });

  it("leaves the hint out where there is none", () => {
    const output = createRecorder();
    printError(output, new CommandError("a", "b"), { json: true });
    expect(JSON.parse(output.stdout).error).toEqual({ code: "a", message: "b" });
  });
});

describe("a failed action", () => {
  const fail = () => {
    throw new CommandError("no-such-host", "there is no host x", { hint: "see `rusuban host list`" });
  };

  it("speaks to people on stderr and leaves stdout empty", async () => {
    const output = createRecorder();
    await runAction(output, {}, fail);
    expect([output.stdout, output.stderr, output.exitCode]).toEqual([
      "",
      "rusuban: there is no host x\n  see `rusuban host list`\n",
      EXIT.failed,
    ]);
  });

  it("speaks to scripts on stdout and leaves stderr empty", async () => {
    const output = createRecorder();
    await runAction(output, { json: true }, fail);
    expect([JSON.parse(output.stdout).ok, output.stderr]).toEqual([false, ""]);
  });

  it("catches a rejected promise as well", async () => {
    const output = createRecorder();
    await runAction(output, {}, async () => fail());
    expect(output.exitCode).toBe(EXIT.failed);
  });
});

describe("a table", () => {
  it("aligns columns by the cells that text takes, and leaves no trailing spaces", () => {
    const output = createRecorder();
    printTable(
      output,
      ["名称", "N", "X"],
      [
        ["サーバ", "1", "end"],
        ["host", "22", ""],
      ],
    );
    expect(output.stdout).toBe("名称    N   X\nサーバ  1   end\nhost    22\n");
  });

  it("shows styles only where colours are allowed, and aligns as if there were none", () => {
    const [plain, colored] = [createRecorder(), createRecorder({ color: true })];
    const rows = [
      [{ text: "重大", style: "red" as const }, "a"],
      ["ok", "b"],
    ];
    for (const output of [plain, colored]) printTable(output, ["A", "B"], rows);
    expect(plain.stdout).toBe("A     B\n重大  a\nok    b\n");
    expect(colored.stdout).toContain("\u001b[31m重大\u001b[39m  a\n");
    expect(stripVTControlCharacters(colored.stdout)).toBe(plain.stdout);
  });
});

describe("colours", () => {
  it.each([
    [true, {}, true],
    [true, { NO_COLOR: "" }, true],
    [true, { NO_COLOR: "1" }, false],
    [true, { NO_COLOR: "0" }, false],
    [false, {}, false],
  ])("on a terminal %s with %j: %s", (isTerminal, env, allowed) => {
    expect(mayColor(isTerminal, env)).toBe(allowed);
  });
});

describe("display width", () => {
  it.each([
    ["", 0],
    ["abc", 3],
    ["サーバ監視", 10],
    ["ｱﾗｰﾄ", 4],
    ["（）！", 6],
    ["が", 2],
    ["か\u3099", 2],
    ["e\u0301", 1],
    ["a\u200bb", 2],
    ["𠮷野家", 6],
    ["──▶", 3],
    ["한글", 4],
  ])("of %j is %i", (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  it("pads up to the width and never cuts", () => {
    expect([padEnd("監視", 6), padEnd("監視", 3)]).toEqual(["監視  ", "監視"]);
  });
});
