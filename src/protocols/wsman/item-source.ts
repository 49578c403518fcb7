import type { Clock } from "../../runtime/clock.ts";
import type { XmlFragment } from "../../wire/xml-writer.ts";
import type { Pulled, PullLimits, PullSource } from "./enumeration-contexts.ts";
import { refuse } from "./fault.ts";

/**
 * Items of an enumeration, made one by one as they are pulled. An item that no longer fits the answer waits for the next
 * one; a look that takes longer than the operation may goes on, and the next pull has its result.
 */
export function createItemSource(
  items: AsyncIterator<XmlFragment>,
  clock: Clock,
): PullSource & {
  /** Begins, so that what is wrong with the class or query is told to who enumerates, not to who pulls. */
  begin(timeoutMs: number): Promise<void>;
} {
  let waiting: Promise<IteratorResult<XmlFragment>> | undefined;
  return {
    async begin(timeoutMs) {
      waiting ??= items.next();
      await within(waiting, timeoutMs, clock);
    },
    async pull(limits: PullLimits): Promise<Pulled> {
      const { itemsMax, charactersMax, bytesMax, bytesOf, timeoutMs } = limits;
      const deadline = clock.monotonic() + timeoutMs;
      const taken: XmlFragment[] = [];
      let characters = 0;
      let bytes = 0;
      while (taken.length < itemsMax) {
        waiting ??= items.next();
        let next: IteratorResult<XmlFragment> | undefined;
        try {
          next = await within(waiting, deadline - clock.monotonic(), clock);
        } catch (error) {
          waiting = undefined; // Told once: the next pull finds the end.
          throw error;
        }
        if (next === undefined) {
          if (taken.length > 0) break;
          refuse("timedOut", `no item within ${timeoutMs} ms: pull again`);
        }
        if (next.done === true) return { items: taken, ended: true };
        characters += next.value.toString().length;
        bytes += bytesOf(next.value);
        if (characters > charactersMax || bytes > bytesMax) {
          if (taken.length > 0) break;
          // Left where it is, it would block the enumeration for good; the client is told that it missed one.
          waiting = undefined;
          refuse("encodingLimit", `one item takes ${bytes} bytes`, { detail: "MaxEnvelopeSize" });
        }
        taken.push(next.value);
        waiting = undefined;
      }
      return { items: taken, ended: false };
    },
    close() {
      waiting?.catch(() => {});
      void items.return?.(undefined)?.catch(() => {});
    },
  };
}

/** The promise's value, or undefined when it takes longer. */
function within<T>(promise: Promise<T>, timeoutMs: number, clock: Clock): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(Math.max(0, timeoutMs), () => resolve(undefined));
    promise.then(resolve, reject).finally(cancel);
  });
}
