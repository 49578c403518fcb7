import { writeSync } from "node:fs";
import { systemClock } from "../runtime/clock.ts";
import { silentLog } from "../runtime/log.ts";
import { systemRandom } from "../runtime/random.ts";
import { createDirectoryMedium } from "./directory-medium.ts";
import { createStore, openStore } from "./store.ts";
import { backUp, SMALL_CHUNKS, WEAK_KEY_STRENGTH } from "./store-fixture.ts";

// The process that store-kill.test.ts kills: it makes or opens the store at argv[2], backs up three times, forgets and
// collects. A line on stdout before or after each step says what may or must be true from then on.

const path = process.argv[2] as string;
const say = (line: string) => writeSync(1, `${line}\n`);

const medium = createDirectoryMedium({ path, random: systemRandom });
const needs = {
  ...{ medium, passphrase: "correct horse", clock: systemClock, random: systemRandom, log: silentLog },
  ...{ keyStrength: WEAK_KEY_STRENGTH, chunkSizes: SMALL_CHUNKS },
};
const isThere = (await medium.list("keys/")).length > 0;
const store = isThere ? await openStore(needs) : await createStore(needs);
say("open");

const shared = systemRandom(3000);
for (let round = 0; round < 3; round++) {
  say(`committed ${await backUp(store, { shared, own: systemRandom(4000 * (round + 1)) })}`);
}
const [oldest, second] = store.listSnapshots();
for (const snapshot of [oldest, second]) {
  if (snapshot === undefined) continue;
  say(`forgetting ${snapshot.id}`);
  await store.forgetSnapshot(snapshot.id);
}
await store.collectGarbage({ garbageShareMax: 0 });
say("collected");
await store.close();
say("closed");
