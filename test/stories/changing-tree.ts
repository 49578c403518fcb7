import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeHostileTree } from "../hostile-tree.ts";
import type { Dice } from "./dice.ts";

// A directory as servers have them, and what breaks backup programs beside it; it changes when it is told to.

const FOLDERS = 40;
const FILES_PER_FOLDER = 25;
const BIG_FILE_BYTES = 3_000_000;
const FILES_CHANGED = 120;
const isRoot = process.getuid?.() === 0;
const run = promisify(execFile);

export interface ChangingTree {
  readonly path: string;
  /** All content ever written into it, bytes. */
  readonly bytesWritten: number;
  /** Changes content, names, modes, owners and links here and there. */
  change(): void;
  /** A copy of it as it is now, by a program that shares nothing with ours. */
  copyTo(path: string): Promise<void>;
}

export function makeChangingTree(path: string, dice: Dice): ChangingTree {
  let bytesWritten = 0;
  let round = 0;
  const write = (file: string, content: Buffer, how: typeof writeFileSync | typeof appendFileSync = writeFileSync) => {
    how(file, content);
    bytesWritten += content.length;
  };
  // Half noise, half text: what is stored is smaller than what is read, and not by much.
  const content = (bytes: number) =>
    Buffer.concat([randomBytes(Math.ceil(bytes / 2)), Buffer.alloc(Math.floor(bytes / 2), `round ${round}, `)]);
  const folder = (index: number) => join(path, `folder ${index}`);
  const file = (index: number) => join(folder(index % FOLDERS), `file-${Math.floor(index / FOLDERS)}.dat`);
  const anyFile = () => file(dice.below(FOLDERS * FILES_PER_FOLDER));

  makeHostileTree(join(path, "hostile"));
  // A user who is not root cannot read it, and that is another story.
  if (!isRoot) chmodSync(join(path, "hostile/modes/0"), 0o400);
  bytesWritten += 10_000_000;
  for (let index = 0; index < FOLDERS; index++) mkdirSync(folder(index));
  for (let index = 0; index < FOLDERS * FILES_PER_FOLDER; index++) write(file(index), content(dice.below(20_000)));
  write(join(path, "big"), content(BIG_FILE_BYTES));
  write(join(path, "log"), content(1_000));

  const changes: readonly ((at: string) => void)[] = [
    (at) => write(at, content(dice.below(120_000))),
    (at) => write(at, content(dice.below(5_000)), appendFileSync),
    (at) => truncateSync(at, dice.below(1_000)),
    (at) => chmodSync(at, dice.pick([0o600, 0o640, 0o444, 0o4755])),
    (at) => chownSync(at, isRoot ? dice.below(3_000) : (process.getuid?.() ?? 0), process.getgid?.() ?? 0),
    (at) => renameSync(at, `${at} of round ${round}-${dice.below(1_000_000)}`),
    (at) => rmSync(at),
    (at) => linkSync(at, `${at} linked ${round}-${dice.below(1_000_000)}`),
    (at) => symlinkSync(at, `${at} symlink ${round}-${dice.below(1_000_000)}`),
  ];

  return {
    path,
    get bytesWritten() {
      return bytesWritten;
    },
    change() {
      round += 1;
      for (let count = 0; count < FILES_CHANGED; count++) {
        const at = anyFile();
        if (!existsSync(at)) write(at, content(dice.below(60_000)));
        else dice.pick(changes)(at);
      }
      write(join(path, "big"), content(BIG_FILE_BYTES));
      write(join(path, "log"), content(10_000), appendFileSync);
      const added = join(path, `round ${round}`);
      mkdirSync(added);
      write(join(added, "news"), content(1_000_000));
      if (round % 3 === 0) rmSync(join(path, `round ${round - 1}`), { recursive: true });
    },
    async copyTo(to) {
      await run("cp", ["-a", path, to]);
    },
  };
}
