import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { compareTrees } from "../../test/tree-comparer.ts";
import { systemRandom } from "../runtime/random.ts";
import { hasStrace, runUnderStrace } from "../store/strace-run.ts";
import { useDirectories } from "./backup-fixture.ts";
import { libc } from "./libc.ts";
import { isLeftover, startOfNames, TemporaryNames } from "./temporary-names.ts";

const directory = useDirectories();
const SCENARIO = fileURLToPath(new URL("restore-scenario.ts", import.meta.url));
const OURS = ".rusuban-";
/** A restore over another one makes everything under another name first. */
const KILLS = [
  { call: "renameat", when: [1, 9, 30] },
  { call: "linkat", when: [2, 12] },
  { call: "symlink", when: [1] },
  { call: "mknodat", when: [1] },
];

function makeTree(from: string): void {
  for (let folder = 0; folder < 4; folder++) {
    mkdirSync(join(from, `d${folder}`));
    for (let index = 0; index < 8; index++) writeFileSync(join(from, `d${folder}`, `f${index}`), systemRandom(3_000));
    symlinkSync("f0", join(from, `d${folder}`, "link"));
    expect(spawnSync("mkfifo", [join(from, `d${folder}`, "pipe")]).status).toBe(0);
  }
}

describe.skipIf(!hasStrace || libc() === undefined)("a restore that is killed", () => {
  it("leaves no half file under a real name, and the next one removes what it left, and nothing else", {
    timeout: 120_000,
  }, () => {
    const [from, to, top] = [directory(), directory(), directory()];
    const store = join(top, "store");
    makeTree(from);
    const program = [SCENARIO, store, from, to];
    expect(runUnderStrace(program).told("problems")).toEqual(["0"]);
    const mine = [`${OURS}mine`, `${OURS}0123456789abcdef-1-1-0.1-0123456789abcdef01234567`];
    for (const name of mine) writeFileSync(join(to, from, "d1", name), "a user's own");
    let left = 0;
    for (const { call, when } of KILLS) {
      for (const number of when) {
        const run = runUnderStrace(program, { call, when: number, action: "signal=SIGKILL" });
        expect(run.isKilled, `${call} ${number}: ${run.stderr}`).toBe(true);
        const found = readdirSync(to, { recursive: true, encoding: "utf8" }).filter((path) => path.includes(OURS));
        left += found.length - mine.length;
        expect(runUnderStrace(program).told("problems")).toEqual(["0"]);
        const names = readdirSync(join(to, from, "d1")).filter((name) => name.startsWith(OURS));
        expect(names.sort()).toEqual([...mine].sort());
        const { differences } = compareTrees(from, join(to, from), { timeToleranceNs: 1_000n });
        const others = differences.filter(
          (line) => !mine.some((name) => line.includes(name)) && !line.startsWith("/d1: "),
        );
        expect(others).toEqual([]);
      }
    }
    expect(left).toBeGreaterThan(1); // Or nothing was tried.
    expect(readFileSync(join(to, from, "d1", mine[0] as string), "utf8")).toBe("a user's own");
  });

  it("into an empty directory leaves whole files only, and nothing under a name of its own", {
    timeout: 60_000,
  }, () => {
    const [from, top] = [directory(), directory()];
    const store = join(top, "store");
    makeTree(from);
    expect(runUnderStrace([SCENARIO, store, from, directory()]).told("problems")).toEqual(["0"]);
    for (const number of [1, 7, 20]) {
      const to = directory();
      const program = [SCENARIO, store, from, to];
      expect(runUnderStrace(program, { call: "linkat", when: number, action: "signal=SIGKILL" }).isKilled).toBe(true);
      for (const path of readdirSync(join(to, from), { recursive: true, encoding: "utf8" })) {
        expect(path).not.toContain(OURS);
        if (/f\d$/.test(path))
          expect(readFileSync(join(to, from, path)).equals(readFileSync(join(from, path)))).toBe(true);
      }
    }
  });
});

describe("a name of a restore", () => {
  const idKey = systemRandom(32);
  const start = startOfNames(systemRandom(8));

  it("is nobody's leftover while its process lives, and one when it does not", () => {
    const name = new TemporaryNames({ idKey, start, thread: 0 }).next();
    expect(isLeftover(name, idKey)).toBe(false);
    const [head, random, , ticks] = start.split(/(?<=^\.rusuban)-|-/);
    const dead = new TemporaryNames({
      idKey,
      start: `${head}-${random}-${process.pid}-${Number(ticks) + 1}`,
      thread: 1,
    });
    expect(isLeftover(dead.next(), idKey)).toBe(true);
  });

  it("is none of another store's, nor one that was changed", () => {
    const dead = new TemporaryNames({ idKey, start: `${OURS}00-4194304999-1`, thread: 1 }).next();
    expect(isLeftover(dead, idKey)).toBe(true);
    expect(isLeftover(dead, systemRandom(32))).toBe(false);
    for (const text of [`${dead}x`, `x${dead}`, String(dead).replace("1.1", "1.2"), OURS])
      expect(isLeftover(Buffer.from(text), idKey), text).toBe(false);
  });
});
