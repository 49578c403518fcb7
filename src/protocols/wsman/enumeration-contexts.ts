// Enumerations that have begun and wait for Pull: bounded in number, in all and by owner, in time, and usable by nobody but
// the account that began them (DSP0226 §8.1; an identifier alone is no proof).

import type { Clock } from "../../runtime/clock.ts";
import { formatUuid, type Random } from "../../runtime/random.ts";
import type { XmlFragment } from "../../wire/xml-writer.ts";
import { refuse } from "./fault.ts";

/** Enumerations waiting at once. */
export const CONTEXTS_MAX = 1_024;
/** Of one account: a careless client must not take the places of all. */
export const CONTEXTS_PER_OWNER_MAX = 128;
/** Between two pulls, when the client names no other time. */
export const CONTEXT_EXPIRES_MS_DEFAULT = 600_000;
export const CONTEXT_EXPIRES_MS_MAX = 3_600_000;

export interface PullLimits {
  readonly itemsMax: number;
  /** Of all items together, in characters. */
  readonly charactersMax: number;
  /** Of all items together, in bytes of the answer's encoding, as `bytesOf` counts. */
  readonly bytesMax: number;
  readonly bytesOf: (item: XmlFragment) => number;
  readonly timeoutMs: number;
}

export interface Pulled {
  readonly items: readonly XmlFragment[];
  readonly ended: boolean;
}

/** Where the items come from. */
export interface PullSource {
  /** At least one item, or the end. @throws Fault, after which the source may be pulled again. */
  pull(limits: PullLimits): Promise<Pulled>;
  close(): void;
}

interface Context {
  readonly id: string;
  readonly owner: string;
  readonly source: PullSource;
  readonly expiresMs: number;
  cancelExpiry: () => void;
  isBusy: boolean;
}

export interface EnumerationContexts {
  /** The identifier of a new context. @throws Fault `quotaLimit`. */
  add(
    owner: string,
    source: PullSource,
    expiresMs: number | undefined,
  ): { readonly id: string; readonly expiresMs: number };
  /** @throws Fault for one that is unknown, somebody else's, expired, or being pulled from. */
  pull(owner: string, id: string, limits: PullLimits): Promise<Pulled>;
  /** @throws Fault. */
  release(owner: string, id: string): void;
  readonly size: number;
  /** Ends all, at the end of the program. */
  close(): void;
}

export function createEnumerationContexts({
  clock,
  random,
}: {
  readonly clock: Clock;
  readonly random: Random;
}): EnumerationContexts {
  const contexts = new Map<string, Context>();
  const countByOwner = new Map<string, number>();

  const remove = (context: Context) => {
    if (!contexts.delete(context.id)) return;
    context.cancelExpiry();
    const left = (countByOwner.get(context.owner) ?? 1) - 1;
    if (left === 0) countByOwner.delete(context.owner);
    else countByOwner.set(context.owner, left);
    context.source.close();
  };
  const expireLater = (context: Context) => {
    context.cancelExpiry();
    context.cancelExpiry = clock.after(context.expiresMs, () => remove(context));
  };
  const find = (owner: string, id: string): Context => {
    const context = contexts.get(id.toLowerCase().replace(/^(urn:)?uuid:/, ""));
    // One answer for all three, so that nobody learns which contexts others have.
    if (context === undefined || context.owner !== owner) {
      refuse("invalidEnumerationContext", "unknown, expired or not of this account");
    }
    return context;
  };

  return {
    add(owner, source, wantedMs) {
      const count = countByOwner.get(owner) ?? 0;
      if (contexts.size >= CONTEXTS_MAX || count >= CONTEXTS_PER_OWNER_MAX) {
        source.close();
        refuse("quotaLimit", `${count} enumerations of this account are open: pull them to the end, or release them`);
      }
      const id = formatUuid(random(16));
      const expiresMs = Math.min(wantedMs ?? CONTEXT_EXPIRES_MS_DEFAULT, CONTEXT_EXPIRES_MS_MAX);
      const context: Context = { id, owner, source, expiresMs, cancelExpiry: () => {}, isBusy: false };
      contexts.set(id, context);
      countByOwner.set(owner, count + 1);
      expireLater(context);
      return { id: `uuid:${id}`, expiresMs };
    },
    async pull(owner, id, limits) {
      const context = find(owner, id);
      if (context.isBusy) refuse("concurrency", "this enumeration is being pulled from already");
      context.isBusy = true;
      context.cancelExpiry();
      try {
        const pulled = await context.source.pull(limits);
        if (pulled.ended) remove(context);
        return pulled;
      } finally {
        context.isBusy = false;
        if (contexts.has(context.id)) expireLater(context);
      }
    },
    release(owner, id) {
      remove(find(owner, id));
    },
    get size() {
      return contexts.size;
    },
    close() {
      for (const context of [...contexts.values()]) remove(context);
    },
  };
}
