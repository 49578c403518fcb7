import type { Clock } from "../runtime/clock.ts";
import { TimeoutError, WireError } from "../runtime/errors.ts";
import type { Channel } from "./channel.ts";
import { type Codec, decode, encode } from "./xdr.ts";

// Request and reply over one channel, in order: the n-th reply answers the n-th request, so no numbers travel. Requests
// may be sent ahead of their replies, up to a bound on each side.

export interface Exchange<Request, Reply> {
  /** The reply to `request`. Rejects with TimeoutError, or with what ended the channel. */
  ask(request: Request): Promise<Reply>;
  close(): void;
  /** Settles when the channel has ended, and says why where it was not clean. */
  readonly ended: Promise<Error | undefined>;
}

interface Codecs<Request, Reply> {
  readonly request: Codec<Request>;
  readonly reply: Codec<Reply>;
}

export function createExchange<Request, Reply>(
  channel: Channel,
  { request, reply, clock, timeoutMs }: Codecs<Request, Reply> & { readonly clock: Clock; readonly timeoutMs: number },
): Exchange<Request, Reply> {
  interface Waiting {
    readonly resolve: (value: Reply) => void;
    readonly reject: (reason: unknown) => void;
  }
  const waiting: Waiting[] = [];
  let end: Error | undefined;

  const finish = (reason: Error) => {
    end ??= reason;
    channel.close();
    for (const { reject } of waiting.splice(0)) reject(end);
  };

  const receive = async (): Promise<Error | undefined> => {
    try {
      for await (const record of channel.records) {
        const first = waiting.shift();
        if (first === undefined) throw new WireError("", "a reply that nobody asked for");
        try {
          first.resolve(decode(reply, record));
        } catch (error) {
          first.reject(error);
          throw error;
        }
      }
      finish(new Error("the peer closed the connection"));
      return undefined;
    } catch (error) {
      finish(error as Error);
      return error as Error;
    }
  };

  return {
    ended: receive(),
    close: () => finish(new Error("the connection was closed")),
    async ask(value) {
      if (end !== undefined) throw end;
      const record = encode(request, value);
      const answer = new Promise<Reply>((resolve, reject) => {
        // A reply that never comes leaves the order of the rest unknown: the whole exchange ends.
        const cancel = clock.after(timeoutMs, () => finish(new TimeoutError("the peer", timeoutMs)));
        waiting.push({
          resolve: (reply) => {
            cancel();
            resolve(reply);
          },
          reject: (reason) => {
            cancel();
            reject(reason);
          },
        });
      });
      answer.catch(() => {}); // Whoever called hears of it below; a failed send must not leave it unheard.
      await channel.send(record);
      return answer;
    },
  };
}

/** Answers requests until the peer closes: handlers may overlap up to `concurrency`, replies go out in order. */
export async function answerRequests<Request, Reply>(
  channel: Channel,
  {
    request,
    reply,
    handle,
    concurrency = 1,
  }: Codecs<Request, Reply> & { readonly handle: (request: Request) => Promise<Reply>; readonly concurrency?: number },
): Promise<void> {
  let sent: Promise<void> = Promise.resolve();
  const underWay: Promise<void>[] = [];
  let failure: unknown;
  try {
    for await (const record of channel.records) {
      if (failure !== undefined) break;
      const answer = handle(decode(request, record));
      answer.catch(() => {}); // Heard in order, below.
      sent = sent.then(async () => channel.send(encode(reply, await answer)));
      const step = sent.catch((error: unknown) => {
        failure ??= error;
        channel.close();
      });
      underWay.push(step);
      if (underWay.length >= concurrency) await underWay.shift();
    }
    await Promise.all(underWay);
  } catch (error) {
    failure ??= error;
  } finally {
    channel.close();
  }
  if (failure !== undefined) throw failure;
}
