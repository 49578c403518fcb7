// Speaking with one peer by datagrams. The socket is connected: the kernel drops what comes from anybody else, and an
// ICMP refusal becomes an error instead of silence.

import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { type ConnectError, codeOf, type Destination } from "../runtime/errors.ts";
import { ABORTED, connectError, explainConnectError } from "./connect-error.ts";

export interface DatagramDial extends Destination {
  readonly onMessage: (message: Buffer) => void;
  /** The way is closed, or the kernel says so of what was sent; the socket stays usable. */
  readonly onError: (error: ConnectError) => void;
}

export interface DatagramPeer {
  send(message: Buffer): void;
  close(): void;
}

/** @throws ConnectError where the name does not resolve or there is no route. */
export async function dialDatagrams({ onMessage, onError, ...destination }: DatagramDial): Promise<DatagramPeer> {
  const { host, port } = destination;
  const { address, family } = await lookup(host).catch((error: unknown) => {
    throw explainConnectError(error, destination);
  });
  const socket = createSocket(family === 6 ? "udp6" : "udp4");
  let isClosed = false;
  const close = () => {
    if (isClosed) return;
    isClosed = true;
    socket.close();
  };
  await new Promise<void>((resolve, reject) => {
    const fail = (error: unknown) => {
      close();
      reject(explainConnectError(error, destination));
    };
    socket.once("error", fail);
    socket.connect(port, address, () => {
      socket.off("error", fail);
      resolve();
    });
  });
  const tell = (error: unknown) => {
    if (!isClosed) onError(explainDatagramError(error, destination));
  };
  socket.on("error", tell);
  socket.on("message", onMessage);
  return {
    send(message) {
      if (isClosed) return onError(connectError(destination, ABORTED, "given up"));
      socket.send(message, (error) => {
        if (error !== null) tell(error);
      });
    },
    close,
  };
}

function explainDatagramError(error: unknown, destination: Destination): ConnectError {
  // RFC 1122 §4.1.3.3: port unreachable comes back where nobody listens.
  if (codeOf(error) !== "ECONNREFUSED") return explainConnectError(error, destination);
  return connectError(destination, "ECONNREFUSED", "refused: nothing listens at that UDP port", { cause: error });
}
