// Reliable indications as a listener sees them (DSP1054 1.1.0 §7.10): each carries a context, which its sender makes anew
// when it or the destination begins, and a number, which goes up by one for each indication to this destination and stays
// the same when it is sent again. So a number that was there before is a duplicate, and a number that is left out is lost
// unless it still comes. Nothing is held back: what is stored is put in order by number when it is read, because a sender
// that sends the second of two first (OpenPegasus does) may never send the first.
//
// Pure: time comes in with each question, and the state can be written down and read again.

/** Contexts that are remembered; the one that was silent longest is forgotten for a new one. */
export const SEQUENCE_CONTEXTS_MAX = 10_000;
/** Gaps of one context that are waited for; the oldest counts as lost when there are more. */
export const SEQUENCE_GAPS_MAX = 64;
/**
 * Three tries 30 s apart, ten times over (§7.10: DeliveryRetryAttempts × DeliveryRetryInterval × 10): until then the same
 * number may come again, or a missing one for the first time.
 */
export const SEQUENCE_LIFETIME_MS = 3 * 30_000 * 10;

export interface Sequenced {
  /** Who sent it: contexts of two senders are never compared. */
  readonly source: string;
  /** Null where the sender numbers nothing (OpenPegasus without the DMTF profile, sfcb before 1.3.15). */
  readonly context: string | null;
  readonly number: bigint | null;
}

/** Both ends belong to it. */
export interface NumberRange {
  readonly from: bigint;
  readonly to: bigint;
}

export type SequenceVerdict =
  /** Numbers say nothing about it. */
  | { readonly kind: "unnumbered" }
  /** The first of its context that we see; what came before it, if anything, was not for us. */
  | { readonly kind: "first" }
  | { readonly kind: "next" }
  /** New, and those in between are missing so far. */
  | { readonly kind: "after-gap"; readonly missing: NumberRange }
  /** New, and one of those that were missing. */
  | { readonly kind: "late" }
  /** Had before: acknowledge it and store nothing. */
  | { readonly kind: "duplicate" };

export interface LostRange extends NumberRange {
  readonly source: string;
  readonly context: string;
}

interface Gap extends NumberRange {
  readonly sinceMs: number;
}

interface ContextState {
  readonly source: string;
  readonly context: string;
  readonly first: bigint;
  readonly highest: bigint;
  readonly gaps: readonly Gap[];
  readonly seenAtMs: number;
}

/** The state as text, for a database. */
export type SequenceMemory = readonly {
  readonly source: string;
  readonly context: string;
  readonly first: string;
  readonly highest: string;
  readonly gaps: readonly { readonly from: string; readonly to: string; readonly sinceMs: number }[];
  readonly seenAtMs: number;
}[];

export class SequenceJudge {
  readonly #contexts = new Map<string, ContextState>();
  readonly #lost: LostRange[] = [];

  constructor(memory: SequenceMemory = []) {
    for (const { first, highest, gaps, ...rest } of memory) {
      const state = {
        ...rest,
        first: BigInt(first),
        highest: BigInt(highest),
        gaps: gaps.map(({ from, to, sinceMs }) => ({ from: BigInt(from), to: BigInt(to), sinceMs })),
      };
      this.#contexts.set(keyOf(state.source, state.context), state);
    }
  }

  /** Judges one indication and remembers it. Ask once it is certain that it will be stored: in the same transaction. */
  judge({ source, context, number }: Sequenced, atMs: number): SequenceVerdict {
    if (context === null || number === null) return { kind: "unnumbered" };
    const key = keyOf(source, context);
    const known = this.#contexts.get(key);
    if (known === undefined) {
      this.#makeRoom();
      const state = { source, context, first: number, highest: number, gaps: [], seenAtMs: atMs };
      this.#contexts.set(key, state);
      return { kind: "first" };
    }
    const [state, verdict] = judgeKnown(known, number, atMs);
    // Last in the map is last seen, so that the first is the one to forget.
    this.#contexts.delete(key);
    this.#contexts.set(key, this.#boundGaps(state));
    return verdict;
  }

  /** What did not come within its time, each told once. */
  takeLost(nowMs: number, lifetimeMs = SEQUENCE_LIFETIME_MS): LostRange[] {
    for (const [key, state] of this.#contexts) {
      const isOver = (gap: Gap) => nowMs - gap.sinceMs >= lifetimeMs;
      const over = state.gaps.filter(isOver);
      if (over.length === 0) continue;
      this.#tellLost(state, over);
      this.#contexts.set(key, { ...state, gaps: state.gaps.filter((gap) => !isOver(gap)) });
    }
    return this.#lost.splice(0);
  }

  memory(): SequenceMemory {
    return [...this.#contexts.values()].map(({ first, highest, gaps, ...rest }) => ({
      ...rest,
      first: String(first),
      highest: String(highest),
      gaps: gaps.map(({ from, to, sinceMs }) => ({ from: String(from), to: String(to), sinceMs })),
    }));
  }

  #makeRoom(): void {
    if (this.#contexts.size < SEQUENCE_CONTEXTS_MAX) return;
    const [oldest] = this.#contexts;
    if (oldest === undefined) return;
    this.#tellLost(oldest[1], oldest[1].gaps);
    this.#contexts.delete(oldest[0]);
  }

  #boundGaps(state: ContextState): ContextState {
    if (state.gaps.length <= SEQUENCE_GAPS_MAX) return state;
    const [oldest, ...gaps] = state.gaps;
    if (oldest !== undefined) this.#tellLost(state, [oldest]);
    return { ...state, gaps };
  }

  #tellLost({ source, context }: ContextState, ranges: readonly NumberRange[]): void {
    this.#lost.push(...ranges.map(({ from, to }) => ({ source, context, from, to })));
  }
}

function judgeKnown(state: ContextState, number: bigint, atMs: number): readonly [ContextState, SequenceVerdict] {
  const seen = { ...state, seenAtMs: atMs };
  if (number > state.highest) {
    const next = { ...seen, highest: number };
    if (number === state.highest + 1n) return [next, { kind: "next" }];
    const missing = { from: state.highest + 1n, to: number - 1n };
    return [
      { ...next, gaps: [...state.gaps, { ...missing, sinceMs: atMs }] },
      { kind: "after-gap", missing },
    ];
  }
  // Before the first that we saw: sent earlier, arrived later, as the first two of a batch in reverse order.
  if (number < state.first) {
    const between = number + 1n < state.first ? [{ from: number + 1n, to: state.first - 1n, sinceMs: atMs }] : [];
    return [{ ...seen, first: number, gaps: [...between, ...state.gaps] }, { kind: "late" }];
  }
  const gap = state.gaps.find(({ from, to }) => from <= number && number <= to);
  if (gap === undefined) return [seen, { kind: "duplicate" }];
  const gaps = state.gaps.flatMap((each) => (each === gap ? without(each, number) : [each]));
  return [{ ...seen, gaps }, { kind: "late" }];
}

function without(gap: Gap, number: bigint): Gap[] {
  return [
    { ...gap, to: number - 1n },
    { ...gap, from: number + 1n },
  ].filter(({ from, to }) => from <= to);
}

function keyOf(source: string, context: string): string {
  return `${source.length} ${source}${context}`;
}
