// The words on a temporary listener's connection. The initiator speaks first and proves that it knows the secret, which
// only the two ends have (it went over a connection that is authenticated already); the listener proves the same, and
// says from which address it was reached. Neither proof can be used for the other, for another port or another try.
//
//   initiator: "RSBP" 16 random bytes, u32 bytes of bulk, HMAC-SHA-256(secret, "initiator" port random bulk)
//   listener:  HMAC-SHA-256(secret, "listener" port random), u8 length of an address, the address
//   then bulk: as many bytes from the initiator, and when all have come as many back

import { createHmac, timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";
import type { Clock } from "../../runtime/clock.ts";
import type { Random } from "../../runtime/random.ts";
import type { Attempt } from "../evidence.ts";
import { afterListening } from "./after-reading.ts";
import { connectTcp, type Target } from "./tcp-connect.ts";
import { readUnacknowledged } from "./unacknowledged.ts";

export const MAGIC = Buffer.from("RSBP");
export const RANDOM_BYTES = 16;
const PROOF_BYTES = 32;
export const HELLO_BYTES = MAGIC.length + RANDOM_BYTES + 4 + PROOF_BYTES;

export function proofOf(
  secret: Buffer,
  who: "initiator" | "listener",
  { port, random, bulkBytes }: HelloWords,
): Buffer {
  const words = Buffer.alloc(8);
  words.writeUInt32BE(port, 0);
  words.writeUInt32BE(bulkBytes, 4);
  return createHmac("sha256", secret).update(who).update(words).update(random).digest();
}

export interface HelloWords {
  readonly port: number;
  readonly random: Buffer;
  readonly bulkBytes: number;
}

/** The initiator's words out of their bytes; undefined where the proof is wrong. */
export function readHello(bytes: Buffer, secret: Buffer, port: number): HelloWords | undefined {
  const random = bytes.subarray(MAGIC.length, MAGIC.length + RANDOM_BYTES);
  const words = { port, random, bulkBytes: bytes.readUInt32BE(MAGIC.length + RANDOM_BYTES) };
  const proof = bytes.subarray(HELLO_BYTES - PROOF_BYTES, HELLO_BYTES);
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  return timingSafeEqual(proof, proofOf(secret, "initiator", words)) ? words : undefined;
}

/** The initiator's words as bytes. */
export function helloOf(words: HelloWords, secret: Buffer): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(words.bulkBytes);
  return Buffer.concat([MAGIC, words.random, count, proofOf(secret, "initiator", words)]);
}

export interface ListenerWords {
  readonly isRight: boolean;
  /** The address that the listener sees. */
  readonly seenAs: string;
  /** Bytes that came behind the words. */
  readonly more: number;
}

/** The listener's words out of what came so far; undefined while they are not there yet. */
export function readListener(received: Buffer, words: HelloWords, secret: Buffer): ListenerWords | undefined {
  const length = received[PROOF_BYTES];
  if (length === undefined || received.length < PROOF_BYTES + 1 + length) return undefined;
  const isRight = timingSafeEqual(received.subarray(0, PROOF_BYTES), proofOf(secret, "listener", words));
  const seenAs = received.subarray(PROOF_BYTES + 1, PROOF_BYTES + 1 + length).toString("latin1");
  return { isRight, seenAs, more: received.length - PROOF_BYTES - 1 - length };
}

/** Connects to a temporary listener, proves the secret and has it prove it. `detail`: the address that it saw. */
export async function challenge(
  target: Target,
  { secret, bulkBytes, random, clock }: { secret: Buffer; bulkBytes: number; random: Random; clock: Clock },
): Promise<Attempt> {
  const startedAt = clock.monotonic();
  const connected = await connectTcp(target, clock);
  if ("failed" in connected) return connected.failed;
  const { socket } = connected;
  const localAddress = socket.localAddress ?? "";
  const words: HelloWords = { port: target.port, random: random(RANDOM_BYTES), bulkBytes };
  const { proof, detail } = await converse(socket, words, { secret, clock, timeoutMs: target.timeoutMs });
  socket.destroy();
  return { port: target.port, code: "", tookMs: clock.monotonic() - startedAt, localAddress, proof, detail };
}

function converse(
  socket: Socket,
  words: HelloWords,
  { secret, clock, timeoutMs }: { secret: Buffer; clock: Clock; timeoutMs: number },
): Promise<Pick<Attempt, "proof" | "detail">> {
  let received = Buffer.alloc(0);
  let seenAs: string | undefined;
  let bulkLeft = words.bulkBytes;
  return new Promise((resolve) => {
    const settle = (proof: Attempt["proof"], detail = "") => {
      cancel();
      resolve({ proof, detail });
    };
    const late = async (wasBusy: boolean) => {
      const isLost = ((await readUnacknowledged(socket)) ?? 0) > 0;
      if (seenAs !== undefined) settle(isLost ? "stalled" : "unfinished", seenAs);
      else settle(isLost ? "lost" : wasBusy ? "unheard" : "silent");
    };
    let cancel = afterListening(clock, timeoutMs, late);
    socket.on("close", () => (seenAs === undefined ? settle("closed") : settle("unfinished", seenAs)));
    socket.on("data", (chunk) => {
      if (seenAs !== undefined) {
        bulkLeft -= chunk.length;
        if (bulkLeft <= 0) settle("ours", seenAs);
        return;
      }
      received = Buffer.concat([received, chunk]);
      const said = readListener(received, words, secret);
      if (said === undefined) return;
      if (!said.isRight) return settle("foreign", "a wrong proof");
      seenAs = said.seenAs;
      bulkLeft -= said.more;
      if (bulkLeft <= 0) return settle("ours", seenAs);
      cancel();
      cancel = afterListening(clock, timeoutMs, late); // The bulk has a time of its own.
      socket.write(Buffer.alloc(words.bulkBytes));
    });
    socket.write(helloOf(words, secret));
  });
}
