import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

// Compiled modules are kept between runs, in the user's own cache: a command then starts in half the time. Node's own
// default is a directory that other users could write to.
enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "rusuban", "compiled"));

const [{ createProcessWorld }, { run }] = await Promise.all([import("./process-world.ts"), import("./run.ts")]);

// The clock's timers and idle connections keep no process alive, and a command that waits has nothing else.
const alive = setInterval(() => {}, 2 ** 30);
await run(process.argv.slice(2), createProcessWorld());
clearInterval(alive);
