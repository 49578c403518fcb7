import { CimError } from "../../cim/cim-error.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Random } from "../../runtime/random.ts";
import {
  ENUMERATION_SECONDS_DEFAULT,
  ENUMERATION_SECONDS_MAX,
  ENUMERATIONS_MAX,
  ENUMERATIONS_PER_USER_MAX,
} from "./limits.ts";

// Enumerations that are pulled piece by piece (DSP0200 §5.3.2.24). Each belongs to the user who opened it: to anybody
// else its context does not exist. One that nobody pulls is closed after its time, and its provider's work with it.

/** Which Pull goes with which Open. */
export type PulledKind = "instancesWithPath" | "paths" | "instances";

export interface OpenedEnumeration<T> {
  readonly kind: PulledKind;
  readonly namespace: string;
  readonly items: AsyncIterable<T>;
  /** Ends the providers' work. */
  readonly abort: AbortController;
}

export interface Pulled<T> {
  readonly items: readonly T[];
  /** Null at the end of the sequence: the context is gone then. */
  readonly context: string | null;
}

interface Entry<T> extends OpenedEnumeration<T> {
  readonly id: string;
  readonly owner: string;
  readonly seconds: number;
  readonly iterator: AsyncIterator<T>;
  pulling: boolean;
  cancelExpiry: () => void;
}

export class EnumerationContexts<T> {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #entries = new Map<string, Entry<T>>();

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = clock;
    this.#random = random;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Checks before any work begins. `seconds` null is the default; 0 would be for ever, which nobody gets (§5.3.2.24.4). */
  static secondsOf(operationTimeout: number | null): number {
    if (operationTimeout === null) return ENUMERATION_SECONDS_DEFAULT;
    if (operationTimeout < 1 || operationTimeout > ENUMERATION_SECONDS_MAX)
      throw new CimError(
        "INVALID_OPERATION_TIMEOUT",
        `OperationTimeout must be from 1 to ${ENUMERATION_SECONDS_MAX} s`,
      );
    return operationTimeout;
  }

  async open(
    owner: string,
    opened: OpenedEnumeration<T>,
    { seconds, objectsMax }: { readonly seconds: number; readonly objectsMax: number },
  ): Promise<Pulled<T>> {
    const own = [...this.#entries.values()].filter((entry) => entry.owner === owner).length;
    if (this.#entries.size >= ENUMERATIONS_MAX || own >= ENUMERATIONS_PER_USER_MAX) {
      opened.abort.abort();
      throw new CimError("SERVER_LIMITS_EXCEEDED", `${own} enumerations of ${owner} are open: close some, or wait`);
    }
    const entry: Entry<T> = {
      ...opened,
      id: this.#random(18).toString("base64url"),
      owner,
      seconds,
      iterator: opened.items[Symbol.asyncIterator](),
      pulling: false,
      cancelExpiry: () => {},
    };
    this.#entries.set(entry.id, entry);
    return this.#take(entry, objectsMax);
  }

  async pull(
    owner: string,
    { context, kind, namespace }: { readonly context: string; readonly kind: PulledKind; readonly namespace: string },
    objectsMax: number,
  ): Promise<Pulled<T>> {
    const entry = this.#find(owner, context);
    if (entry.kind !== kind || entry.namespace !== namespace)
      throw new CimError("INVALID_ENUMERATION_CONTEXT", "this enumeration was opened by another operation");
    if (entry.pulling) throw new CimError("FAILED", "another pull of this enumeration is under way");
    return this.#take(entry, objectsMax);
  }

  /** §5.3.2.24.9. A pull that is under way ends with CIM_ERR_PULL_HAS_BEEN_ABANDONED. */
  close(owner: string, context: string): void {
    this.#drop(this.#find(owner, context));
  }

  /** The server stops. */
  closeAll(): void {
    for (const entry of this.#entries.values()) this.#drop(entry);
  }

  #find(owner: string, context: string): Entry<T> {
    const entry = this.#entries.get(context);
    if (entry === undefined || entry.owner !== owner)
      throw new CimError(
        "INVALID_ENUMERATION_CONTEXT",
        "there is no such enumeration: it has ended, or its time was over",
      );
    return entry;
  }

  async #take(entry: Entry<T>, objectsMax: number): Promise<Pulled<T>> {
    entry.cancelExpiry();
    entry.pulling = true;
    const items: T[] = [];
    try {
      while (items.length < objectsMax) {
        const next = await entry.iterator.next();
        if (!this.#entries.has(entry.id)) throw new CimError("PULL_HAS_BEEN_ABANDONED", "the enumeration was closed");
        if (next.done === true) {
          this.#drop(entry);
          return { items, context: null };
        }
        items.push(next.value);
      }
    } catch (error) {
      const wasOpen = this.#entries.has(entry.id);
      this.#drop(entry); // After an error there is nothing left to pull (ContinueOnError is not supported).
      throw wasOpen ? error : new CimError("PULL_HAS_BEEN_ABANDONED", "the enumeration was closed");
    } finally {
      entry.pulling = false;
    }
    entry.cancelExpiry = this.#clock.after(entry.seconds * 1_000, () => this.#drop(entry));
    return { items, context: entry.id };
  }

  #drop(entry: Entry<T>): void {
    entry.cancelExpiry();
    if (!this.#entries.delete(entry.id)) return;
    entry.abort.abort();
    // Not awaited: a provider that hangs would not let go.
    entry.iterator.return?.().catch(() => {});
  }
}
