// Opening a store for one command, and saying what to do where that, or the work itself, fails.

import { readFileSync, statSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Text } from "../ports/flow.ts";
import { CorruptionError, codeOf, reasonOf } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import { systemRandom } from "../runtime/random.ts";
import type { Medium } from "../store/medium.ts";
import type { Store } from "../store/store.ts";
import { StoreOpenError } from "../store/store-open-error.ts";
import { Interruption } from "./interruption.ts";
import { CommandError, EXIT, type ExitCode } from "./output.ts";
import type { Session } from "./session.ts";
import { readPassphrase } from "./store-passphrase.ts";

const WORDS = {
  notThere: { en: "{store} is not there", ja: "{store} がありません" },
  notDirectory: { en: "{store} is not a directory", ja: "{store} はディレクトリではありません" },
  noStore: { en: "{store} holds no store", ja: "{store} にストアはありません" },
  makeOne: { en: "`rusuban store init {store}` makes one", ja: "`rusuban store init {store}` で作成できます" },
  wrongPassphrase: { en: "this passphrase does not open {store}", ja: "このパスフレーズでは {store} を開けません" },
  otherPassphrase: {
    en: "give another one; without any of its passphrases nobody can read a store",
    ja: "別のパスフレーズを指定してください。どのパスフレーズもなければ、ストアは誰にも読めません",
  },
  inUse: { en: "{store} is in use by {holder}", ja: "{store} は {holder} が使用中です" },
  aProcess: { en: "process {pid}", ja: "プロセス {pid}" },
  anotherProcess: { en: "another process", ja: "別のプロセス" },
  wait: {
    en: "wait until it has ended; a manager's store is reached through the manager: `rusuban backup`, `rusuban snapshot`, `rusuban restore`",
    ja: "終了を待ってください。マネージャのストアにはマネージャ経由で `rusuban backup`、`rusuban snapshot`、`rusuban restore` を使います",
  },
  managers: {
    en: "it is a manager's: use `rusuban backup`, `rusuban snapshot`, `rusuban restore`, or stop the manager",
    ja: "マネージャのストアです。`rusuban backup`、`rusuban snapshot`、`rusuban restore` を使うか、マネージャを停止してください",
  },
  newer: { en: "{store} was made by a newer version: {problem}", ja: "{store} は新しい版で作られています: {problem}" },
  update: { en: "install the current version of Rusuban", ja: "Rusuban を最新版に更新してください" },
  diskFull: {
    en: "the disk of {store} is full: {problem}",
    ja: "{store} のディスクがいっぱいです: {problem}",
  },
  makeRoom: {
    en: "all finished snapshots are whole. Make room there, or `rusuban store forget {store}` and `rusuban store gc {store}`",
    ja: "完了済みのスナップショットは無事です。空きを作るか、`rusuban store forget {store}` と `rusuban store gc {store}` を実行してください",
  },
  noAccess: { en: "no access to the store: {problem}", ja: "ストアにアクセスできません: {problem}" },
  asOwner: {
    en: "run this as the owner of {store}, or mend its permissions",
    ja: "{store} の所有者として実行するか、アクセス権を直してください",
  },
  damaged: { en: "damaged: {problem}", ja: "破損: {problem}" },
  checkIt: {
    en: "`rusuban store check {store} --read-data` finds out what is affected, --repair mends what can be mended",
    ja: "影響範囲は `rusuban store check {store} --read-data` で調べ、--repair で修復できます",
  },
  logged: { en: "rusuban: {sentence}{values}", ja: "rusuban: {sentence}{values}" },
} as const satisfies Record<string, Text>;

export interface StoreOptions {
  readonly passphraseFile?: string;
}

export interface OpenedStore {
  readonly store: Store;
  readonly medium: Medium;
  /** Absolute, symlinks resolved. */
  readonly path: string;
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal;
}

/**
 * Opens the store at `place`, does the work and gives the store back. `meanwhile`: what may be made ready while it opens. At Ctrl-C `signal` aborts, and once the work has
 * stopped the command ends with `interrupted`: what that leaves.
 */
