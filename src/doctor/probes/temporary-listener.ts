// Listeners that live for some seconds, so that the other end can try a port on which nobody listens. They are silent to
// everybody who does not prove the secret, and do nothing but prove it back and count.

import { createSocket } from "node:dgram";
import { createServer, type Socket } from "node:net";
import type { Clock } from "../../runtime/clock.ts";
import { codeOf } from "../../runtime/errors.ts";
import { bareAddress } from "../address-text.ts";
import type { Family, TemporaryPort } from "../evidence.ts";
import type { Heard, ListenOrder } from "../helper.ts";
import { DOCTOR_LIMITS } from "../limits.ts";
import { afterReading } from "./after-reading.ts";
import { HELLO_BYTES, proofOf, readHello } from "./challenge.ts";
import { datagramOf, numberOf } from "./datagrams.ts";

export interface TemporaryListeners {
  readonly ports: readonly TemporaryPort[];
  heard(): Heard;
  close(): void;
}

interface Counted {
  readonly port: number;
  code: string;
  accepted: number;
  proven: number;
}

/** How long such a listener and its connections live, and after how many proven ones it takes no more. */
export interface ListenerBounds {
  readonly lifeMs: number;
  readonly connectionMs: number;
  readonly provenMax: number;
}

const PROBE_BOUNDS: ListenerBounds = {
  lifeMs: DOCTOR_LIMITS.listenMs,
  connectionMs: 2 * DOCTOR_LIMITS.attemptMs,
  provenMax: DOCTOR_LIMITS.acceptsMax,
};

/** Opens one listener a port. A port that cannot be had has the system's code; the others are opened all the same. */
export async function openTemporaryListeners(
  order: ListenOrder,
  clock: Clock,
  bounds = PROBE_BOUNDS,
): Promise<TemporaryListeners> {
  const counts: Counted[] = order.ports.map((port) => ({ port, code: "", accepted: 0, proven: 0 }));
  const provenFrom = new Set<string>();
  const datagrams = new Set<number>();
  const closers: (() => void)[] = [];
  const close = () => {
    cancel();
    for (const one of closers.splice(0)) one();
  };
  const cancel = clock.after(Math.min(order.lifeMs, bounds.lifeMs), close);
  const open = order.transport === "tcp" ? openTcp : openUdp;
  await Promise.all(
    counts.map(async (count) => {
      try {
        closers.push(await open(count, { order, provenFrom, datagrams, clock, bounds }));
      } catch (error) {
        count.code = codeOf(error) || "EFAILED";
      }
    }),
  );
  const ports = () => counts.map((count) => ({ ...count }));
  return {
    ports: ports(),
    heard: () => ({ ports: ports(), provenFrom: [...provenFrom], datagrams: [...datagrams] }),
    close,
  };
}

interface Common {
  readonly order: ListenOrder;
  readonly provenFrom: Set<string>;
  readonly datagrams: Set<number>;
  readonly clock: Clock;
  readonly bounds: ListenerBounds;
}

const EVERYWHERE: Record<Family, string> = { ipv4: "0.0.0.0", ipv6: "::" };

function openTcp(count: Counted, common: Common): Promise<() => void> {
  const { order } = common;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => {}); // "close" follows.
    if (count.accepted >= DOCTOR_LIMITS.acceptsMax) return socket.destroy();
    count.accepted += 1;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    serve(socket, count, common, () => {
      if (count.proven >= common.bounds.provenMax) server.close(); // Those that are there stay.
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const where = {
      host: EVERYWHERE[order.family],
      port: count.port,
      ipv6Only: order.family === "ipv6",
      exclusive: true,
    };
    server.listen(where, () => {
      server.off("error", reject);
      server.on("error", () => {}); // A connection that could not be accepted is not counted.
      resolve(() => {
        server.close();
        for (const socket of sockets) socket.destroy();
      });
    });
  });
}

function serve(
  socket: Socket,
  count: Counted,
  { order, provenFrom, clock, bounds }: Common,
  onProven: () => void,
): void {
  const cancel = afterReading(clock, DOCTOR_LIMITS.proveMs, () => socket.destroy());
  let received = Buffer.alloc(0);
  let bulkLeft: number | undefined;
  let bulkBytes = 0;
  socket.once("close", cancel);
  socket.on("data", (chunk) => {
    if (bulkLeft !== undefined) {
      bulkLeft -= chunk.length;
      if (bulkLeft === 0) socket.write(Buffer.alloc(bulkBytes));
      else if (bulkLeft < 0) socket.destroy();
      return;
    }
    received = Buffer.concat([received, chunk]);
    if (received.length < HELLO_BYTES) return;
    const words = received.length === HELLO_BYTES ? readHello(received, order.secret, count.port) : undefined;
    if (words === undefined || words.bulkBytes > DOCTOR_LIMITS.bulkBytesMax) return void socket.destroy();
    cancel();
    socket.once(
      "close",
      clock.after(bounds.connectionMs, () => socket.destroy()),
    );
    count.proven += 1;
    const from = bareAddress(socket.remoteAddress ?? "");
    provenFrom.add(from);
    onProven();
    bulkBytes = words.bulkBytes;
    bulkLeft = bulkBytes;
    const address = Buffer.from(from, "latin1").subarray(0, 64);
    socket.write(Buffer.concat([proofOf(order.secret, "listener", words), Buffer.from([address.length]), address]));
  });
}

function openUdp(count: Counted, { order, provenFrom, datagrams }: Common): Promise<() => void> {
  const socket = createSocket({ type: order.family === "ipv6" ? "udp6" : "udp4", ipv6Only: order.family === "ipv6" });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.on("message", (bytes, { address, port }) => {
      count.accepted += 1;
      const number = numberOf(bytes, order.secret, "datagram");
      if (number === undefined || datagrams.size >= DOCTOR_LIMITS.datagramsMax) return;
      count.proven += 1;
      datagrams.add(number);
      provenFrom.add(bareAddress(address));
      socket.send(datagramOf(order.secret, "answer", number), port, address, () => {}); // Lost ones are not answered.
    });
    socket.bind({ address: EVERYWHERE[order.family], port: count.port, exclusive: true }, () => {
      socket.off("error", reject);
      socket.on("error", () => {});
      resolve(() => socket.close());
    });
  });
}
