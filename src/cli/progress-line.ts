// The progress of work under way. On a terminal one line is redrawn; elsewhere (a log, a pipe) a plain line comes every
// few seconds.

import { displayWidth } from "../runtime/display-width.ts";
import { visible } from "./visible.ts";
import type { World } from "./world.ts";

const PLAIN_LINE_MS = 5_000;

export interface ProgressLine {
  /** `text` as it is, and behind it as much of `path`, made visible, as there is room for. */
  show(text: string, path: string): void;
  /** Takes the line away, so that something else can be printed. */
  clear(): void;
}

export function createProgressLine({ clock, output, terminal }: World): ProgressLine {
  let lastPlain: number | undefined;
  let isDrawn = false;
  return {
    show(text, path) {
      if (terminal !== undefined) {
        output.tell(`\r\u001b[2K${withPath(text, path, terminal.columns - 1)}`);
        isDrawn = true;
        return;
      }
      // Without a terminal the first line comes when there is something to tell.
      lastPlain ??= clock.monotonic();
      if (clock.monotonic() - lastPlain < PLAIN_LINE_MS) return;
      lastPlain = clock.monotonic();
      output.tell(`${withPath(text, path, Number.POSITIVE_INFINITY)}\n`);
    },
    clear() {
      if (isDrawn) output.tell("\r\u001b[2K");
      isDrawn = false;
    },
  };
}

/** The path behind the text as far as there is room: its end says more than its beginning. */
function withPath(text: string, current: string, columns: number): string {
  const used = displayWidth(text);
  if (used > columns) return cutTo(text, columns);
  const path = [...visible(current)];
  let width = displayWidth(path.join(""));
  if (width === 0 || used + 3 > columns) return text;
  if (used + 2 + width <= columns) return `${text}  ${path.join("")}`;
  while (path.length > 0 && used + 3 + width > columns) width -= displayWidth(path.shift() ?? "");
  return `${text}  …${path.join("")}`;
}

function cutTo(text: string, columns: number): string {
  let cut = "";
  for (const character of text) {
    if (displayWidth(cut + character) > columns) break;
    cut += character;
  }
  return cut;
}

const RATE_WINDOW_MS = 5_000;

/** Bytes a second over the last few seconds: the mean of all would not show that it has stopped. */
export function createRate(now: () => number): (bytes: number) => number {
  const samples: { at: number; bytes: number }[] = [];
  return (bytes) => {
    samples.push({ at: now(), bytes });
    while (samples.length > 2 && (samples[0]?.at ?? 0) < now() - RATE_WINDOW_MS) samples.shift();
    const [first] = samples;
    if (first === undefined || now() <= first.at) return 0;
    return (Math.max(0, bytes - first.bytes) * 1_000) / (now() - first.at);
  };
}
