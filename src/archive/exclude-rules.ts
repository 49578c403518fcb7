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
    return { negated, pattern: parse(negated ? pattern.slice(1) : pattern) };
  });
  return {
    isExcluded(path) {
      if (rules.length === 0) return false;
      const names = path.toString("latin1").split("/").slice(1);
      let excluded = false;
      for (const { negated, pattern } of rules) {
        if (excluded === negated && matches(pattern, names)) excluded = !negated;
      }
      return excluded;
    },
  };
}

/** The pattern that matches this absolute path and what is below it, whatever characters it has. */
export function patternOfPath(path: string): string {
  return path.replace(/[*?[]/g, "[$&]");
}

/** Longer ones are mistakes, and every one is tried on every path. */
const PATTERN_LENGTH_MAX = 4096;

interface Pattern {
  readonly isAnchored: boolean;
  readonly parts: readonly Part[];
}
/** For one name of a path, or for any number of them. */
type Part = "**" | readonly Token[];
/** `text` and `members` are Latin-1, `any` and members stand for one character: a UTF-8 one, or a byte that is part of none. */
type Token =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "star" | "any" }
  | { readonly kind: "class"; readonly negated: boolean; readonly members: RegExp };

function parse(pattern: string): Pattern {
  const trimmed = pattern.replace(/(?<!\/)\/+$/, "");
  if (trimmed === "" || pattern.length > PATTERN_LENGTH_MAX)
    throw new SettingsError("exclude", `"${pattern}" matches nothing`);
  const parts = trimmed
    .split("/")
    .filter((part) => part !== "")
    .map((part) => (part === "**" ? part : parsePart(part, pattern)));
  return { isAnchored: trimmed.startsWith("/"), parts };
}

function parsePart(part: string, pattern: string): Token[] {
  const tokens: Token[] = [];
  let text = "";
  const endText = () => {
    if (text !== "") tokens.push({ kind: "text", text: Buffer.from(text).toString("latin1") });
    text = "";
  };
  for (let at = 0; at < part.length; at++) {
    const character = part[at] as string;
    if (character === "*" || character === "?") {
      endText();
      const isRepeated = character === "*" && tokens.at(-1)?.kind === "star";
      if (!isRepeated) tokens.push({ kind: character === "*" ? "star" : "any" });
    } else if (character === "[") {
      const end = part.indexOf("]", at + 2);
      if (end < 0) throw new SettingsError("exclude", `"${pattern}" has a [ without a ]`);
      endText();
      tokens.push(parseClass(part.slice(at + 1, end), pattern));
      at = end;
    } else if (character === "\\" && at + 1 < part.length) text += part[++at];
    else text += character;
  }
  endText();
  return tokens;
}

function parseClass(inner: string, pattern: string): Token {
  const negated = inner.startsWith("^") || inner.startsWith("!");
  const members = (negated ? inner.slice(1) : inner).replace(/[\\\][^]/g, "\\$&");
  try {
    return { kind: "class", negated, members: new RegExp(`^[${members}]$`, "u") };
  } catch {
    throw new SettingsError("exclude", `"${pattern}" has a [${inner}] that names no characters`);
  }
}

/** Whether the path, or a directory above it, matches. All places in the pattern that a name may have led to go on side by side: nothing is ever tried twice. */
function matches({ isAnchored, parts }: Pattern, names: readonly string[]): boolean {
  let places = new Set<number>();
  const enter = (next: Set<number>, place: number) => {
    for (let at = place; ; at++) {
      next.add(at);
      // It may stand for no name at all.
      if (parts[at] !== "**") return;
    }
  };
  enter(places, 0);
  if (places.has(parts.length)) return true;
  for (const name of names) {
    const next = new Set<number>();
    if (!isAnchored) enter(next, 0);
    for (const place of places) {
      const part = parts[place] as Part;
      if (part === "**") enter(next, place);
      else if (matchesName(part, name)) enter(next, place + 1);
    }
    if (next.has(parts.length)) return true;
    places = next;
  }
  return false;
}

/** Goes back to the last star only: what an earlier one could take, the last one can as well. */
function matchesName(tokens: readonly Token[], name: string): boolean {
  let [at, token] = [0, 0];
  let star: { readonly token: number; at: number } | undefined;
  while (at < name.length || token < tokens.length) {
    const wanted = tokens[token];
    if (wanted?.kind === "star") {
      star = { token: ++token, at };
      continue;
    }
    const end = wanted === undefined ? undefined : endOfMatch(wanted, name, at);
    if (end !== undefined) {
      at = end;
      token++;
    } else if (star !== undefined && star.at < name.length) {
      star.at = characterEnd(name, star.at);
      at = star.at;
      token = star.token;
    } else return false;
  }
  return true;
}

function endOfMatch(token: Token, name: string, at: number): number | undefined {
  if (token.kind === "text") return name.startsWith(token.text, at) ? at + token.text.length : undefined;
  if (at >= name.length) return undefined;
  const end = characterEnd(name, at);
  if (token.kind !== "class") return end;
  const character = Buffer.from(name.slice(at, end), "latin1").toString("utf8");
  return token.members.test(character) === token.negated ? undefined : end;
}

/** Behind the UTF-8 character at `at`, or the byte. */
function characterEnd(name: string, at: number): number {
  let end = at + 1;
  if (name.charCodeAt(at) >= 0xc0) while ((name.charCodeAt(end) & 0xc0) === 0x80 && name.charCodeAt(end) < 0x100) end++;
  return end;
}
