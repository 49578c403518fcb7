import type { Clock } from "../runtime/clock.ts";
import { createMemoryManager, type MemoryManager, NOW_MS } from "./memory-manager.ts";
import { createRecorder, type OutputRecorder } from "./output-recorder.ts";
import { run } from "./run.ts";
import type { World } from "./world.ts";

/** A clock for tests on which waiting takes no time: it stands at the moment waited for as soon as someone waits. */
export function createHastyClock(): Clock {
  let elapsed = 0;
  return {
    now: () => NOW_MS + elapsed,
    monotonic: () => elapsed,
    after(delayMs, callback) {
      const immediate = setImmediate(() => {
        elapsed += delayMs;
        callback();
      });
      return () => clearImmediate(immediate);
    },
  };
}

export interface Recorded extends OutputRecorder {
  readonly manager: MemoryManager;
  /** `data` of the envelope, which must be the only thing on stdout. */
  readonly data: unknown;
  readonly error: { readonly code: string; readonly message: string; readonly hint?: string };
}

/** Runs one command line against a manager in memory. */
export async function runRecorded(
  args: readonly string[],
  {
    manager = createMemoryManager(),
    color = false,
    ...differing
  }: { manager?: MemoryManager; color?: boolean } & Partial<World> = {},
): Promise<Recorded> {
  const output = createRecorder({ color });
  await run(args, {
    output,
    env: {},
    clock: createHastyClock(),
    homeDirectory: "/home/jo",
    terminal: undefined,
    ask: undefined,
    interruption: () => new AbortController().signal,
    openApi: async () => manager.api,
    ...differing,
  });
  return Object.defineProperties(output, {
    manager: { value: manager },
    data: { get: () => part(output.stdout, true).data },
    error: { get: () => part(output.stdout, false).error },
  }) as Recorded;
}

function part(stdout: string, ok: boolean): { data?: unknown; error?: unknown } {
  const envelope = JSON.parse(stdout);
  if (envelope.ok !== ok) throw new Error(`not the envelope that was expected: ${stdout}`);
  return envelope;
}