export async function withStore<T extends ExitCode | undefined>(
  session: Session,
  place: string,
  {
    passphraseFile,
    interrupted,
    meanwhile,
  }: StoreOptions & { readonly interrupted: Text; readonly meanwhile?: (() => void) | undefined },
  work: (opened: OpenedStore) => Promise<T>,
): Promise<T> {
  assertDirectory(session, place);
  const passphrase = await readPassphrase(session, { store: place, passphraseFile });
  const signal = session.world.interruption();
  try {
    const [{ openStore }, { openDirectoryMedium }] = await Promise.all([
      import("../store/store.ts"),
      import("../store/directory-medium.ts"),
    ]);
    const medium = await openDirectoryMedium({ path: resolve(place), random: systemRandom });
    const { clock } = session.world;
    const store = await openStore({
      ...{ medium, passphrase, meanwhile, clock },
      ...{ random: systemRandom, log: createStoreLog(session) },
    });
    try {
      signal.throwIfAborted();
      return await work({ store, medium, path: await realpath(place), signal });
    } finally {
      await store.close();
    }
  } catch (error) {
    if (signal.aborted) throw new Interruption(session.say(interrupted));
    throw explainStoreError(session, place, error);
  }
}

function assertDirectory(session: Session, store: string): void {
  const found = statSync(store, { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  const isThere = found !== undefined;
  const hint = isThere ? {} : { hint: WORDS.makeOne };
  const text = isThere ? WORDS.notDirectory : WORDS.notThere;
  throw session.failure("no-store", text, { ...hint, values: { store }, exit: EXIT.usage });
}

/** The store's error in the reader's language, with what to do; an error that needs no more is given back as it is. */
export function explainStoreError(session: Session, store: string, error: unknown): unknown {
  if (error instanceof CommandError || error instanceof Interruption) return error;
  const problem = reasonOf(error);
  const fail = (code: string, text: Text, hint: Text, { holder = "", exit = EXIT.failed as ExitCode } = {}) =>
    session.failure(code, text, { hint, values: { store, problem, holder }, exit });
  if (error instanceof StoreOpenError) {
    switch (error.refusal) {
      case "wrong-passphrase":
        return fail("wrong-passphrase", WORDS.wrongPassphrase, WORDS.otherPassphrase, { exit: EXIT.usage });
      case "in-use": {
        const hint = isManagers(store) ? WORDS.managers : WORDS.wait;
        return fail("store-in-use", WORDS.inUse, hint, { holder: holderOf(session, store) });
      }
      case "newer":
        return fail("newer-store", WORDS.newer, WORDS.update);
      case "no-store":
        return fail("no-store", WORDS.noStore, WORDS.makeOne, { exit: EXIT.usage });
    }
  }
  const code = codeOf(error);
  if (code === "ENOSPC" || code === "EDQUOT") return fail("disk-full", WORDS.diskFull, WORDS.makeRoom);
  if (code === "EACCES" || code === "EPERM" || code === "EROFS")
    return fail("no-access", WORDS.noAccess, WORDS.asOwner);
  if (error instanceof CorruptionError) return fail("corruption", WORDS.damaged, WORDS.checkIt);
  return error;
}

/** A manager keeps its store beside the passphrase that opens it. */
function isManagers(store: string): boolean {
  return statSync(join(dirname(resolve(store)), "store-passphrase"), { throwIfNoEntry: false }) !== undefined;
}

function holderOf(session: Session, store: string): string {
  try {
    const pid = readFileSync(join(store, "lock.holder"), "utf8").trim();
    return session.say(WORDS.aProcess, { pid });
  } catch {
    return session.say(WORDS.anotherProcess);
  }
}

/** What the store has to say besides its results: warnings and errors only, one line each, on stderr. */
export function createStoreLog(session: Session): Log {
  const tell = (values: object, sentence: string) => {
    const listed = Object.entries(values)
      .map(([name, value]) => ` ${name}=${String(value)}`)
      .join("");
    session.tell(WORDS.logged, { sentence, values: listed === "" ? "" : `:${listed}` });
  };
  const log: Log = { debug() {}, info() {}, warn: tell, error: tell, child: () => log };
  return log;
}
