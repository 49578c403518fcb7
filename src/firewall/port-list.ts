import type { PortRange } from "../ports/flow.ts";

/** `5986`, or `20300-20349` with the separator of the target. */
export function portText({ from, to }: PortRange, separator: string): string {
  return from === to ? String(from) : `${from}${separator}${to}`;
}

/** The ranges in lists that name at most `portsMax` ports each, a range counting as two; the order stays. */
export function portLists(ranges: readonly PortRange[], portsMax: number): PortRange[][] {
  const lists: PortRange[][] = [];
  let room = 0;
  for (const range of ranges) {
    const weight = range.from === range.to ? 1 : 2;
    if (weight > room) {
      lists.push([]);
      room = portsMax;
    }
    lists.at(-1)?.push(range);
    room -= weight;
  }
  return lists;
}

/** Without duplicates, apart from each other, ascending. */
export function mergeRanges(ranges: readonly PortRange[]): PortRange[] {
  const merged: PortRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && range.from <= last.to + 1) {
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    } else merged.push(range);
  }
  return merged;
}
