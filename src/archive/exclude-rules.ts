import { SettingsError } from "../runtime/errors.ts";

// Patterns as restic's users know them: `*`, `?` and `[…]` within a name, `**` across names. A pattern with a leading slash
// is matched from the root, another one from any directory on; what lies below a match is excluded, too. `!` takes a match
// back, unless a directory above it is excluded. Paths are bytes: they are matched as Latin-1, one character a byte.

export interface ExcludeRules {
  /** `path` is absolute, without a trailing slash. */
  isExcluded(path: Buffer): boolean;
}

/** SettingsError for a pattern that cannot be. The last pattern that matches decides. */
export function createExcludeRules(patterns: readonly string[]): ExcludeRules {
  const rules = patterns.map((pattern) => {
    const negated = pattern.startsWith("!");
    return { negated, expression: compile(negated ? pattern.slice(1) : pattern) };
  });
  return {
    isExcluded(path) {
      if (rules.length === 0) return false;
      const text = path.toString("latin1");
      let excluded = false;
      for (const { negated, expression } of rules) {
        if (excluded === negated && expression.test(text)) excluded = !negated;
      }
      return excluded;
    },
  };
}

/** The pattern that matches this absolute path and what is below it, whatever characters it has. */
export function patternOfPath(path: string): string {
  return path.replace(/[*?[]/g, "[$&]");
}

/** A UTF-8 character, or a byte that is part of none. */
const ANY_CHARACTER = "(?:[\\xc0-\\xff][\\x80-\\xbf]+|[^/])";
/** Longer ones are mistakes, and every one is tried on every path. */
const PATTERN_LENGTH_MAX = 4096;

function compile(pattern: string): RegExp {
  const trimmed = pattern.replace(/\/+$/, "");
  if (trimmed === "" || pattern.length > PATTERN_LENGTH_MAX)
    throw new SettingsError("exclude", `"${pattern}" matches nothing`);
  const parts = Buffer.from(trimmed)
    .toString("latin1")
    .split("/")
    .filter((part) => part !== "");
  const anchored = trimmed.startsWith("/");
  const body = parts.map((part) => (part === "**" ? "(?:/[^/]+)*" : `/${compilePart(part, pattern)}`)).join("");
  return new RegExp(`^${anchored ? "" : "(?:/[^/]+)*"}${body}(?:/|$)`, "s");
}

function compilePart(part: string, pattern: string): string {
  let expression = "";
  for (let at = 0; at < part.length; at++) {
    const character = part[at] as string;
    if (character === "*") {
      while (part[at + 1] === "*") at++;
      expression += "[^/]*";
    } else if (character === "?") expression += ANY_CHARACTER;
    else if (character === "[") {
      const end = part.indexOf("]", at + 2);
      if (end < 0) throw new SettingsError("exclude", `"${pattern}" has a [ without a ]`);
      expression += compileClass(part.slice(at + 1, end));
      at = end;
    } else if (character === "\\" && at + 1 < part.length) expression += literal(part[++at] as string);
    else expression += literal(character);
  }
  return expression;
}

function compileClass(inner: string): string {
  const negated = inner.startsWith("^") || inner.startsWith("!");
  const members = (negated ? inner.slice(1) : inner).replace(/[\\\][^]/g, "\\$&");
  return `[${negated ? "^/" : ""}${members}]`;
}

function literal(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
