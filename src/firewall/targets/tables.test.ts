import { describe, expect, it } from "vitest";
import { displayWidth } from "../../runtime/display-width.ts";
import { type Renderer, render } from "../renderer.ts";
import type { RuleSet } from "../rule.ts";
import { agentNamed, rulesOn, topologyOf } from "../rule-set-fixture.ts";
import { HOSTILE_NAMES, hostileRules } from "./hostile-rules-fixture.ts";
import { csv, markdown, table } from "./tables.ts";

const textOf = (renderer: Renderer, ruleSet: RuleSet, language: "en" | "ja" = "en") =>
  render(renderer, ruleSet, { language }).files[0]?.text ?? "";

/** Fields by RFC 4180 §2. */
function parseCsv(text: string): string[][] {
  return text
    .replace(/^\uFEFF/, "")
    .split("\r\n")
    .slice(0, -1)
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
      ),
    );
}

const agents = [agentNamed("web1", ["10.77.2.20", "fd77:2::20"]), agentNamed("会計", ["10.77.2.21"])];
const some = rulesOn("between", { topology: topologyOf({ agents }), flows: ["backupData", "ping"] });

describe("the tables for the firewall team", () => {
  it("say in CSV who begins with whom, on which port, for what", () => {
    expect(parseCsv(textOf(csv, some, "ja"))).toEqual([
      ["No.", "フロー", "発信元", "発信元アドレス", "宛先", "宛先アドレス", "プロトコル", "ポート", "戻り通信", "用途"],
      [
        "1",
        "ping",
        "マネージャ",
        "10.77.1.10, fd77:1::10",
        "エージェント",
        "web1 10.77.2.20, fd77:2::20; 会計 10.77.2.21",
        "icmp",
        "エコー要求",
        "エコー応答",
        "CIM-Indication設定 Ping (ICMP)",
      ],
      [
        "2",
        "backup-data",
        "マネージャ",
        "10.77.1.10, fd77:1::10",
        "エージェント",
        "web1 10.77.2.20, fd77:2::20; 会計 10.77.2.21",
        "tcp",
        "20300-20349",
        "あり",
        "データ接続 (ダイナミックポート)",
      ],
    ]);
  });

  it("mark CSV as UTF-8 where it holds more than ASCII, for spreadsheets, and only there", () => {
    expect(textOf(csv, some, "ja").startsWith("\uFEFF")).toBe(true);
    expect(textOf(csv, rulesOn("agent", { flows: ["ping"] })).startsWith("No.")).toBe(true);
  });

  it.each(HOSTILE_NAMES)("give no cell that a spreadsheet would run, and no cell more, for %j", (name) => {
    const rows = parseCsv(textOf(csv, hostileRules("between", name)));
    for (const row of rows) {
      expect(row).toHaveLength(10);
      for (const cell of row) expect(cell).not.toMatch(/^[=+\-@\t\r]/);
    }
    for (const line of textOf(markdown, hostileRules("between", name)).split("\n")) {
      if (line.startsWith("|")) expect(line.replaceAll(/\\[\\|]/g, "").split("|")).toHaveLength(12);
      expect(line).not.toMatch(/(?<!\\)[<>`]/);
    }
  });

  it("align text in columns of the same width, also in Japanese", () => {
    for (const language of ["en", "ja"] as const) {
      const [head = "", ...rows] = textOf(table, some, language).split("\n\n")[1]?.trimEnd().split("\n") ?? [];
      expect(rows).toHaveLength(2);
      const title = language === "ja" ? "用途" : "What it is for";
      const column = displayWidth(head.slice(0, head.indexOf(title)));
      for (const [index, { title: text }] of some.rules.entries()) {
        const row = rows[index] ?? "";
        expect(displayWidth(row.slice(0, row.indexOf(text[language])))).toBe(column);
      }
    }
  });

  it("say so where there are no rules, with the reasons", () => {
    const none = rulesOn("agent", { flows: [] });
    expect(textOf(table, none)).toContain("No rules.");
    expect(textOf(markdown, none, "ja")).toContain("規則はありません。");
    expect(textOf(table, none)).toContain("left out: ping: not in use here");
  });
});
