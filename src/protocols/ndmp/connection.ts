import type { Clock } from "../../runtime/clock.ts";
import { PeerError, TimeoutError, WireError } from "../../runtime/errors.ts";
import type { Channel } from "../../wire/channel.ts";
import { type Codec, decode, encode } from "../../wire/xdr.ts";
import { NDMP_HEADER_BYTES, type NdmpError, NdmpHeader } from "./header.ts";
import {
  type CallName,
  type CallReply,
  type CallRequest,
  NDMP_CALLS,
  NDMP_POSTS,
  type PostBody,
  type PostName,
} from "./messages.ts";

// One NDMP control connection, the same for both sides: numbering, headers, replies, and the errors of §2.4 for what
// cannot be served.

/** One record: the longest lists of paths that a job may carry. */
export const NDMP_RECORD_BYTES_MAX = 16 * 1024 * 1024;
const CALLS_UNDER_WAY_MAX = 16; // A data management application waits for each reply (§2.2); more is a runaway.

export type CallHandlers = {
  readonly [N in CallName]?: (request: CallRequest<N>) => Promise<CallReply<N>> | CallReply<N>;
};
export type PostHandlers = { readonly [N in PostName]?: (body: PostBody<N>) => void };

export interface NdmpConnection {
  /** The reply's body. Rejects with PeerError(ndmp error) where the header says no. */
  call<N extends CallName>(name: N, request: CallRequest<N>): Promise<CallReply<N>>;
  /** Resolves when there is room for more. */
  post<N extends PostName>(name: N, body: PostBody<N>): Promise<void>;
  close(): void;
  /** Settles when the connection has ended, with the reason where it was not clean. */
  readonly ended: Promise<Error | undefined>;
}

const callsByCode = new Map(Object.entries(NDMP_CALLS).map(([name, call]) => [call.code as number, name as CallName]));
const postsByCode = new Map(Object.entries(NDMP_POSTS).map(([name, post]) => [post.code as number, name as PostName]));

interface Waiting {
  readonly name: CallName;
  readonly resolve: (reply: never) => void;
  readonly reject: (reason: unknown) => void;
}

export function openNdmpConnection(
  channel: Channel,
  needs: {
    readonly calls: CallHandlers;
    readonly posts: PostHandlers;
    readonly clock: Clock;
    readonly timeoutMs: number;
  },
): NdmpConnection {
  const { clock, timeoutMs } = needs;
  const waiting = new Map<number, Waiting>();
  let sequence = 0;
  let end: Error | undefined;

  const send = <T>(
    header: Omit<NdmpHeader, "sequence" | "sentAtSeconds">,
    codec?: Codec<T>,
    body?: T,
  ): Promise<void> => {
    sequence += 1;
    const sentAtSeconds = Math.floor(clock.now() / 1_000) % 0x1_0000_0000;
    const head = encode(NdmpHeader, { ...header, sequence, sentAtSeconds });
    return channel.send(codec === undefined ? head : Buffer.concat([head, encode(codec, body as T)]));
  };

  const finish = (reason: Error) => {
    end ??= reason;
    channel.close();
    for (const { reject } of waiting.values()) reject(end);
    waiting.clear();
  };

  const takeReply = (header: NdmpHeader, body: Buffer) => {
    const asked = waiting.get(header.repliesTo);
    if (asked === undefined) throw new WireError("repliesTo", `no call ${header.repliesTo} is waiting`);
    waiting.delete(header.repliesTo);
    if (header.error !== "noError") return asked.reject(new PeerError(header.error, `${asked.name}: ${header.error}`));
    asked.resolve(decode(NDMP_CALLS[asked.name].reply as Codec<never>, body));
  };

  const answer = async (header: NdmpHeader, body: Buffer): Promise<void> => {
    const refuse = (error: NdmpError) => send({ kind: "reply", code: header.code, repliesTo: header.sequence, error });
    const name = callsByCode.get(header.code);
    const handle = name === undefined ? undefined : (needs.calls[name] as ((request: unknown) => unknown) | undefined);
    if (name === undefined || handle === undefined) return refuse("notSupported");
    let request: unknown;
    try {
      request = decode(NDMP_CALLS[name].request as Codec<unknown>, body);
    } catch (error) {
      if (error instanceof WireError) return refuse("xdrDecode");
      throw error;
    }
    const reply = await handle(request);
    await send(
      { kind: "reply", code: header.code, repliesTo: header.sequence, error: "noError" },
      NDMP_CALLS[name].reply as Codec<unknown>,
      reply,
    );
  };

  const take = (record: Buffer): Promise<void> | undefined => {
    const header = decode(NdmpHeader, record.subarray(0, NDMP_HEADER_BYTES));
    const body = record.subarray(NDMP_HEADER_BYTES);
    if (header.kind === "reply") {
      takeReply(header, body);
      return undefined;
    }
    const post = postsByCode.get(header.code);
    if (post === undefined) return answer(header, body);
    const handle = needs.posts[post] as ((body: unknown) => void) | undefined;
    handle?.(decode(NDMP_POSTS[post].body as Codec<unknown>, body));
    return undefined;
  };

  const receive = async (): Promise<Error | undefined> => {
    try {
      // One request after the other: replies to a data management application that waits never overlap, and one that
      // does not wait is held back by the channel.
      for await (const record of channel.records) await take(record);
      finish(new Error("the peer closed the control connection"));
      return undefined;
    } catch (error) {
      finish(error as Error);
      return error as Error;
    }
  };

  return {
    ended: receive(),
    close: () => finish(new Error("the control connection was closed")),
    post: (name, body) =>
      send(
        { kind: "request", code: NDMP_POSTS[name].code, repliesTo: 0, error: "noError" },
        NDMP_POSTS[name].body as Codec<typeof body>,
        body,
      ),
    async call(name, request) {
      if (end !== undefined) throw end;
      if (waiting.size >= CALLS_UNDER_WAY_MAX)
        throw new Error(`${name}: ${CALLS_UNDER_WAY_MAX} calls are under way already`);
      const call = NDMP_CALLS[name];
      const sent = send(
        { kind: "request", code: call.code, repliesTo: 0, error: "noError" },
        call.request as Codec<unknown>,
        request,
      );
      const own = sequence;
      const reply = new Promise<never>((resolve, reject) => waiting.set(own, { name, resolve, reject }));
      const cancel = clock.after(timeoutMs, () => finish(new TimeoutError(`ndmp ${name}`, timeoutMs)));
      reply.catch(() => {}).finally(cancel);
      await sent;
      return reply;
    },
  };
}
