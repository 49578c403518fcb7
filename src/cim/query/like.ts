import type { QueryLanguage } from "./query-language.ts";

// LIKE without regular expressions of strangers: a list of steps, matched with one place to go back to, so that time is
// at most the text's length times the pattern's.

type Step =
  | { readonly kind: "run" }
  | { readonly kind: "one" }
  | { readonly kind: "character"; readonly character: string }
  | { readonly kind: "set"; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] };

export interface LikePattern {
  readonly steps: readonly Step[];
  readonly anyCase: boolean;
}

/**
 * WQL: `%` any run, `_` any one, `[a-f]` and `[^a-f]` one of a set. CQL (DSP0202 §5.4.6, basic LIKE): `.` any one, `.*`
 * any run, a backslash takes the next character as it is.
 */
export function parseLike(pattern: string, language: QueryLanguage): LikePattern {
  return language === "WQL"
    ? { steps: wqlSteps(pattern.toLowerCase()), anyCase: true }
    : { steps: cqlSteps(pattern), anyCase: false };
}

function wqlSteps(pattern: string): Step[] {
  const steps: Step[] = [];
  for (const [part] of pattern.matchAll(/\[\^?[^\]]+\]|[\s\S]/gu)) {
    if (part === "%") steps.push({ kind: "run" });
    else if (part === "_") steps.push({ kind: "one" });
    else if (part.length > 2 && part.startsWith("[")) steps.push(setOf(part.slice(1, -1)));
    else steps.push({ kind: "character", character: part });
  }
  return steps;
}

function setOf(text: string): Step {
  const negated = text.startsWith("^") && text.length > 1;
  const ranges = [...(negated ? text.slice(1) : text).matchAll(/([\s\S])[-=]([\s\S])|[\s\S]/gu)].map(
    ([whole, from, to]) => [from ?? whole, to ?? whole] as const,
  );
  return { kind: "set", negated, ranges };
}

function cqlSteps(pattern: string): Step[] {
  const steps: Step[] = [];
  for (const [part] of pattern.matchAll(/\\[\s\S]|\.\*|[\s\S]/gu)) {
    if (part === ".*") steps.push({ kind: "run" });
    else if (part === ".") steps.push({ kind: "one" });
    else steps.push({ kind: "character", character: part.startsWith("\\") && part.length > 1 ? part.slice(1) : part });
  }
  return steps;
}

/** The whole text must fit. */
export function isLike(text: string, { steps, anyCase }: LikePattern): boolean {
  const characters = [...(anyCase ? text.toLowerCase() : text)];
  let [at, step] = [0, 0];
  let [backAt, backStep] = [-1, -1];
  while (at < characters.length) {
    const current = steps[step];
    if (current?.kind === "run") {
      [backAt, backStep] = [at, step];
      step += 1;
    } else if (current !== undefined && fits(characters[at] ?? "", current)) {
      at += 1;
      step += 1;
    } else if (backStep >= 0) {
      // The last run takes one character more; earlier runs never need to.
      backAt += 1;
      [at, step] = [backAt, backStep + 1];
    } else return false;
  }
  while (steps[step]?.kind === "run") step += 1;
  return step === steps.length;
}

function fits(character: string, step: Step): boolean {
  if (step.kind === "character") return character === step.character;
  if (step.kind === "set")
    return step.ranges.some(([from, to]) => character >= from && character <= to) !== step.negated;
  return true;
}
