import { writeSync } from "node:fs";
import { systemClock } from "../runtime/clock.ts";
import { silentLog } from "../runtime/log.ts";
import { systemRandom } from "../runtime/random.ts";
import { createDirectoryMedium } from "./directory-medium.ts";
import { createStore, openStore } from "./store.ts";
import { backUp, SMALL_CHUNKS, WEAK_KEY_STRENGTH } from "./store-fixture.ts";

// The process that two-processes.test.ts kills: it makes or opens the store at argv[2], backs up once and stays.

const path = process.argv[2] as string;
const medium = createDirectoryMedium({ path, random: systemRandom });
const needs = {
  ...{ medium, passphrase: "correct horse", clock: systemClock, random: systemRandom, log: silentLog },
  ...{ keyStrength: WEAK_KEY_STRENGTH, chunkSizes: SMALL_CHUNKS },
};
const store = (await medium.list("keys/")).length > 0 ? await openStore(needs) : await createStore(needs);
await backUp(store, { a: systemRandom(500) });
writeSync(1, "open\n");
// A timer of the longest length keeps the process; whoever started it ends it.
setInterval(() => {}, 0x7fffffff);
