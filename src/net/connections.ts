import type { TLSSocket } from "node:tls";
import type { Clock } from "../runtime/clock.ts";
import { describePeer, type Peer } from "./peer.ts";

/** One accepted connection: its handshake is done and its peer is known and allowed. */
export interface Connection {
  readonly flow: string;
  readonly socket: TLSSocket;
  readonly peer: Peer;
  /** Of the peer's certificate; undefined for "anonymous". */
  readonly serial: string | undefined;
  /** Milliseconds since 1970; undefined for "anonymous". */
  readonly expiresAt: number | undefined;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/**
 * The live connections of all listeners of one program, so that a revocation ends them at once. A connection leaves by
 * itself when its socket closes.
 */
export class Connections {
  readonly #live = new Set<Connection>();
  readonly #countByPeer = new Map<string, number>();

  get size(): number {
    return this.#live.size;
  }

  /** Connections of this peer on one flow. */
  countOf(peer: Peer, flow: string): number {
    return this.#countByPeer.get(countKey(peer, flow)) ?? 0;
  }

  add(connection: Connection): void {
    const key = countKey(connection.peer, connection.flow);
    this.#live.add(connection);
    this.#countByPeer.set(key, (this.#countByPeer.get(key) ?? 0) + 1);
    connection.socket.once("close", () => {
      this.#live.delete(connection);
      const left = (this.#countByPeer.get(key) ?? 1) - 1;
      if (left === 0) this.#countByPeer.delete(key);
      else this.#countByPeer.set(key, left);
    });
  }

  /** Ends every connection of this peer, whichever certificate it showed; answers how many. */
  closePeer(peer: Peer): number {
    const key = describePeer(peer);
    return this.#close((connection) => describePeer(connection.peer) === key);
  }

  /** Ends every connection made with this certificate; answers how many. */
  closeSerial(serial: string): number {
    return this.#close((connection) => connection.serial === serial);
  }

  /** Ends connections that have outlived their certificate; call it every few minutes. Answers how many. */
  closeExpired(clock: Pick<Clock, "now">): number {
    const now = clock.now();
    return this.#close(({ expiresAt }) => expiresAt !== undefined && expiresAt <= now);
  }

  #close(isMeant: (connection: Connection) => boolean): number {
    const meant = [...this.#live].filter(isMeant);
    for (const { socket } of meant) socket.destroy();
    return meant.length;
  }
}

function countKey(peer: Peer, flow: string): string {
  return `${flow} ${describePeer(peer)}`;
}
