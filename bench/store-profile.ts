// Where the time goes: runs of Rusuban under V8's sampling profiler, all threads, summed up by function.

import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { measure } from "./store-measure.ts";
import { type Command, rusuban } from "./store-programs.ts";

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

export interface ProfileLine {
  readonly what: string;
  readonly seconds: number;
  /** Of the time in which a thread did something. */
  readonly share: number;
}

export interface ThreadProfile {
  readonly thread: string;
  readonly busySeconds: number;
  readonly lines: readonly ProfileLine[];
}

const LINES_SHOWN = 15;
/** Native work that is no function of ours and no waiting. */
const IDLE = new Set(["(idle)", "(root)"]);

/** A run that `command` describes with Rusuban under the profiler; one profile for each thread, the main one first. */
export async function profile(
  describe: (program: ReturnType<typeof rusuban>) => Command,
  scratch: string,
): Promise<ThreadProfile[]> {
  const folder = join(scratch, "profile");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  await measure(describe(rusuban(["--cpu-prof", `--cpu-prof-dir=${folder}`])), scratch);
  // CPU.<date>.<time>.<pid>.<thread>.<number>.cpuprofile: thread 0 is the main one.
  const threadOf = (name: string) => Number(name.split(".").at(-3));
  return readdirSync(folder)
    .filter((name) => name.endsWith(".cpuprofile"))
    .sort((a, b) => threadOf(a) - threadOf(b))
    .map((name) => {
      const thread = threadOf(name) === 0 ? "main thread" : `worker ${threadOf(name)}`;
      return summarise(thread, JSON.parse(readFileSync(join(folder, name), "utf8")) as CpuProfile);
    });
}

function summarise(thread: string, { nodes, samples, timeDeltas }: CpuProfile): ThreadProfile {
  const nameOf = new Map(nodes.map(({ id, callFrame }) => [id, describeFrame(callFrame)]));
  const micros = new Map<string, number>();
  for (const [index, node] of samples.entries()) {
    const what = nameOf.get(node) ?? "(unknown)";
    if (!IDLE.has(what)) micros.set(what, (micros.get(what) ?? 0) + (timeDeltas[index] ?? 0));
  }
  const busy = [...micros.values()].reduce((sum, value) => sum + value, 0);
  const lines = [...micros]
    .sort(([, a], [, b]) => b - a)
    .slice(0, LINES_SHOWN)
    .map(([what, value]) => ({ what, seconds: value / 1e6, share: value / busy }));
  return { thread, busySeconds: busy / 1e6, lines };
}

const TOP = new URL("..", import.meta.url).href;

function describeFrame({ functionName, url, lineNumber }: CpuProfile["nodes"][number]["callFrame"]): string {
  if (url === "") return functionName === "" ? "(native)" : functionName;
  const name = functionName === "" ? "(anonymous)" : functionName;
  const place = url.startsWith(TOP)
    ? url.slice(TOP.length)
    : url.startsWith("file:")
      ? basename(fileURLToPath(url))
      : url;
  return `${name} (${place}:${lineNumber + 1})`;
}
