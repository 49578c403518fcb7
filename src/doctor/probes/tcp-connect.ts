import { connect, isIP, type Socket } from "node:net";
import { connectError } from "../../net/connect-error.ts";
import type { Clock } from "../../runtime/clock.ts";
import { codeOf } from "../../runtime/errors.ts";
import type { Attempt } from "../evidence.ts";
import { afterReading } from "./after-reading.ts";

export interface Target {
  readonly flow: string;
  readonly address: string;
  readonly port: number;
  readonly timeoutMs: number;
}

export type Connected = { readonly socket: Socket; readonly tookMs: number } | { readonly failed: Attempt };

/** One TCP connection: the exact error and its time, or the socket. Never rejects. */
export function connectTcp({ flow, address, port, timeoutMs }: Target, clock: Clock): Promise<Connected> {
  const startedAt = clock.monotonic();
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, noDelay: true });
    const settle = (result: Connected) => {
      cancel();
      socket.off("error", fail);
      socket.on("error", () => {}); // What comes later is told by its end.
      resolve(result);
    };
    const fail = (error: Error) => {
      const localAddress = socket.localAddress ?? "";
      socket.destroy();
      const code = codeOf(error) || "EFAILED";
      settle({
        failed: { port, code, tookMs: clock.monotonic() - startedAt, localAddress, proof: "none", detail: "" },
      });
    };
    let isResolved = isIP(address) !== 0;
    socket.once("lookup", () => {
      isResolved = true;
    });
    const cancel = afterReading(clock, timeoutMs, () => {
      // A name server that does not answer in time is no silence of the host.
      const code = isResolved ? "ETIMEDOUT" : "EAI_AGAIN";
      fail(connectError({ flow, host: address, port }, code, `no answer within ${timeoutMs} ms`));
    });
    socket.once("error", fail);
    socket.once("connect", () => settle({ socket, tookMs: clock.monotonic() - startedAt }));
  });
}

/** Begins a connection and gives it up: for counting at the other end, and for series. */
export async function knock(target: Target, clock: Clock): Promise<Attempt> {
  const connected = await connectTcp(target, clock);
  if ("failed" in connected) return connected.failed;
  const { socket, tookMs } = connected;
  const localAddress = socket.localAddress ?? "";
  socket.destroy();
  return { port: target.port, code: "", tookMs, localAddress, proof: "none", detail: "" };
}
