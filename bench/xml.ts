import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, release, tmpdir } from "node:os";
import { join } from "node:path";
import { XmlReader } from "../src/wire/xml-reader.ts";
import { XmlWriter } from "../src/wire/xml-writer.ts";
import { renderXml, type XmlResults } from "./xml-report.ts";

// How fast XML is read and written, and that time grows with the size and nothing else: each size is twice the one before,
// so the time for a byte should stay. Beside libxml2, as xmllint has it, where that is on PATH. `node bench/xml.ts`;
// --write writes docs/benchmarks-xml.md.

const PIECE_BYTES = 64 * 1024;
const SIZES = [250, 500, 1_000, 2_000, 4_000, 8_000];
const TURNS = 3;

/** An answer of EnumerateInstances with so many processes, as CIM-XML has it. */
function processes(count: number): Buffer {
  const writer = new XmlWriter();
  writer.open("CIM", { CIMVERSION: "2.0", DTDVERSION: "2.0" }).open("IRETURNVALUE");
  for (let pid = 1; pid <= count; pid += 1) {
    writer.open("VALUE.NAMEDINSTANCE").open("INSTANCE", { CLASSNAME: "CIM_UnixProcess" });
    for (const [name, value] of Object.entries({
      Handle: pid,
      Name: "postgres",
      Priority: 20,
      KernelModeTime: pid * 37,
    }))
      writer.open("PROPERTY", { NAME: name, TYPE: "string" }).leaf("VALUE", String(value)).close();
    writer.open("PROPERTY.ARRAY", { NAME: "Parameters", TYPE: "string" }).open("VALUE.ARRAY");
    for (const part of ["-D", "/var/lib/postgresql/15/main", "-c", "a < b & c"]) writer.leaf("VALUE", part);
    writer.close().close().close().close();
  }
  return writer.close().close().document();
}

function read(bytes: Buffer): void {
  const reader = new XmlReader();
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) reader.write(bytes.subarray(at, at + PIECE_BYTES));
  reader.end();
}

/** Processor time of `run` in milliseconds, the median of some turns. */
function median(run: () => void): number {
  return middleOf(() => {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
}

function middleOf(measure: () => number): number {
  const times = Array.from({ length: TURNS }, measure).sort((one, other) => one - other);
  return times[Math.floor(TURNS / 2)] ?? 0;
}

const shapes: readonly (readonly [string, (count: number) => Buffer])[] = [
  ["processes (CIM-XML)", processes],
  ["one long text", (count) => Buffer.from(`<a>${"x &amp; y ".repeat(count * 60)}</a>`)],
  ["many empty elements", (count) => Buffer.from(`<a>${"<b/>".repeat(count * 50)}</a>`)],
  ["attributes", (count) => Buffer.from(`<a>${'<b c="1" d="&lt;2&gt;" e="three"/>'.repeat(count * 20)}</a>`)],
];
/** Times that a document is read in one process of xmllint, so that its start does not count. */
const REPEATED = 6;

function versionOfXmllint(): string | undefined {
  const { stderr, error } = spawnSync("xmllint", ["--version"], { encoding: "utf8" });
  return error === undefined ? /version (\d+)/.exec(stderr)?.[1] : undefined;
}

/** Processor time of libxml2 for one document: `--stream` by its reader, without it a tree in memory as ours makes. */
function libxml2Ms(file: string, flags: readonly string[]): number {
  const run = (count: number) =>
    middleOf(() => {
      const files = Array.from({ length: count }, () => file);
      const said = execFileSync("sh", ["-c", 'xmllint "$@" && times', "sh", "--noout", ...flags, ...files]).toString();
      // The second line is of the children: `0m1.234s 0m0.056s`, user and system.
      const spent = [...(said.trim().split("\n")[1] ?? "").matchAll(/(\d+)m([\d.]+)s/g)];
      return spent.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1_000, 0);
    });
  return (run(REPEATED + 1) - run(1)) / REPEATED;
}

function measureXml(): XmlResults {
  read(processes(2_000)); // Warm.
  const version = versionOfXmllint();
  const folder = mkdtempSync(join(tmpdir(), "rusuban-bench-xml-"));
  try {
    const largest = SIZES.at(-1);
    const rows = shapes.map(([name, make]) => {
      const sizes = SIZES.map((count) => {
        const bytes = make(count);
        return { megabytes: bytes.length / 1e6, ms: median(() => read(bytes)) };
      });
      const file = join(folder, "document.xml");
      writeFileSync(file, make(largest ?? 0));
      const peer =
        version === undefined
          ? {}
          : { treeMs: libxml2Ms(file, ["--huge"]), streamMs: libxml2Ms(file, ["--huge", "--stream"]) };
      return { name, sizes, ...peer };
    });
    const bytes = processes(4_000).length;
    const ms = median(() => {
      processes(4_000);
    });
    const machine = [
      `processor: ${cpus().length} × ${cpus()[0]?.model}`,
      `kernel ${release()}, Node ${process.version}`,
    ];
    return { machine, version, rows, writtenMegabytesPerSecond: (bytes / 1e6 / ms) * 1_000 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const text = renderXml(measureXml());
if (process.argv.includes("--write")) writeFileSync(new URL("../docs/benchmarks-xml.md", import.meta.url), text);
else console.log(text);
