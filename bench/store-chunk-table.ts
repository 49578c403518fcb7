// What one known chunk takes of memory: fills a table with as many random ids as asked for, in a process of its own, and
// prints the growth of the resident set and of the buffers as JSON.

import { systemRandom } from "../src/runtime/random.ts";
import { ChunkTable } from "../src/store/chunk-table.ts";

const count = Number(process.argv[2]);
const BATCH = 4_096;
const collect = globalThis.gc ?? (() => {});

const table = new ChunkTable(systemRandom);
collect();
const before = process.memoryUsage();
for (let done = 0; done < count; done += BATCH) {
  const ids = systemRandom(32 * Math.min(BATCH, count - done));
  for (let at = 0; at < ids.length; at += 32)
    table.put(ids.subarray(at, at + 32), { pack: done & 0xfff, offset: at, length: 1_000 });
}
collect();
const after = process.memoryUsage();
console.log(
  JSON.stringify({
    chunks: table.size,
    residentBytes: after.rss - before.rss,
    tableBytes: table.memoryBytes,
    baseBytes: before.rss,
  }),
);
