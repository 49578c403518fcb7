import { z } from "zod";
import { readPrivateFile, writePrivateFile } from "../../net/private-file.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { SEQUENCE_CONTEXTS_MAX, SEQUENCE_GAPS_MAX, type SequenceMemory } from "./sequence-judge.ts";

/** 10,000 contexts with a few gaps have about 3 MB. */
const MEMORY_BYTES_MAX = 64 * 1024 * 1024;

const number = z.string().regex(/^-?\d{1,20}$/);
const Memory = z
  .array(
    z.object({
      source: z.string(),
      context: z.string(),
      first: number,
      highest: number,
      gaps: z.array(z.object({ from: number, to: number, sinceMs: z.number() })).max(SEQUENCE_GAPS_MAX),
      seenAtMs: z.number(),
    }),
  )
  .max(SEQUENCE_CONTEXTS_MAX);

/** The numbers of indications that were seen, in one file. It only finds gaps: one that cannot be read begins anew. */
export function createSequenceMemory({ file, log }: { readonly file: string; readonly log: Log }) {
  return {
    async load(): Promise<SequenceMemory> {
      try {
        const text = await readPrivateFile(file, MEMORY_BYTES_MAX);
        return text === undefined ? [] : Memory.parse(JSON.parse(text));
      } catch (error) {
        log.warn({ file, reason: reasonOf(error) }, "the numbers of indications seen before are not known any more");
        return [];
      }
    },
    async save(memory: SequenceMemory): Promise<void> {
      await writePrivateFile(file, `${JSON.stringify(memory)}\n`, "always");
    },
  };
}
