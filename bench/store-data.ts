// The data sets that are made here: always the same bytes, so that runs on two machines compare.

import { createCipheriv } from "node:crypto";
import { closeSync, mkdirSync, openSync, readdirSync, readSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

const BLOCK_BYTES = 1024 * 1024;

/** Bytes without any pattern, the same for the same seed. */
function createNoise(seed: number): (count: number) => Buffer {
  const stream = createCipheriv("aes-128-ctr", Buffer.alloc(16, seed), Buffer.alloc(16));
  return (count) => stream.update(Buffer.alloc(count));
}

const WORD_COUNT = 4_096;

/** Words of a language that nobody speaks, the frequent ones more often: compresses about as text does. */
function createText(seed: number): (count: number) => Buffer {
  const noise = createNoise(seed);
  const letters = "etaoinshrdlucmfwypvbgkjqxz";
  const words = Array.from({ length: WORD_COUNT }, () => {
    const bytes = noise(10);
    const length = 2 + ((bytes[0] as number) % 8);
    return Buffer.from(
      `${Array.from({ length }, (_, at) => letters[Math.floor(((bytes[at + 1] as number) / 256) ** 2 * 26)]).join("")} `,
    );
  });
  return (count) => {
    const text = Buffer.allocUnsafe(count);
    let filled = 0;
    while (filled < count) {
      const choices = noise(2 * 4_096);
      for (let at = 0; at < choices.length && filled < count; at += 2) {
        const word = words[Math.floor((choices.readUInt16LE(at) / 65_536) ** 3 * WORD_COUNT)] as Buffer;
        filled += word.copy(text, filled);
      }
    }
    return text;
  };
}

/** One file: half of it random, half text. */
export function makeLargeFile(directory: string, mebibytes: number): void {
  mkdirSync(directory, { recursive: true });
  const fd = openSync(join(directory, "large"), "wx");
  try {
    const noise = createNoise(1);
    const text = createText(2);
    for (let block = 0; block < mebibytes; block++)
      writeSync(fd, block < mebibytes / 2 ? noise(BLOCK_BYTES) : text(BLOCK_BYTES));
  } finally {
    closeSync(fd);
  }
}

export const SMALL_FILE_BYTES = 100;
const FILES_PER_DIRECTORY = 1_000;

/** Files of 100 bytes of text, each different, a thousand a directory. */
export function makeSmallFiles(directory: string, count: number): void {
  const text = createText(3);
  for (let index = 0; index < count; index++) {
    const folder = join(directory, String(Math.floor(index / FILES_PER_DIRECTORY)).padStart(4, "0"));
    if (index % FILES_PER_DIRECTORY === 0) mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, String(index)), text(SMALL_FILE_BYTES));
  }
}

export interface DataSize {
  readonly files: number;
  readonly bytes: number;
}

/** Reads all there is once, so that every program finds it in the system's cache. */
export function warm(paths: readonly string[]): DataSize {
  let files = 0;
  let bytes = 0;
  const buffer = Buffer.allocUnsafe(BLOCK_BYTES);
  for (const path of filesBelow(paths)) {
    files++;
    const fd = openSync(path, "r");
    try {
      for (let count = readSync(fd, buffer); count > 0; count = readSync(fd, buffer)) bytes += count;
    } finally {
      closeSync(fd);
    }
  }
  return { files, bytes };
}

/** Not by `readdir`'s own recursion: that follows symbolic links, in /usr/lib for ever. */
function* filesBelow(directories: readonly string[]): Generator<string> {
  const waiting = [...directories];
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) waiting.push(path);
      else if (entry.isFile()) yield path;
    }
  }
}
