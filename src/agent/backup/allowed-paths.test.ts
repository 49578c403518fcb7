import { mkdirSync, mkdtempSync, realpathSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { judgePath } from "./allowed-paths.ts";

const base = realpathSync(mkdtempSync(join(tmpdir(), "rusuban-allowed-")));
mkdirSync(join(base, "data/sub"), { recursive: true });
mkdirSync(join(base, "other"));
symlinkSync(join(base, "other"), join(base, "data/escape"));
symlinkSync(join(base, "data"), join(base, "alias"));
const roots = [join(base, "data")];

const judge = async (path: string) => (await judgePath(Buffer.from(path), roots, "backup.paths")).allowed;

it.each([
  ["the root itself", "data", true],
  ["a directory in it", "data/sub", true],
  ["a new directory in it", "data/new/deeper", true],
  ["the root by another name", "alias/sub", true],
  ["a neighbour", "other", false],
  ["a name that only begins like the root", "database", false],
  ["a way out by dots", "data/../other", false],
  ["a way out by a symbolic link", "data/escape", false],
  ["a new directory behind a symbolic link", "data/escape/new", false],
])("%s: %s is allowed: %s", async (_, path, allowed) => {
  expect(await judge(`${base}/${path}`)).toBe(allowed);
});

it("refuses relative paths and NUL bytes", async () => {
  expect(await judge("data")).toBe(false);
  expect(await judge(`${base}/data/\0`)).toBe(false);
});

it("everything is allowed where the root is /", async () => {
  expect(await judgePath(Buffer.from("/etc"), ["/"], "backup.paths")).toEqual({ allowed: true });
});

it("says which setting to change", async () => {
  expect(await judgePath(Buffer.from(`${base}/other`), roots, "backup.paths")).toMatchObject({
    reason: expect.stringContaining("add it to backup.paths"),
  });
});
