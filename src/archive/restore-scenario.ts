import { systemClock } from "../runtime/clock.ts";
import { silentLog } from "../runtime/log.ts";
import { systemRandom } from "../runtime/random.ts";
import { createDirectoryMedium } from "../store/directory-medium.ts";
import { createStore, openStore } from "../store/store.ts";
import { SMALL_CHUNKS, WEAK_KEY_STRENGTH } from "../store/store-fixture.ts";
import { backUp, restore } from "./backup-fixture.ts";

// The process that restore-kill.test.ts kills: restores the tree at argv[3], from the store at argv[2], below argv[4], over
// whatever is there. The first time it makes the store.

const [path, from, to] = process.argv.slice(2) as [string, string, string];
const medium = createDirectoryMedium({ path, random: systemRandom });
const needs = {
  ...{ medium, passphrase: "correct horse", clock: systemClock, random: systemRandom, log: silentLog },
  ...{ keyStrength: WEAK_KEY_STRENGTH, chunkSizes: SMALL_CHUNKS },
};
const isThere = (await medium.list("keys/")).length > 0;
const store = isThere ? await openStore(needs) : await createStore(needs);
if (!isThere) await backUp(store, [from]);
const root = store.listSnapshots()[0]?.root as Buffer;
const { problems } = await restore(store, root, to, { overwrite: "always", paths: [from], threadsMax: 1 });
await store.close();
process.stdout.write(`problems ${problems.length}\n`);
