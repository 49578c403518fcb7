import { expect, it } from "vitest";
import { systemRandom } from "../runtime/random.ts";
import { ID_BYTES } from "./chunk-id.ts";
import { PackBuilder } from "./pack.ts";

it("what is known of a pack's objects keeps no memory alive but its own", () => {
  const builder = new PackBuilder({ kind: "data", sealingKey: Buffer.alloc(32, 7), random: systemRandom });
  // Cut from the pool by Node, as most short buffers are.
  const ids = Array.from({ length: 500 }, (_, index) => Buffer.from(String(index).padStart(ID_BYTES, "0")));
  const encoded = Buffer.from("encoded");
  for (const id of ids) builder.add(id, encoded);
  const { directory } = builder.finish();
  expect(directory.objects.map(({ id }) => id)).toEqual(ids);
  const kept = new Set(directory.objects.map(({ id }) => id.buffer));
  const bytes = [...kept].reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(bytes).toBeLessThanOrEqual(2 * ids.length * ID_BYTES);
});
