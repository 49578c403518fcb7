import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { systemRandom } from "../runtime/random.ts";
import { makeStore, openHere, PASSPHRASE, useFolders } from "./store-command-fixture.ts";

// `rusuban store …` as people start it: a process of its own.

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const folder = useFolders();

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

function start(args: readonly string[], { nodeArgs = [] as string[], uid = undefined as number | undefined } = {}) {
  const env = { ...process.env, RUSUBAN_PASSPHRASE: PASSPHRASE, LC_ALL: "C" };
  return spawn(process.execPath, [...nodeArgs, MAIN, "store", ...args], {
    env,
    ...(uid === undefined ? {} : { uid, gid: uid }),
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function ended(child: ChildProcess): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (piece) => {
    stdout += piece;
  });
  child.stderr?.on("data", (piece) => {
    stderr += piece;
  });
  const [code] = await once(child, "close");
  return { stdout, stderr, code };
}

describe("the process of a store's command", () => {
  it("stopped by Ctrl-C in a backup ends with 130; the store is good and older snapshots are there", async () => {
    const top = folder();
    const store = join(top, "store");
    const data = join(top, "data");
    await makeStore(store);
    mkdirSync(data);
    writeFileSync(join(data, "small"), "small");
    expect((await ended(start(["backup", store, data]))).code).toBe(0);
    for (let index = 0; index < 5; index++) writeFileSync(join(data, `f${index}`), systemRandom(16 * 1024 * 1024));
    const child = start(["backup", store, data]);
    // The first pack on its way to the disk: the backup is in the middle.
    const watcher = watch(join(store, "unfinished"), () => {
      watcher.close();
      child.kill("SIGINT");
    });
    const { stdout, stderr, code } = await ended(child);
    expect([stdout, code]).toEqual(["", 130]);
    expect(stderr).toContain("rusuban: stopped: no snapshot was made. The store is good");
    const opened = await openHere(store);
    expect(opened.listSnapshots()).toHaveLength(1);
    expect((await opened.check({ readData: true })).problems).toEqual([]);
    await opened.close();
    const again = await ended(start(["backup", store, data, "--json"]));
    expect(JSON.parse(again.stdout)).toMatchObject({ ok: true, data: { snapshot: { files: 6 }, problemCount: 0 } });
  });

  it.skipIf(process.getuid?.() !== 0)(
    "that may not read a file lists it, keeps the rest and exits with 3",
    async ({ skip }) => {
      const NOBODY = 65_534;
      const top = folder();
      const store = join(top, "store");
      const data = join(top, "data");
      mkdirSync(data);
      writeFileSync(join(data, "open"), "open");
      writeFileSync(join(data, "secret"), "secret", { mode: 0o600 });
      chmodSync(top, 0o777);
      mkdirSync(store);
      chownSync(store, NOBODY, NOBODY);
      const made = await ended(start(["init", store], { uid: NOBODY }));
      // A clone below a folder that others may not enter cannot be run by others.
      if (/EACCES|Cannot find module/.test(made.stderr)) skip("this clone is closed to others");
      expect(made.code, made.stderr).toBe(0);
      const { stdout, stderr, code } = await ended(start(["backup", store, data], { uid: NOBODY }));
      expect([code, stdout]).toEqual([3, expect.stringMatching(/^snapshot .*: \d files, 4 B/)]);
      expect(stderr).toMatch(/could not be done as it should be: 1\n {2}\S+\/data\/secret: .*EACCES/);
    },
  );

  it("loads neither the contract, nor the programs, nor a database layer", async () => {
    const watcher = `data:text/javascript,${encodeURIComponent(`
      import { registerHooks } from "node:module";
      const loaded = [];
      registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
      process.on("exit", () => process.stderr.write(loaded.join("\\n")));
    `)}`;
    const store = join(folder(), "store");
    await makeStore(store);
    const heavy = /\/(fastify|zod|pino|kysely)\/|src\/(database|api|agent|manager|net|protocols)\//;
    for (const args of [
      ["backup", store, MAIN],
      ["snapshots", store],
      ["restore", "--help"],
    ]) {
      const { stderr, code } = await ended(start(args, { nodeArgs: ["--import", watcher] }));
      const loaded = stderr.split("\n");
      expect(code).toBe(0);
      expect(loaded.some((url) => url.endsWith("src/cli/store-backup.ts"))).toBe(true);
      expect(loaded.filter((url) => heavy.test(url))).toEqual([]);
      expect(loaded.some((url) => url.endsWith("src/store/store.ts"))).toBe(args[1] === store);
    }
  });
});
