import { randomInt } from "node:crypto";

/** Chance that can be repeated: the same seed gives the same story. */
export interface Dice {
  readonly seed: number;
  /** 0 ≤ value < 1. */
  next(): number;
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number;
  pick<T>(choices: readonly T[]): T;
}

/** Of RUSUBAN_STORY_SEED where it is set, to tell a story that failed again; else a fresh one. It is printed. */
export function rollDice(story: string): Dice {
  const seed = Number(process.env.RUSUBAN_STORY_SEED ?? randomInt(0x1_0000_0000)) >>> 0;
  process.stdout.write(`${story}: RUSUBAN_STORY_SEED=${seed}\n`);
  return createDice(seed);
}

export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  // mulberry32: 32 bits of state are enough to choose moments with.
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    seed,
    next,
    below,
    pick: (choices) => {
      const choice = choices[below(choices.length)];
      if (choice === undefined) throw new Error("nothing to pick from");
      return choice;
    },
  };
}
