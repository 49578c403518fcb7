// Connecting to another of our parties. It is its identity that is verified, not its DNS name: hosts move, are reached
// through address translation, and have several names. Without a verified peer of the expected kind there is no socket.

import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { connect, type DetailedPeerCertificate, type PeerCertificate, type TLSSocket } from "node:tls";
import type { Clock } from "../runtime/clock.ts";
import { type Destination, reasonOf } from "../runtime/errors.ts";
import { fingerprintOf } from "./certificate.ts";
import {
  ABORTED,
  connectError,
  explainConnectError,
  FINGERPRINT_DIFFERS,
  HANDSHAKE_TIMED_OUT,
  PEER_UNEXPECTED,
  TIMED_OUT,
} from "./connect-error.ts";
import type { Identity } from "./identity.ts";
import { TCP_KEEPALIVE_MS } from "./limits.ts";
import { describePeer, idOfPeer, type KnownPeer, peerOfCertificate } from "./peer.ts";

/** Whom we mean to reach: any party of a kind, or one by its id (host id, administrator's name). */
export interface ExpectedPeer {
  readonly kind: KnownPeer["kind"];
  readonly id?: string;
}

/** Whose word we take: an authority whose certificate (PEM) we have, or one that we know by its SHA-256 fingerprint only. */
export type Trust = { readonly authority: string } | { readonly pinnedFingerprint: string };

export interface DialOptions extends Destination {
  /** Our own certificate; leave it out to enrol. */
  readonly identity?: Identity | undefined;
  readonly trust: Trust;
  readonly expect: ExpectedPeer;
  /** For the whole: name, connection, handshake. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly clock: Clock;
}

export interface Dialed {
  readonly socket: TLSSocket;
  readonly peer: KnownPeer;
  /** PEM of the authority that the peer was verified against. */
  readonly authority: string;
}

/**
 * A connection whose peer has been verified. The listener may still refuse us: with TLS 1.3 that shows at the first read.
 * @throws ConnectError with flow, host, port, a code and plain words.
 */
export async function dialTls(options: DialOptions): Promise<Dialed> {
  const deadline = options.clock.monotonic() + options.timeoutMs;
  const authority =
    "authority" in options.trust
      ? options.trust.authority
      : await fetchPinnedAuthority(options, options.trust.pinnedFingerprint, deadline);
  let peer: KnownPeer | undefined;
  const socket = await handshake(options, deadline, {
    ca: authority,
    rejectUnauthorized: true,
    checkServerIdentity(_name, certificate) {
      try {
        peer = expectedPeerOf(certificate, options.expect);
        return undefined;
      } catch (error) {
        return connectError(options, PEER_UNEXPECTED, reasonOf(error));
      }
    },
  });
  if (peer === undefined || !socket.authorized) {
    socket.destroy();
    throw connectError(options, PEER_UNEXPECTED, "its certificate was not checked");
  }
  return { socket, peer, authority };
}

function expectedPeerOf(certificate: PeerCertificate, expect: ExpectedPeer): KnownPeer {
  const peer = peerOfCertificate(new X509Certificate(certificate.raw));
  if (peer.kind !== expect.kind || (expect.id !== undefined && idOfPeer(peer) !== expect.id)) {
    const expected = expect.id === undefined ? `a ${expect.kind}` : `${expect.kind} ${expect.id}`;
    throw new Error(`${describePeer(peer)} answers there, expected ${expected}`);
  }
  return peer;
}

/**
 * The authority that the other side shows, when it has the fingerprint. This first connection sends nothing and only
 * fetches a certificate: what trust there is comes from the second one, which OpenSSL verifies against that certificate.
 */
async function fetchPinnedAuthority(options: DialOptions, fingerprint: string, deadline: number): Promise<string> {
  const { identity: _, ...anonymous } = options;
  const socket = await handshake(anonymous, deadline, { rejectUnauthorized: false });
  const chain = chainOf(socket.getPeerCertificate(true));
  // In good order, so that the listener does not take it for somebody who broke off.
  socket.resume();
  socket.end(() => socket.destroySoon());
  const pinned = chain.find((certificate) => fingerprintOf(certificate) === fingerprint.toLowerCase());
  if (pinned !== undefined) return new X509Certificate(pinned.raw).toString();
  const root = chain.at(-1);
  const shown = root === undefined ? "no certificate" : `an authority with fingerprint ${fingerprintOf(root)}`;
  throw connectError(options, FINGERPRINT_DIFFERS, `it shows ${shown}, expected ${fingerprint}`);
}

/** What the other side sent, leaf first. Node lets a root be its own issuer, and gives an empty object for nothing. */
function chainOf(leaf: DetailedPeerCertificate): readonly DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = [];
  let next: DetailedPeerCertificate | undefined = leaf;
  while (next?.raw !== undefined && !chain.includes(next) && chain.length < CHAIN_CERTIFICATES_MAX) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

// Ours are a leaf and its root.
const CHAIN_CERTIFICATES_MAX = 4;

function handshake(
  options: Omit<DialOptions, "trust" | "expect">,
  deadline: number,
  verification: {
    rejectUnauthorized: boolean;
    ca?: string;
    checkServerIdentity?: (name: string, certificate: PeerCertificate) => Error | undefined;
  },
): Promise<TLSSocket> {
  const { host, port, identity, signal, clock, timeoutMs } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(connectError(options, ABORTED, "given up"));
    const socket = connect({
      host,
      port,
      ...identity?.secureContextOptions(),
      minVersion: "TLSv1.3",
      // SNI carries names only (RFC 6066 §3).
      servername: isIP(host) === 0 ? host : "",
      ...verification,
    });
    let isConnected = false;
    const settle = () => {
      cancelTimeout();
      signal?.removeEventListener("abort", abort);
      socket.off("error", fail);
      socket.off("close", closed);
    };
    const fail = (error: unknown) => {
      settle();
      socket.on("error", () => {}); // What comes after the first reason adds nothing.
      socket.destroy();
      reject(explainConnectError(error, options));
    };
    const abort = () => fail(connectError(options, ABORTED, "given up"));
    const closed = () => fail(Object.assign(new Error("closed"), { code: "ECONNRESET" }));
    const cancelTimeout = clock.after(Math.max(0, deadline - clock.monotonic()), () =>
      fail(
        isConnected
          ? connectError(options, HANDSHAKE_TIMED_OUT, `the port is open, but no TLS answer within ${timeoutMs} ms`)
          : connectError(
              options,
              TIMED_OUT,
              `no answer within ${timeoutMs} ms: the host is down, or a firewall drops it`,
            ),
      ),
    );
    signal?.addEventListener("abort", abort, { once: true });
    socket.once("error", fail);
    socket.once("close", closed);
    socket.once("connect", () => {
      isConnected = true;
    });
    socket.once("secureConnect", () => {
      settle();
      socket.setNoDelay(true);
      socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
      resolve(socket);
    });
  });
}
