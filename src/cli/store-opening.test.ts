import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FILE_MAGIC } from "../store/sealing.ts";
import { StoreOpenError } from "../store/store-open-error.ts";
import { Interruption } from "./interruption.ts";
import { EXIT } from "./output.ts";
import { createRecorder } from "./output-recorder.ts";
import { createHastyClock } from "./run-recorded.ts";
import { createSession } from "./session.ts";
import { makeStore, openHere, PASSPHRASE, runStore, useFolders } from "./store-command-fixture.ts";
import { createStoreLog, explainStoreError } from "./store-opening.ts";

const folder = useFolders();

async function makeStoreHere(): Promise<string> {
  const store = join(folder(), "store");
  await makeStore(store);
  return store;
}

describe("a passphrase", () => {
  it("comes from the environment, from a file's first line, or from the person", async () => {
    const store = await makeStoreHere();
    const file = join(folder(), "passphrase");
    writeFileSync(file, `${PASSPHRASE}\r\nsecond line\n`);
    const asked: string[] = [];
    const askSecret = async (question: string) => {
      asked.push(question);
      return PASSPHRASE;
    };
    expect((await runStore(["stats", store])).exitCode).toBe(EXIT.done);
    expect((await runStore(["stats", store, "--passphrase-file", file], { env: {} })).exitCode).toBe(EXIT.done);
    expect((await runStore(["stats", store], { env: {}, askSecret })).exitCode).toBe(EXIT.done);
    expect(asked).toEqual([`Passphrase of ${store}: `]);
  });

  it("is refused where it is wrong, empty, unreadable, or where there is nobody to ask", async () => {
    const store = await makeStoreHere();
    const wrong = await runStore(["stats", store, "--json"], { env: { RUSUBAN_PASSPHRASE: "guessed" } });
    expect(wrong.error).toMatchObject({ code: "wrong-passphrase", message: `this passphrase does not open ${store}` });
    expect([wrong.exitCode, wrong.stdout.includes("guessed")]).toEqual([EXIT.usage, false]);
    for (const [world, hint] of [
      [{ env: {} }, "set RUSUBAN_PASSPHRASE, or give --passphrase-file FILE"],
      [{ env: { RUSUBAN_PASSPHRASE: "" } }, undefined],
    ] as const) {
      const { error, exitCode } = await runStore(["stats", store, "--json"], world);
      expect([error.code, error.hint, exitCode]).toEqual(["no-passphrase", hint, EXIT.usage]);
    }
    const missing = await runStore(["stats", store, "--json", "--passphrase-file", join(store, "nothing")]);
    expect([missing.error.code, missing.exitCode]).toEqual(["no-passphrase", EXIT.usage]);
  });

  it("that was not typed ends the command", async () => {
    const store = await makeStoreHere();
    const askSecret = () => Promise.reject(new Interruption(""));
    expect((await runStore(["stats", store], { env: {}, askSecret })).exitCode).toBe(EXIT.interrupted);
  });
});

describe("what is not a store that can be used", () => {
  it("is named, with what to do: nothing there, a file, a directory without a store", async () => {
    const top = folder();
    writeFileSync(join(top, "file"), "");
    mkdirSync(join(top, "empty"));
    const outcomes = [];
    for (const name of ["nothing", "file", "empty"]) {
      const { error, exitCode } = await runStore(["snapshots", join(top, name), "--json"]);
      outcomes.push([error.code, error.message.replace(top, ""), error.hint?.replace(top, ""), exitCode]);
    }
    expect(outcomes).toEqual([
      ["no-store", "/nothing is not there", "`rusuban store init /nothing` makes one", EXIT.usage],
      ["no-store", "/file is not a directory", undefined, EXIT.usage],
      ["no-store", "/empty holds no store", "`rusuban store init /empty` makes one", EXIT.usage],
    ]);
    expect(readdirSync(join(top, "empty"))).toEqual([]);
  });

  it("is in use: by which process, and the way to a manager's store", async () => {
    const top = folder();
    const store = join(top, "store");
    await makeStore(store);
    const held = await openHere(store);
    const plain = await runStore(["backup", store, top, "--json"]);
    writeFileSync(join(top, "store-passphrase"), "");
    const managers = await runStore(["backup", store, top, "--json"]);
    await held.close();
    expect([plain.error.code, plain.error.message, plain.exitCode]).toEqual([
      "store-in-use",
      `${store} is in use by process ${process.pid}`,
      EXIT.failed,
    ]);
    expect(plain.error.hint).toContain("wait until it has ended");
    expect(managers.error.hint).toContain("it is a manager's: use `rusuban backup`");
    expect((await runStore(["snapshots", store])).exitCode).toBe(EXIT.done);
  });

  it("was made by a newer version", async () => {
    const store = await makeStoreHere();
    for (const name of readdirSync(store, { recursive: true, encoding: "utf8" })) {
      if (!/(^|\/)keys\/[0-9a-f]{32}$/.test(name)) continue; // Also the copy among the packs.
      const path = join(store, name);
      const body = readFileSync(path).subarray(0, -32);
      body[FILE_MAGIC.length] = 0xee;
      writeFileSync(path, Buffer.concat([body, createHash("sha256").update(body).digest()]));
    }
    const { error, exitCode } = await runStore(["stats", store, "--json"]);
    expect([error.code, exitCode]).toEqual(["newer-store", EXIT.failed]);
    expect(error.hint).toBe("install the current version of Rusuban");
  });
});

