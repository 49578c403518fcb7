import { describe, expect, it } from "vitest";
import { systemRandom } from "../runtime/random.ts";
import type { Medium } from "./medium.ts";
import { createMemoryMedium } from "./memory-medium.ts";
import { backUp, createFixtureStore, openFixtureStore } from "./store-fixture.ts";

// The N-th change of the medium fails, for every N of a backup, check, repair, forgetting and collection.

const CHANGES = 40;

function failingAt(files: Map<string, Buffer>, when: number, code: string): { medium: Medium; changes: () => number } {
  const medium = createMemoryMedium(files);
  let count = 0;
  const change = async (work: () => Promise<void>) => {
    if (++count === when) throw Object.assign(new Error(`${code} from the test`), { code });
    await work();
  };
  return {
    changes: () => count,
    medium: {
      ...medium,
      write: (name, parts) => change(() => medium.write(name, parts)),
      delete: (name) => change(() => medium.delete(name)),
      move: (from, to) => change(() => medium.move(from, to)),
    },
  };
}

describe("a change of the medium that fails, whichever it is", () => {
  for (const code of ["ENOSPC", "EIO", "EMFILE"]) {
    it(`(${code}) is told or made up for, and costs no snapshot`, async () => {
      const { store, files } = await createFixtureStore();
      const kept = await backUp(store, { a: systemRandom(9_000), b: systemRandom(9_000) });
      const doomed = await backUp(store, { c: systemRandom(9_000) });
      await store.close();
      const pack = [...files.keys()].find((name) => name.startsWith("packs/data/")) as string;
      const damaged = Buffer.from(files.get(pack) as Buffer);
      damaged[damaged.length - 50] = (damaged.at(-50) as number) ^ 2;
      files.set(pack, damaged);

      let told = 0;
      for (let when = 1; when <= CHANGES; when++) {
        const copy = new Map(files);
        const { medium, changes } = failingAt(copy, when, code);
        const committed: string[] = [];
        try {
          const open = await openFixtureStore(copy, medium);
          committed.push(await backUp(open, { d: systemRandom(3_000) }));
          await open.check({ readData: true });
          await open.repair();
          await open.forgetSnapshot(doomed);
          await open.collectGarbage({ garbageShareMax: 0 });
          await open.close();
        } catch (error) {
          expect(error).toMatchObject({ code });
          told++;
        }
        if (when === 1) expect(changes()).toBeGreaterThan(0);
        const after = await openFixtureStore(copy);
        expect((await after.repair()).left, `change ${when}`).toEqual([]);
        await after.collectGarbage({ garbageShareMax: 0 });
        expect((await after.check({ readData: true })).problems, `change ${when}`).toEqual([]);
        for (const id of [kept, ...committed]) expect(after.findSnapshot(id), `change ${when}`).toBeDefined();
        await after.close();
      }
      expect(told).toBeGreaterThan(5);
    });
  }
});
