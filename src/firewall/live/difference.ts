import type { ManagerKind } from "./backend.ts";
import { type PlacedOpening, placedLine } from "./opening.ts";
import type { RulesByManager } from "./state-folder.ts";

/** One line of a difference: there and wanted (` `), there and not wanted (`-`), wanted and not there (`+`). */
export interface DifferenceLine {
  readonly sign: " " | "-" | "+";
  readonly text: string;
}

/** All lines of both, sorted; what is strange in our chains is something to take away. */
export function differenceOf(
  live: RulesByManager,
  wanted: RulesByManager,
  strange: readonly string[] = [],
): DifferenceLine[] {
  const [there, asked] = [linesOf(live), linesOf(wanted)];
  const lines = [...new Set([...there, ...asked])].sort().map((text): DifferenceLine => {
    const sign = !asked.has(text) ? "-" : there.has(text) ? " " : "+";
    return { sign, text };
  });
  return [...strange.map((text) => ({ sign: "-" as const, text })), ...lines];
}

export function isSame(lines: readonly DifferenceLine[]): boolean {
  return lines.every(({ sign }) => sign === " ");
}

/** As `diff -u` prints it. Empty where nothing differs. */
export function unifiedText(lines: readonly DifferenceLine[]): string[] {
  if (isSame(lines)) return [];
  const [before, after] = (["+", "-"] as const).map((other) => lines.filter(({ sign }) => sign !== other).length);
  const start = (count: number | undefined) => (count === 0 ? 0 : 1);
  return [
    "--- now",
    "+++ wanted",
    `@@ -${start(before)},${before} +${start(after)},${after} @@`,
    ...lines.map(({ sign, text }) => `${sign}${text}`),
  ];
}

function linesOf(rules: RulesByManager): Set<string> {
  return new Set(entriesOf(rules).map(placedLine));
}

export function entriesOf(rules: RulesByManager): PlacedOpening[] {
  return (Object.keys(rules) as ManagerKind[]).flatMap((kind) => rules[kind] ?? []);
}
