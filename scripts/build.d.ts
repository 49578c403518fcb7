import type { Log } from "../src/runtime/log.ts";

/** Builds the web console where it is missing or older than its sources. Resolves to its folder. */
export declare function ensureConsole(needs: { readonly log: Pick<Log, "info"> }): Promise<string>;
