// A listener for flows between our own parties, and the ground under the HTTPS listeners. A connection passes, in this
// order: the counts (admission.ts), the handshake within its time, OpenSSL's verdict on the certificate, the identity
// in it, revocation, and whether that kind of peer belongs on this port. Only then does anybody else see it. Whatever
// fails is closed and told by refusal-log.ts. Three servers hand a connection on, so that each step uses public
// interfaces of Node only: net accepts, tls speaks TLS, `onConnection` gets what is left.

import { constants } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import { type FlowKey, flowName } from "../ports/port-map.ts";
import type { Clock } from "../runtime/clock.ts";
import { assert, ConnectError, reasonOf, TimeoutError, WireError } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { Service } from "../runtime/service.ts";
import { Admission, plainAddress } from "./admission.ts";
import { shownCertificate } from "./certificate.ts";
import type { Connection, Connections } from "./connections.ts";
import type { Identity } from "./identity.ts";
import { type IsRevoked, judgeCertificate, judgeForeignCertificate } from "./judge-certificate.ts";
import { LISTENER_LIMITS, type ListenerLimits, TCP_KEEPALIVE_MS } from "./limits.ts";
import { openPort } from "./open-port.ts";
import { ANONYMOUS, describePeer, type KnownPeer, type Peer } from "./peer.ts";
import { createRefusalLog, type Refused } from "./refusal-log.ts";
import { refusalOfTlsError } from "./tls-error.ts";

export type ListenerTls = "mutual" | "server-only" | "standard";

export interface TlsListenerNeeds {
  /** The port map's key; the port comes from the port book. Port 0 takes a free one, for tests. */
  readonly flow: string;
  readonly host: string;
  readonly port: number;
  readonly identity: Identity;
  /** Kinds of peers that may connect; nobody else gets as far as `onConnection`. */
  readonly allow: readonly Peer["kind"][];
  /**
   * "mutual" asks for a certificate, TLS 1.3. "server-only" is for browsers: asks for none, TLS 1.2 too. "standard" is for
   * anybody's software beside our own: asks for a certificate, lets be without one who is `allow`ed to be "anonymous", TLS 1.2 too.
   */
  readonly tls?: ListenerTls;
  /** Authorities (PEM) that vouch for who may connect, each "foreign", instead of our own one. */
  readonly foreignAuthorities?: readonly string[];
  /** Whether who shows no certificate may connect, asked at each handshake; `allow` says so where it is left out. */
  readonly mayBeAnonymous?: () => boolean;
  readonly isRevoked: IsRevoked;
  /** Who of those kinds may connect; everybody where left out. */
  readonly isExpected?: (peer: KnownPeer) => boolean;
  /** Owns the connection from here on. A rejection or a throw closes it and is logged: what the peer did as a refusal. */
  readonly onConnection: (connection: Connection) => void | Promise<void>;
  readonly connections: Connections;
  readonly log: Log;
  readonly clock: Clock;
  readonly limits?: ListenerLimits;
}

export interface TlsListener extends Service {
  /** The port that is listened on, once started. */
  readonly port: number;
  /** Shows a renewed certificate to whoever connects from now on; open connections stay. */
  setIdentity(identity: Identity): void;
  /** Tells, as of all who break the rules, that a peer was hung up on by whoever speaks with it. */
  tellBroken(connection: Connection, reason: string): void;
}

