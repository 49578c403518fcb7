import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";

/** Warnings of one sentence in a window; what exceeds them is counted and told in one line when the window ends. */
const LINES_PER_WINDOW = 10;
const WINDOW_MS = 60_000;

/**
 * A log whose warnings strangers and misled peers cannot multiply: some lines a minute for each sentence, then a count.
 * Sentences are ours, so that their number is bounded; errors, which are ours to mend, all go through.
 */
export function createBoundedLog({ log, clock }: { readonly log: Log; readonly clock: Clock }): Log {
  const lines = new Map<string, { written: number; unwritten: number }>();
  let isOpen = false;
  const endWindow = () => {
    isOpen = false;
    for (const [sentence, { unwritten }] of lines) {
      if (unwritten > 0) log.warn({ count: unwritten }, `${sentence}: ${unwritten} more within a minute`);
    }
    lines.clear();
  };
  return {
    debug: (values, sentence) => log.debug(values, sentence),
    info: (values, sentence) => log.info(values, sentence),
    error: (values, sentence) => log.error(values, sentence),
    child: (values) => createBoundedLog({ log: log.child(values), clock }),
    warn(values, sentence) {
      if (!isOpen) {
        isOpen = true;
        clock.after(WINDOW_MS, endWindow);
      }
      const count = lines.get(sentence) ?? { written: 0, unwritten: 0 };
      lines.set(sentence, count);
      if (count.written >= LINES_PER_WINDOW) count.unwritten += 1;
      else {
        count.written += 1;
        log.warn(values, sentence);
      }
    },
  };
}
