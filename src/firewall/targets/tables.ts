// The same rules for people: for the firewall team's form, its spreadsheet, its wiki.

import { displayWidth, padEnd } from "../../runtime/display-width.ts";
import { headLines, never, type Renderer, sidePrefix } from "../renderer.ts";
import { TABLE_SIDES, tableHead, tableRows, tableWords } from "./table-rows.ts";

const WHOLE = { sides: TABLE_SIDES, portsPerRuleMax: null, isStateful: true, refuse: never } as const;
const USE = {
  en: "each row is who begins a conversation with whom; a firewall without state needs the replies as rows of their own",
  ja: "各行は通信を開始する向きです。ステートレスのファイアウォールでは戻り通信の許可も必要です",
};

export const table: Renderer = {
  ...WHOLE,
  name: "table",
  title: { en: "table for the firewall team", ja: "ファイアウォール担当者向けの表" },
  use: USE,
  render(ruleSet, { language }) {
    const head = headLines(table, ruleSet, language).map((line) => `${line}\n`);
    const rows = [tableHead(language), ...tableRows(ruleSet, language)];
    const widths = tableHead(language).map((_, column) =>
      Math.max(...rows.map((row) => displayWidth(row[column] ?? ""))),
    );
    const lines = rows.map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : padEnd(cell, widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    );
    const body = rows.length === 1 ? tableWords(language).noRules : lines.join("\n");
    return [{ name: `${sidePrefix(ruleSet.side)}.txt`, text: `${head.join("")}\n${body}\n` }];
  },
};

export const markdown: Renderer = {
  ...WHOLE,
  name: "markdown",
  title: { en: "Markdown table", ja: "表(Markdown)" },
  use: USE,
  render(ruleSet, { language }) {
    const [title = "", ...head] = headLines(markdown, ruleSet, language).map(escaped);
    const rows = tableRows(ruleSet, language);
    const lines = [tableHead(language), tableHead(language).map(() => "---"), ...rows.map((row) => row.map(escaped))];
    const body =
      rows.length === 0 ? tableWords(language).noRules : lines.map((row) => `| ${row.join(" | ")} |`).join("\n");
    const text = `# ${title}\n\n${head.map((line) => `- ${line}\n`).join("")}\n${body}\n`;
    return [{ name: `${sidePrefix(ruleSet.side)}.md`, text }];
  },
};

/** Markdown's and HTML's own signs lose their meaning (CommonMark §2.4: any ASCII punctuation may be escaped). */
function escaped(text: string): string {
  return text.replace(/[\\`*_[\]<>|!#&~$]/g, "\\$&");
}

export const csv: Renderer = {
  ...WHOLE,
  name: "csv",
  title: { en: "table as CSV (RFC 4180)", ja: "表(CSV)" },
  use: USE,
  render(ruleSet, { language }) {
    const rows = [tableHead(language), ...tableRows(ruleSet, language)];
    const text = rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
    // Spreadsheets take a file without the mark for the system's old encoding.
    const mark = /\P{ASCII}/u.test(text) ? "\uFEFF" : "";
    return [{ name: `${sidePrefix(ruleSet.side)}.csv`, text: mark + text }];
  },
};

/** RFC 4180 §2; and what a spreadsheet would take for a formula becomes text. */
function cell(text: string): string {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
