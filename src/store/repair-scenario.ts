import { writeSync } from "node:fs";
import { systemClock } from "../runtime/clock.ts";
import { silentLog } from "../runtime/log.ts";
import { systemRandom } from "../runtime/random.ts";
import { createDirectoryMedium } from "./directory-medium.ts";
import { openStore } from "./store.ts";
import { WEAK_KEY_STRENGTH } from "./store-fixture.ts";

// The process that repair-kill.test.ts kills: it opens the damaged store at argv[2], checks, repairs and collects.

const store = await openStore({
  ...{ passphrase: "correct horse", clock: systemClock, random: systemRandom, log: silentLog },
  keyStrength: WEAK_KEY_STRENGTH,
  medium: createDirectoryMedium({ path: process.argv[2] as string, random: systemRandom }),
});
const { problems } = await store.check({ readData: true });
writeSync(1, `found ${problems.length}\n`);
const { left } = await store.repair();
writeSync(1, `left ${left.length}\n`);
await store.collectGarbage({ garbageShareMax: 0 });
await store.close();
writeSync(1, "closed\n");
