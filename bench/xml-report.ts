import { figure, table } from "./markdown-table.ts";

export interface XmlResults {
  readonly machine: readonly string[];
  /** Of libxml2; undefined where xmllint is not there. */
  readonly version: string | undefined;
  readonly rows: readonly {
    readonly name: string;
    /** Each twice as large as the one before. */
    readonly sizes: readonly { readonly megabytes: number; readonly ms: number }[];
    /** libxml2's time for the largest, with a tree and without. */
    readonly treeMs?: number;
    readonly streamMs?: number;
  }[];
  readonly writtenMegabytesPerSecond: number;
}

export function renderXml({ machine, version, rows, writtenMegabytesPerSecond }: XmlResults): string {
  const speed = (megabytes: number, ms: number | undefined) =>
    figure(ms === undefined ? undefined : (megabytes / ms) * 1_000, 0);
  return [
    "# Benchmarks of XML",
    "Written by `npm run bench:xml -- --write`; do not edit.",
    machine.map((line) => `- ${line}`).join("\n"),
    `Our reader checks, bounds and builds a tree. All times are processor time, so that what else the machine does hardly counts. Linear is the time for a byte of the largest document divided by that of one an eighth as large: 1 is linear. ${
      version === undefined
        ? "libxml2 was left out: xmllint is not on PATH."
        : `libxml2 ${version} by xmllint, its start subtracted: with a tree (\`--noout\`) and without (\`--stream\`).`
    }`,
    table(
      ["document", "MB", "ours MB/s", "linear", "libxml2 tree MB/s", "libxml2 stream MB/s", "ours against tree"],
      rows.map(({ name, sizes, treeMs, streamMs }) => {
        const [large, small] = [sizes.at(-1), sizes.at(-4)];
        if (large === undefined || small === undefined) return [name];
        return [
          ...[name, large.megabytes.toFixed(1), speed(large.megabytes, large.ms)],
          figure(large.ms / large.megabytes / (small.ms / small.megabytes), 2),
          ...[speed(large.megabytes, treeMs), speed(large.megabytes, streamMs)],
          figure(treeMs === undefined ? undefined : treeMs / large.ms, 2),
        ];
      }),
    ),
    `Written: ${figure(writtenMegabytesPerSecond, 0)} MB/s.`,
    "",
  ].join("\n\n");
}
