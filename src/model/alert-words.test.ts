import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sentence } from "../judging/wording.ts";
import { alertSentence, type SaidAlert } from "./alert-words.ts";

const of = (more: Partial<SaidAlert>): SaidAlert => ({
  ...{ condition: "x", kind: "raised", component: "c", summary: "said in English", details: [] },
  ...more,
});
const japanese = (more: Partial<SaidAlert>) => alertSentence(of(more), "ja");

/** Conditions that are named in the sources of a folder. */
function conditionsIn(folder: URL): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !/fixture|\.test\.ts$/.test(path))
    .map((path) => readFileSync(new URL(path, folder), "utf8"))
    .flatMap((source) => [
      ...source.matchAll(/(?:condition: |CONDITION = )"([a-z]+\.[a-z-]+)"|^ {2}"([a-z]+\.[a-z-]+)": \{$/gm),
    ])
    .map(([, named, worded]) => named ?? worded ?? "");
}

const READ = [{ name: "reading", value: "91 % full: 12 GB of 140 GB free" }];

describe("an alert in Japanese", () => {
  it("is in English for readers of English, and where its words are not ours", () => {
    expect(alertSentence(of({ condition: "memory.short" }), "en")).toBe("said in English");
    expect(japanese({ condition: "cim.FAN0001" })).toBe("said in English");
    expect(japanese({ condition: "toString" })).toBe("said in English");
    // Only the sentence says how much is left.
    expect(japanese({ condition: "filesystem.filling", details: [] })).toBe("said in English");
  });

  it.each([
    [
      "filesystem.filling",
      "file system /var",
      "91 % full: 12 GB of 140 GB free",
      "使用率 91 %、140 GB のうち空き 12 GB",
    ],
    [
      "filesystem.inodes",
      "file system /",
      "99 % of its inodes used: 5 of 800 left for new files",
      "800 個のうち残り 5 個",
    ],
    ["memory.short", "memory", "97 % used: 1.2 GB of 25 GB available", "25 GB のうち空き 1.2 GB"],
    ["load.high", "load", "9.50 over 5 minutes on 2 processors", "5 分間の平均 9.50、プロセッサ 2 個"],
    ["load.high", "load", "9.50 over 1 minute on 1 processor", "1 分間の平均 9.50、プロセッサ 1 個"],
    ["processor.busy", "processor", "99 % busy", "使用率 99 %"],
    ["service.down", "service sshd", "failed: exit code 1", "failed: exit code 1"],
    ["hardware.failing", "disk sda", "failing: 12 sectors", "failing: 12 sectors"],
  ] as const)("says of %s at %s what was read, raised and cleared", (condition, component, summary, read) => {
    const said = (say: "raise" | "clear") => {
      const levels = say === "raise" ? (["ok", "warning"] as const) : (["warning", "ok"] as const);
      const [from, level] = levels;
      const times = { sinceMs: 0, nowMs: 3 * 3_600_000 + 5 * 60_000 };
      const { text, details } = sentence({
        say,
        condition,
        component,
        summary,
        ...times,
        from,
        level,
        worst: "warning",
      });
      return japanese({ condition, component, kind: say === "raise" ? "raised" : "cleared", summary: text, details });
    };
    for (const text of [said("raise"), said("clear")]) {
      expect(text).toContain(read);
      expect(text).not.toMatch(/ (is|are|again|after|of|used|full) /);
    }
    expect(said("raise")).not.toBe(said("clear"));
    expect(said("clear")).toContain("3 時間 5 分継続");
    const name = component.replace(/^(file system|service) /, "");
    if (name !== component) expect(said("raise")).toContain(name);
  });

  it("says that it is better and not well, and that a component is gone", () => {
    const details = [
      { name: "before", value: "critical" },
      { name: "reading", value: "91 % full: 12 GB of 140 GB free" },
    ];
    expect(japanese({ condition: "filesystem.filling", component: "file system /", details })).toMatch(
      /^改善しましたが/,
    );
    expect(
      japanese({
        condition: "service.down",
        component: "service a",
        kind: "cleared",
        details: [{ name: "lasted", value: "45 seconds" }],
      }),
    ).toBe("a はなくなったか、監視の対象から外れました（この状態が45 秒続いていました）");
  });

  it("keeps the reason in its maker's words", () => {
    expect(japanese({ condition: "host.unreachable", summary: "web1 is unreachable: no answer: timeout" })).toBe(
      "ホストに到達できません: no answer: timeout",
    );
    expect(
      japanese({
        condition: "host.unreachable",
        kind: "cleared",
        details: [{ name: "unreachable for", value: "90 s" }],
      }),
    ).toBe("ホストが復帰しました（停止していた時間: 90 秒）");
    expect(
      japanese({
        condition: "backup.failed",
        component: "backup of /etc, /home",
        summary: "Backup of /etc failed: disk full",
      }),
    ).toBe("/etc, /home のバックアップに失敗しました: disk full");
    expect(
      japanese({ condition: "indications.lost", summary: "3 indications of this server did not arrive" }),
    ).toContain("3 件");
    expect(japanese({ condition: "indications.lost", summary: "odd" })).toBe("odd");
  });

  it("has words for every condition of ours", () => {
    const found = ["agent", "judging", "manager"].flatMap((folder) =>
      conditionsIn(new URL(`../${folder}/`, import.meta.url)),
    );
    expect(found.length).toBeGreaterThan(20);
    const silent = found.filter(
      (condition) => !/[ぁ-ん]/.test(japanese({ condition, summary: "5 things: gone", details: READ })),
    );
    expect(silent).toEqual([]);
  });

  it.each([
    [[], "初めて"],
    [
      [
        ["away for", "about 2 days 3 hours"],
        ["last stop", "not clean"],
        ["computer restarted", "yes"],
      ],
      "電源断",
    ],
    [
      [
        ["away for", "5 seconds"],
        ["last stop", "clean"],
        ["computer restarted", "no"],
      ],
      "正常な停止のあと、エージェントが起動しました。監視されていなかった時間: 5 秒",
    ],
    [
      [
        ["away for", "an unknown time (the clock was set back)"],
        ["last stop", "clean"],
      ],
      "時計が戻されました",
    ],
  ] as const)("tells how an agent started: %j", (details, text) => {
    const named = details.map(([name, value]) => ({ name, value }));
    expect(japanese({ condition: "agent.started", kind: "event", component: "agent", details: named })).toContain(text);
  });
});
