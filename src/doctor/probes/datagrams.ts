// Numbered datagrams to a temporary listener: the far end tells over another flow which of them came.
//   "RSBP" u32 number, HMAC-SHA-256(secret, "datagram" number)   and the same back with "answer"

import { createHmac, timingSafeEqual } from "node:crypto";
import { createSocket } from "node:dgram";
import type { Clock } from "../../runtime/clock.ts";
import { codeOf } from "../../runtime/errors.ts";
import type { Attempt } from "../evidence.ts";
import { afterReading } from "./after-reading.ts";
import { MAGIC } from "./challenge.ts";
import type { Target } from "./tcp-connect.ts";

const NUMBER_AT = MAGIC.length;
const PROOF_AT = NUMBER_AT + 4;
export const DATAGRAM_BYTES = PROOF_AT + 32;

export function datagramOf(secret: Buffer, kind: "datagram" | "answer", number: number): Buffer {
  const head = Buffer.alloc(PROOF_AT);
  MAGIC.copy(head);
  head.writeUInt32BE(number, NUMBER_AT);
  return Buffer.concat([head, createHmac("sha256", secret).update(kind).update(head).digest()]);
}

/** The number of a datagram of ours; undefined for anything else. */
export function numberOf(bytes: Buffer, secret: Buffer, kind: "datagram" | "answer"): number | undefined {
  if (bytes.length !== DATAGRAM_BYTES) return undefined;
  const number = bytes.readUInt32BE(NUMBER_AT);
  return timingSafeEqual(bytes, datagramOf(secret, kind, number)) ? number : undefined;
}

/** Sends numbers 0 to `times` - 1 and waits for answers or an error; never rejects. */
export function sendDatagrams(
  { address, port, timeoutMs }: Target,
  { secret, times, clock }: { secret: Buffer; times: number; clock: Clock },
): Promise<{ readonly attempt: Attempt; readonly answered: number }> {
  const startedAt = clock.monotonic();
  const answers = new Set<number>();
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    let localAddress = "";
    let isSettled = false;
    const settle = (code: string) => {
      if (isSettled) return; // Several datagrams fail in the same way.
      isSettled = true;
      cancel();
      socket.removeAllListeners();
      socket.on("error", () => {}); // The reason is known.
      socket.close();
      const tookMs = clock.monotonic() - startedAt;
      resolve({ attempt: { port, code, tookMs, localAddress, proof: "none", detail: "" }, answered: answers.size });
    };
    const cancel = afterReading(clock, timeoutMs, () => settle(answers.size > 0 ? "" : "ETIMEDOUT"));
    // A connected socket hears of ICMP errors (ip(7)).
    socket.on("error", (error) => settle(codeOf(error) || "EFAILED"));
    socket.on("message", (bytes) => {
      const number = numberOf(bytes, secret, "answer");
      if (number !== undefined && number < times) answers.add(number);
      if (answers.size === times) settle("");
    });
    socket.connect(port, address, (error?: Error) => {
      // Where there is no way, Node.js says so here and not as an event; a send would then throw.
      if (error) return settle(codeOf(error) || "EFAILED");
      localAddress = socket.address().address;
      for (let number = 0; number < times && !isSettled; number++) {
        socket.send(datagramOf(secret, "datagram", number), (error) => {
          if (error !== null) settle(codeOf(error) || "EFAILED");
        });
      }
    });
  });
}
