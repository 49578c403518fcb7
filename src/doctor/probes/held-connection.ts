import type { Clock } from "../../runtime/clock.ts";
import type { Random } from "../../runtime/random.ts";
import { type HelloWords, helloOf, RANDOM_BYTES, readListener } from "./challenge.ts";
import { connectTcp, type Target } from "./tcp-connect.ts";

/** A connection to a listener of the test's own, proven by both sides, on which nothing is sent but what is asked for. */
export interface HeldConnection {
  /** Sends bytes of those that were announced. */
  send(bytes: number): void;
  /** Whether all that was announced came back within the time. False at once where the connection has ended. */
  answered(timeoutMs: number): Promise<boolean>;
  close(): void;
}

/**
 * Undefined where no connection comes about, or whoever answers does not know the secret. TCP's own keepalive is off, as
 * it is for every socket of Node.js that does not ask for it: it would hide what is looked for.
 */
export async function openHeldConnection(
  target: Target,
  { secret, bulkBytes, random, clock }: { secret: Buffer; bulkBytes: number; random: Random; clock: Clock },
): Promise<HeldConnection | undefined> {
  const connected = await connectTcp(target, clock);
  if ("failed" in connected) return undefined;
  const { socket } = connected;
  socket.setKeepAlive(false);
  const words: HelloWords = { port: target.port, random: random(RANDOM_BYTES), bulkBytes };
  const proven = Promise.withResolvers<boolean>();
  const whole = Promise.withResolvers<boolean>();
  let received = Buffer.alloc(0);
  let bulkLeft: number | undefined;
  socket.once("close", () => {
    proven.resolve(false);
    whole.resolve(false);
  });
  socket.on("data", (chunk) => {
    if (bulkLeft !== undefined) bulkLeft -= chunk.length;
    else {
      received = Buffer.concat([received, chunk]);
      const said = readListener(received, words, secret);
      if (said === undefined) return;
      bulkLeft = bulkBytes - said.more;
      proven.resolve(said.isRight);
    }
    if (bulkLeft <= 0) whole.resolve(true);
  });
  const within = async (what: Promise<boolean>, timeoutMs: number) => {
    const late = Promise.withResolvers<boolean>();
    const cancel = clock.after(timeoutMs, () => late.resolve(false));
    return Promise.race([what, late.promise]).finally(cancel);
  };
  socket.write(helloOf(words, secret));
  if (!(await within(proven.promise, target.timeoutMs))) {
    socket.destroy();
    return undefined;
  }
  return {
    send: (bytes) => void socket.write(Buffer.alloc(bytes)),
    answered: (timeoutMs) => within(whole.promise, timeoutMs),
    close: () => void socket.destroy(),
  };
}