/** `start` throws SettingsError when the port cannot be had; `stop` ends every connection of this listener. */
export function createTlsListener(needs: TlsListenerNeeds): TlsListener {
  const { host, allow, isRevoked, connections, log, clock, tls = "mutual", limits = LISTENER_LIMITS } = needs;
  const { mayBeAnonymous = () => allow.includes("anonymous") } = needs;
  const flow = flowName(needs.flow as FlowKey); // What people read, and can give to `rusuban ports explain`.
  const refusals = createRefusalLog({ flow, log, clock });
  const admission = new Admission(limits);
  let { identity } = needs;
  let port: number | undefined;

  /** An admitted connection until it closes; `settled` once its handshake has ended, well or badly. */
  interface Arrival {
    readonly raw: Socket;
    readonly address: string;
    readonly remotePort: number;
    settled: boolean;
    readonly settle: () => void;
  }
  const arrivals = new Map<string, Arrival>();

  const tlsServer = createTlsServer({
    ...contextOptions(identity, needs),
    requestCert: tls !== "server-only",
    rejectUnauthorized: false,
  });
  // rejectUnauthorized would close a refused connection before its certificate can be read, and the operator could not be
  // told which host it was. `decide` refuses whatever OpenSSL has not authorized, before anything else sees the connection.

  tlsServer.on("secureConnection", (socket) => {
    const arrival = arrivals.get(keyOf(socket));
    if (arrival === undefined) {
      socket.destroy(); // Closed meanwhile.
      return;
    }
    arrival.settle();
    // Its end is told by "close"; what broke it matters to whoever speaks on it.
    socket.on("error", (error) => log.debug({ flow, reason: reasonOf(error) }, "connection broke"));
    const decision = decide(socket, arrival);
    if ("refusal" in decision) refuse(arrival, decision);
    else handOver(decision);
  });

  tlsServer.on("tlsClientError", (error, socket) => {
    const arrival = arrivals.get(keyOf(socket));
    if (arrival !== undefined && !arrival.settled) refuse(arrival, refusalOfTlsError(error));
    socket.destroy();
  });

  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEPALIVE_MS }, (raw) => {
    raw.on("error", () => {}); // Reported by the TLS layer; "close" follows.
    const address = plainAddress(raw.remoteAddress ?? "");
    const remotePort = raw.remotePort ?? 0;
    if (address === "") {
      raw.destroy(); // Gone before it was looked at.
      return;
    }
    const refusal = admission.enter(address);
    if (refusal !== undefined) {
      refusals.refuse({ refusal, address, port: remotePort });
      raw.resetAndDestroy(); // A flood must not leave thousands of sockets in TIME_WAIT.
      return;
    }
    const key = keyOf(raw);
    const cancelTimeout = clock.after(limits.handshakeTimeoutMs, () => {
      refuse(arrival, { refusal: "handshakeTimeout", detail: `after ${limits.handshakeTimeoutMs} ms` });
    });
    const arrival: Arrival = {
      raw,
      address,
      remotePort,
      settled: false,
      settle() {
        if (arrival.settled) return;
        arrival.settled = true;
        cancelTimeout();
        admission.endHandshake(address);
      },
    };
    arrivals.set(key, arrival);
    raw.once("close", () => {
      if (!arrival.settled) refuse(arrival, { refusal: "closedEarly" });
      arrivals.delete(key);
      admission.leave();
    });
    tlsServer.emit("connection", raw);
  });

  function refuse(arrival: Arrival, { refusal, detail }: Refused): void {
    arrival.settle();
    refusals.refuse({ refusal, detail, address: arrival.address, port: arrival.remotePort });
    arrival.raw.destroy();
  }

  /** The connection that comes of a finished handshake, or why there is none. */
  function decide(socket: TLSSocket, { raw, address, remotePort }: Arrival): Connection | Refused {
    const remote = { flow, socket, remoteAddress: address, remotePort };
    const certificate = tls === "server-only" ? undefined : shownCertificate(socket);
    if (certificate === undefined) {
      if (!mayBeAnonymous()) return { refusal: "noCertificate" };
      const refusal = admission.enterAnonymous(address);
      if (refusal !== undefined) return { refusal };
      raw.once("close", () => admission.leaveAnonymous(address));
      return { ...remote, peer: ANONYMOUS, serial: undefined, expiresAt: undefined };
    }
    const shown = {
      certificate,
      authorized: socket.authorized,
      authorizationError: String(socket.authorizationError ?? ""),
    };
    const verdict =
      needs.foreignAuthorities === undefined
        ? judgeCertificate({ ...shown, authority: identity.authority, isRevoked })
        : judgeForeignCertificate(shown);
    if ("refusal" in verdict) return verdict;
    const { peer } = verdict;
    if (!allow.includes(peer.kind)) return { refusal: "wrongRole", detail: describePeer(peer) };
    if (peer.kind !== "foreign" && needs.isExpected?.(peer) === false)
      return { refusal: "notExpected", detail: describePeer(peer) };
    if (connections.countOf(peer, flow) >= limits.connectionsPerPeerMax) {
      return { refusal: "tooManyOfPeer", detail: describePeer(peer) };
    }
    return { ...remote, ...verdict };
  }

  function handOver(connection: Connection): void {
    connections.add(connection);
    const { peer, remoteAddress: address, remotePort, socket } = connection;
    const fail = (error: unknown) => {
      socket.destroy();
      const who = describePeer(peer);
      if (error instanceof WireError || error instanceof TimeoutError || error instanceof ConnectError) {
        const refusal = error instanceof WireError ? "brokeProtocol" : "brokeOff";
        refusals.refuse({ refusal, detail: `${who}, ${error.message}`, address, port: remotePort });
        return;
      }
      const values = { flow, peer: who, remoteAddress: address, remotePort, reason: reasonOf(error) };
      log.error(values, `${flow}: the connection of ${who} at ${address} failed: ${reasonOf(error)}`);
    };
    try {
      Promise.resolve(needs.onConnection(connection)).catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  return {
    name: `listener ${flow}`,
    get port() {
      assert(port !== undefined, `listener ${flow} has been started`);
      return port;
    },
    tellBroken({ peer, remoteAddress, remotePort }, reason) {
      const detail = `${describePeer(peer)}, ${reason}`;
      refusals.refuse({ refusal: "brokeProtocol", detail, address: remoteAddress, port: remotePort });
    },
    setIdentity(renewed) {
      identity = renewed;
      tlsServer.setSecureContext(contextOptions(renewed, needs));
    },
    async start() {
      port = await openPort(server, { flow: needs.flow, host, port: needs.port, log });
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const arrival of arrivals.values()) {
        arrival.settle(); // Ended by us: nothing to tell.
        arrival.raw.destroy();
      }
      await closed;
      refusals.flush();
    },
  };
}

/** One connection's two ends; the local one matters where several addresses are listened on. */
function keyOf({ localAddress, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${remoteAddress} ${remotePort}`;
}

function contextOptions(
  identity: Identity,
  { tls = "mutual", foreignAuthorities }: Pick<TlsListenerNeeds, "tls" | "foreignAuthorities">,
): TlsOptions {
  const own = identity.secureContextOptions();
  // An operator's authority may be one of several below a root that is not at hand: it is trusted by itself.
  const options =
    foreignAuthorities === undefined ? own : { ...own, ca: [...foreignAuthorities], allowPartialTrustChain: true };
  if (tls === "server-only") return { ...options, minVersion: "TLSv1.2" };
  // No tickets: a resumed session would skip the look at expiry.
  const secureOptions = constants.SSL_OP_NO_TICKET;
  // Clients of CIM and WS-Management are as old as the systems they manage: Windows Server 2019 ends at TLS 1.2.
  return { ...options, minVersion: tls === "standard" ? "TLSv1.2" : "TLSv1.3", secureOptions };
}
