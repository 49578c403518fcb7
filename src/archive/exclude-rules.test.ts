import { describe, expect, it } from "vitest";
import { createExcludeRules, patternOfPath } from "./exclude-rules.ts";

const CASES: readonly (readonly [patterns: readonly string[], path: string, excluded: boolean])[] = [
  [[], "/a", false],
  [["*.tmp"], "/home/x.tmp", true],
  [["*.tmp"], "/home/x.tmp/below", true],
  [["*.tmp"], "/home/x.tmpl", false],
  [["node_modules"], "/a/node_modules/b/c", true],
  [["node_modules"], "/a/node_modules_too", false],
  [["/var/cache"], "/var/cache/apt", true],
  [["/var/cache"], "/srv/var/cache", false],
  [["var/cache"], "/srv/var/cache", true],
  [["var/cache/"], "/srv/var/cache/x", true],
  [["/home/*/tmp"], "/home/me/tmp", true],
  [["/home/*/tmp"], "/home/me/deep/tmp", false],
  [["/home/**/tmp"], "/home/me/deep/tmp", true],
  [["/home/**/tmp"], "/home/tmp", true],
  [["f?o"], "/foo", true],
  [["f?o"], "/f/o", false],
  [["f?o"], "/féo", true],
  [["[a-c]x"], "/bx", true],
  [["[!a-c]x"], "/bx", false],
  [["[!a-c]x"], "/dx", true],
  [["a.b"], "/axb", false],
  [["a\\*b"], "/a*b", true],
  [["a\\*b"], "/axb", false],
  [["*.log", "!keep.log"], "/keep.log", false],
  [["*.log", "!keep.log"], "/drop.log", true],
  [["new\nline"], "/new\nline", true],
  [["日本*"], "/日本語", true],
];

describe("exclude patterns", () => {
  for (const [patterns, path, excluded] of CASES) {
    it(`${JSON.stringify(patterns)} ${excluded ? "leave out" : "keep"} ${JSON.stringify(path)}`, () => {
      expect(createExcludeRules(patterns).isExcluded(Buffer.from(path))).toBe(excluded);
    });
  }

  it("take names that are not UTF-8", () => {
    const path = Buffer.concat([Buffer.from("/x"), Buffer.from([0xff, 0xfe]), Buffer.from(".tmp")]);
    expect(createExcludeRules(["*.tmp"]).isExcluded(path)).toBe(true);
    expect(createExcludeRules(["x??.tmp"]).isExcluded(path)).toBe(true);
  });

  it("refuse what cannot be meant", () => {
    for (const pattern of ["", "/", "[abc", "!"]) {
      expect(() => createExcludeRules([pattern]), pattern).toThrow(/exclude:/);
    }
  });
});

it("a path becomes the pattern of itself alone", () => {
  for (const path of ["/srv/store", "/srv/a*b", "/srv/[x]?", "/srv/日本"]) {
    const rules = createExcludeRules([patternOfPath(path)]);
    expect(rules.isExcluded(Buffer.from(`${path}/below`))).toBe(true);
    expect(rules.isExcluded(Buffer.from(`${path}2`))).toBe(false);
  }
  expect(createExcludeRules([patternOfPath("/srv/a*b")]).isExcluded(Buffer.from("/srv/axb"))).toBe(false);
});
