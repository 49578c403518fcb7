import { createProcessWorld } from "./process-world.ts";
import { run } from "./run.ts";

// The clock's timers and idle connections keep no process alive, and a command that waits has nothing else.
const alive = setInterval(() => {}, 2 ** 30);
await run(process.argv.slice(2), createProcessWorld());
clearInterval(alive);
