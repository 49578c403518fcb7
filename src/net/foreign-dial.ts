// Connecting to somebody else's server: a CIM server, a WS-Management service, a listener of indications. Trust is what the
// operator chose for it, and nothing is sent before it is proven.

import { X509Certificate } from "node:crypto";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { type ConnectionOptions, checkServerIdentity, connect as connectTls, type TLSSocket } from "node:tls";
import type { Clock } from "../runtime/clock.ts";
import type { ConnectError, Destination } from "../runtime/errors.ts";
import { fingerprintOf, shownCertificate } from "./certificate.ts";
import { clientContext } from "./client-contexts.ts";
import {
  ABORTED,
  connectError,
  explainConnectError,
  FINGERPRINT_DIFFERS,
  HANDSHAKE_TIMED_OUT,
  TIMED_OUT,
} from "./connect-error.ts";
import { TCP_KEEPALIVE_MS } from "./limits.ts";

/**
 * `plain`: no TLS. `system`: public authorities, and the name must fit. `authority`: this one (PEM), and the name must fit.
 * `authority-any-name`: issued by this one itself, whatever name is on it, or by one of the `others`, and then the name must
 * fit. `pinned`: exactly the certificate with this SHA-256 fingerprint, as hexadecimal digits with or without colons.
 */
export type ForeignTrust =
  | { readonly kind: "plain" }
  | { readonly kind: "system" }
  | { readonly kind: "authority"; readonly pem: string }
  | { readonly kind: "authority-any-name"; readonly pem: string; readonly others?: readonly string[] }
  | { readonly kind: "pinned"; readonly fingerprint: string };

export interface ForeignDialOptions extends Destination {
  readonly trust: ForeignTrust;
  /** Our certificate with its key, PEM, where the server asks for one. */
  readonly credentials?: { readonly key: string; readonly cert: string } | undefined;
  /** For the whole: name, connection, handshake. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** @throws ConnectError with flow, host, port, a code and plain words; a foreign certificate's fingerprint is among them. */
export function dialForeign(options: ForeignDialOptions): Promise<Socket | TLSSocket> {
  const { host, port, trust, timeoutMs, clock, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(connectError(options, ABORTED, "given up"));
    const isPlain = trust.kind === "plain";
    const socket = isPlain ? connectTcp({ host, port }) : connectTls(tlsOptions(options));
    let isConnected = false;
    const settle = () => {
      cancelTimeout();
      signal?.removeEventListener("abort", abort);
      socket.off("error", fail);
      socket.off("close", closed);
    };
    const fail = (error: unknown) => {
      settle();
      socket.on("error", () => {});
      socket.destroy();
      reject(explainConnectError(error, options));
    };
    const abort = () => fail(connectError(options, ABORTED, "given up"));
    const closed = () => fail(Object.assign(new Error("closed"), { code: "ECONNRESET" }));
    const cancelTimeout = clock.after(timeoutMs, () =>
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
    const ready = () => {
      const problem = isPlain ? undefined : judge(socket as TLSSocket, options);
      if (problem !== undefined) return fail(problem);
      settle();
      socket.setNoDelay(true);
      socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
      resolve(socket);
    };
    signal?.addEventListener("abort", abort, { once: true });
    socket.once("error", fail);
    socket.once("close", closed);
    socket.once("connect", () => {
      isConnected = true;
      if (isPlain) ready();
    });
    if (!isPlain) socket.once("secureConnect", ready);
  });
}

function tlsOptions({ host, port, trust, credentials }: ForeignDialOptions): ConnectionOptions {
  const { ca, checkServerIdentity } = trusting(trust);
  const { key, cert } = credentials ?? {};
  return {
    host,
    port,
    // What is managed is often older than what manages it.
    secureContext: clientContext({ ca, key, cert, minVersion: "TLSv1.2" }),
    servername: isIP(host) === 0 ? host : "", // SNI carries names only (RFC 6066 §3).
    ...(checkServerIdentity && { checkServerIdentity }),
    // Judged in `judge`: a connection that OpenSSL ends by itself would not tell which certificate was shown.
    rejectUnauthorized: false,
  };
}

interface Trusting {
  readonly ca?: string | readonly string[];
  readonly checkServerIdentity?: NonNullable<ConnectionOptions["checkServerIdentity"]>;
}

function trusting(trust: ForeignTrust): Trusting {
  if (trust.kind === "authority") return { ca: trust.pem };
  if (trust.kind !== "authority-any-name") return {};
  const { pem, others = [] } = trust;
  if (others.length === 0) return { ca: pem, checkServerIdentity: () => undefined };
  return {
    ca: [pem, ...others],
    checkServerIdentity: (name, shown) =>
      new X509Certificate(shown.raw).verify(new X509Certificate(pem).publicKey)
        ? undefined
        : checkServerIdentity(name, shown),
  };
}

/** Why a finished handshake is not to be trusted. */
function judge(socket: TLSSocket, options: ForeignDialOptions): ConnectError | undefined {
  const { trust, host } = options;
  const certificate = shownCertificate(socket);
  const shown = certificate && fingerprintOf(certificate);
  if (trust.kind === "pinned") {
    // Who issued it, and until when, does not matter then.
    const wanted = trust.fingerprint.replaceAll(":", "").toLowerCase();
    if (shown === wanted) return undefined;
    return connectError(options, FINGERPRINT_DIFFERS, `it shows certificate ${shown}, expected ${wanted}`);
  }
  if (socket.authorized) return undefined;
  const code = String(socket.authorizationError);
  const pin = `; the one it shows has the fingerprint ${shown}`;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return connectError(options, code, `its certificate is for other names than ${host}${pin}`);
  if (code === "CERT_HAS_EXPIRED") return connectError(options, code, `its certificate has expired${pin}`);
  return connectError(options, code, `its certificate is of no authority that is trusted${pin}`);
}