describe("what goes wrong on the way", () => {
  const world = {
    ...{ output: createRecorder(), env: {}, clock: createHastyClock(), homeDirectory: "/home/jo", ask: undefined },
    terminal: undefined,
    interruption: () => new AbortController().signal,
    openApi: () => Promise.reject(new Error("no manager")),
  };

  it.each([
    ["ENOSPC", "disk-full", "`rusuban store gc /s`"],
    ["EDQUOT", "disk-full", "`rusuban store forget /s`"],
    ["EACCES", "no-access", "owner of /s"],
    ["EROFS", "no-access", "permissions"],
  ])("%s is explained as %s", (code, told, hint) => {
    const session = createSession(world, "en", {});
    const error = explainStoreError(session, "/s", Object.assign(new Error("write"), { code }));
    expect(error).toMatchObject({ code: told, exit: EXIT.failed, hint: expect.stringContaining(hint) });
  });

  it.each([
    ["no-store", "no-store"],
    ["in-use", "store-in-use"],
    ["newer", "newer-store"],
    ["wrong-passphrase", "wrong-passphrase"],
  ] as const)("a store refused as %s is told as %s, whatever the words", (refusal, told) => {
    const error = new StoreOpenError(refusal, "is newer than what is held by whoever holds no store");
    expect(explainStoreError(createSession(world, "en", {}), "/s", error)).toMatchObject({ code: told });
  });

  it("an error that is not the store's stays what it is", () => {
    const error = new Error("a bug");
    expect(explainStoreError(createSession(world, "en", {}), "/s", error)).toBe(error);
  });

  it("the store's warnings are lines on stderr, made visible", () => {
    const output = createRecorder();
    const log = createStoreLog(createSession({ ...world, output }, "en", {}));
    log.info({ a: 1 }, "not told");
    log.child({}).warn({ file: "packs/x", problem: "bad\u001b[2J" }, "pack is cut short");
    expect(output.stderr).toBe("rusuban: pack is cut short: file=packs/x problem=bad\\x1b[2J\n");
  });
});

describe("store init", () => {
  it("makes a store that its passphrase opens, in a directory that need not be there", async () => {
    const store = join(folder(), "new", "store");
    const made = await runStore(["init", store, "--json"]);
    expect(made.data).toEqual({ id: expect.stringMatching(/^[0-9a-f]{32}$/), path: store });
    expect((await runStore(["stats", store])).stdout).toContain((made.data as { id: string }).id);
    const again = await runStore(["init", store, "--json"]);
    expect([again.exitCode, again.error.message]).toEqual([
      EXIT.usage,
      expect.stringContaining("holds a store already"),
    ]);
  });

  it("asks for the passphrase twice, and makes nothing where the two differ", async () => {
    const store = join(folder(), "store");
    const typed = ["one", "two"];
    const askSecret = async () => typed.shift() ?? "";
    const { error, exitCode } = await runStore(["init", store, "--json"], { env: {}, askSecret });
    expect([error.code, exitCode, typed]).toEqual(["passphrases-differ", EXIT.usage, []]);
    expect((await runStore(["stats", store, "--json"])).error.code).toBe("no-store");
  });
});
