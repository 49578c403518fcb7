import { XmlReader } from "../src/wire/xml-reader.ts";
import { XmlWriter } from "../src/wire/xml-writer.ts";

// How fast XML is read and written, and that time grows with the size and nothing else: each size is twice the one before,
// so the time for a byte should stay. `node bench/xml.ts`

const PIECE_BYTES = 64 * 1024;
const SIZES = [250, 500, 1_000, 2_000, 4_000, 8_000];
const TURNS = 5;

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

function median(run: () => void): number {
  const times = Array.from({ length: TURNS }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  }).sort((one, other) => one - other);
  return times[Math.floor(TURNS / 2)] ?? 0;
}

const shapes: readonly (readonly [string, (count: number) => Buffer])[] = [
  ["processes (CIM-XML)", processes],
  ["one long text", (count) => Buffer.from(`<a>${"x &amp; y ".repeat(count * 60)}</a>`)],
  ["many empty elements", (count) => Buffer.from(`<a>${"<b/>".repeat(count * 50)}</a>`)],
  ["attributes", (count) => Buffer.from(`<a>${'<b c="1" d="&lt;2&gt;" e="three"/>'.repeat(count * 20)}</a>`)],
];
read(processes(2_000)); // Warm.
for (const [name, make] of shapes) {
  console.log(name);
  for (const count of SIZES) {
    const bytes = make(count);
    const ms = median(() => read(bytes));
    const megabytes = bytes.length / 1e6;
    console.log(
      `  ${megabytes.toFixed(2).padStart(7)} MB  ${ms.toFixed(1).padStart(7)} ms  ${((megabytes / ms) * 1000).toFixed(0).padStart(5)} MB/s`,
    );
  }
}
const written = median(() => {
  processes(4_000);
});
console.log(`written: ${((processes(4_000).length / 1e6 / written) * 1000).toFixed(0)} MB/s`);
