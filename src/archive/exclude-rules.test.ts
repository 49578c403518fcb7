import fc from "fast-check";
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
  [["[あ-ん]"], "/の", true],
  [["[!あ-ん]"], "/の", false],
  [["*a*b"], "/xaybzb", true],
  [["a**b"], "/a-b", true],
  [["**"], "/any/thing", true],
  [["/a/**"], "/a", true],
  [["a/**/b/*/c"], "/x/a/1/2/b/3/c/below", true],
  [["a/**/b/*/c"], "/x/a/1/2/b/c", false],
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

/** The same by trying everything, on names of single characters. */
function matchesSlowly(pattern: string, name: string): boolean {
  if (pattern === "") return name === "";
  const [first, rest] = [pattern[0], pattern.slice(1)];
  if (first === "*") return matchesSlowly(rest, name) || (name !== "" && matchesSlowly(pattern, name.slice(1)));
  return name !== "" && (first === "?" || first === name[0]) && matchesSlowly(rest, name.slice(1));
}

it("a name matches as it would if everything were tried", () => {
  const text = (letters: string) => fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(text("ab*?"), text("ab"), (pattern, name) => {
      expect(createExcludeRules([`/${pattern}`]).isExcluded(Buffer.from(`/${name}`))).toBe(
        pattern === "**" || matchesSlowly(pattern, name),
      );
    }),
  );
});

it.each([
  ["many stars in a name", "*a".repeat(2_000), `/${"a".repeat(255)}`],
  ["many stars that nearly match", `${"*a".repeat(100)}b`, `/${"a".repeat(255)}`],
  ["many directories", `${"**/*/".repeat(600)}b`, "/a".repeat(2_000)],
  ["question marks and classes", "*?[a-z]".repeat(500), `/${"é".repeat(120)}`],
])("no pattern takes long, however it was made: %s", (_, pattern, path) => {
  expect(createExcludeRules([pattern]).isExcluded(Buffer.from(path))).toBe(false);
});

it("a path becomes the pattern of itself alone", () => {
  for (const path of ["/srv/store", "/srv/a*b", "/srv/[x]?", "/srv/日本"]) {
    const rules = createExcludeRules([patternOfPath(path)]);
    expect(rules.isExcluded(Buffer.from(`${path}/below`))).toBe(true);
    expect(rules.isExcluded(Buffer.from(`${path}2`))).toBe(false);
  }
  expect(createExcludeRules([patternOfPath("/srv/a*b")]).isExcluded(Buffer.from("/srv/axb"))).toBe(false);
});
