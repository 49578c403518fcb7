import { existsSync, globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { collectBounds } from "../scripts/bounds-of-sources.ts";
import { fillDocument } from "../scripts/filled-document.ts";

const TOP = fileURLToPath(new URL("..", import.meta.url));
const PAGES = [
  "README.md",
  "README.ja.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...globSync("docs/**/*.md", { cwd: TOP }),
];

/** As GitHub makes a heading an anchor. */
function anchorsOf(page: string): string[] {
  const headings = page.replaceAll(/^```[\s\S]*?^```/gm, "").match(/^#+ .*$/gm) ?? [];
  return headings.map((line) =>
    line
      .replace(/^#+ /, "")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** Links of a page that lead nowhere: to a file that is not there, or a heading that its page has not. */
function deadLinks(path: string, page: string): string[] {
  const prose = page.replaceAll(/^```[\s\S]*?^```/gm, "").replaceAll(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [file = "", anchor] = target.split("#");
      const place = file === "" ? path : posix.normalize(posix.join(posix.dirname(path), file));
      if (!existsSync(`${TOP}/${place}`)) return true;
      return (
        anchor !== undefined &&
        place.endsWith(".md") &&
        !anchorsOf(readFileSync(`${TOP}/${place}`, "utf8")).includes(anchor)
      );
    });
}

describe("documents", () => {
  it.each(PAGES)("%s leads nowhere that is not there", (path) => {
    expect(deadLinks(path, readFileSync(`${TOP}/${path}`, "utf8"))).toEqual([]);
  });

  it("would be told of a link to a missing file, and of one to a missing heading", () => {
    expect(
      deadLinks("docs/x.md", "[a](missing.md) [b](settings.md#no-such) [c](settings.md#settings) [d](#here)\n# Here"),
    ).toEqual(["missing.md", "settings.md#no-such", "#here"]);
  });
});

describe("the decision on dependencies", () => {
  it("has a reason for each package that runs with the product, and for no other", () => {
    const { dependencies } = JSON.parse(readFileSync(`${TOP}/package.json`, "utf8"));
    const rows = readFileSync(`${TOP}/docs/decisions/0002-dependencies.md`, "utf8").match(/^\| `.*?\|/gm) ?? [];
    const named = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
    expect(named.sort()).toEqual(Object.keys(dependencies).sort());
  });
});

describe("a page with generated parts", () => {
  const page = "before\n<!-- generated: one -->\nold\n<!-- end -->\nafter\n";

  it("keeps what is written by hand and fills the rest, again and again the same", () => {
    const filled = fillDocument("x.md", page, { one: () => "new" });
    expect(filled).toBe("before\n<!-- generated: one -->\nnew\n<!-- end -->\nafter\n");
    expect(fillDocument("x.md", filled, { one: () => "new" })).toBe(filled);
  });

  it("is refused where a part has no place, and where a place has no part", () => {
    expect(() => fillDocument("x.md", page, { one: () => "", two: () => "" })).toThrow("x.md: no place for two");
    expect(() => fillDocument("x.md", page, {})).toThrow('x.md: nothing generates "one"');
  });
});

describe("the bounds found in the sources", () => {
  const bounds = new Map(
    collectBounds().flatMap(({ path, bounds: all }) => all.map((each) => [`${path} ${each.name}`, each])),
  );

  it("are computed from arithmetic and from other files' constants", () => {
    expect(bounds.get("src/net/limits.ts CHANNEL_QUEUE_BYTES_MAX")?.value).toBe(4 * 1024 * 1024);
    expect(bounds.get("src/protocols/dedup/messages.ts DEDUP_ENGINE_RECORD_BYTES_MAX")?.value).toBe(
      9 * 1024 * 1024 + 1024,
    );
    expect(bounds.get("src/store/codec.ts ENCODED_BYTES_MAX")?.value).toBe(8 * 1024 * 1024 + 5);
  });

  it("carry the comment above them, behind them, or at the member of their interface", () => {
    expect(bounds.get("src/protocols/browser/messages.ts BROWSER_RECORD_BYTES_MAX")?.value).toBe(32 * 1024);
    expect(bounds.get("src/protocols/ndmp/connection.ts CALLS_UNDER_WAY_MAX")?.why).toContain("waits for each reply");
    expect(bounds.get("src/net/limits.ts LISTENER_LIMITS.handshakesMax")?.why).toContain(
      "Handshakes under way at once",
    );
    expect(bounds.get("src/net/limits.ts HTTPS_LIMITS.headerBytesMax")?.why).toContain("Request line and headers");
  });

  it("are those of every room", () => {
    const rooms = new Set([...bounds.keys()].map((key) => key.split("/")[1]));
    expect([...rooms]).toEqual(
      expect.arrayContaining(["net", "store", "agent", "manager", "protocols", "api", "database"]),
    );
  });
});
