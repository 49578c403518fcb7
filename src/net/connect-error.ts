import { ConnectError, codeOf, type Destination, reasonOf } from "../runtime/errors.ts";

const NOT_OURS = "its certificate is not of our authority";

// What each failure of connecting means, after what Node reports when something refuses (measured: docs/ports.md lists
// the flows). ConnectError puts flow, host and port in front.
const PROBLEMS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused: nothing listens there, or a firewall rejects it",
  ECONNRESET: "closed by the other side during the handshake",
  EPIPE: "closed by the other side during the handshake",
  EHOSTUNREACH: "no route to the host, or a firewall on the way rejects it",
  ENETUNREACH: "no route to its network",
  EACCES: "forbidden: a firewall on the way, or this machine's own, prohibits it",
  EPERM: "forbidden by this machine's own firewall",
  ENOTFOUND: "the name does not resolve",
  EAI_AGAIN: "the name cannot be resolved now: the name server does not answer",
  EADDRNOTAVAIL: "this machine has no address or port left to connect from",
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not yet valid: compare the clocks",
  DEPTH_ZERO_SELF_SIGNED_CERT: NOT_OURS,
  SELF_SIGNED_CERT_IN_CHAIN: NOT_OURS,
  UNABLE_TO_GET_ISSUER_CERT: NOT_OURS,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_OURS,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_OURS,
  CERT_SIGNATURE_FAILURE: NOT_OURS,
  ERR_SSL_WRONG_VERSION_NUMBER: "something else answers there: not TLS",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "something else answers there: not TLS",
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: "the other side speaks only a TLS version that is too old",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "the other side speaks only a TLS version that is too old",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "the other side does not accept our certificate: another authority",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "the other side asks for a certificate and we have none",
};

/** Codes of our own, beside the system's, OpenSSL's and Node's. */
export const FINGERPRINT_DIFFERS = "FINGERPRINT_DIFFERS";
export const PEER_UNEXPECTED = "PEER_UNEXPECTED";
export const ABORTED = "ABORTED";
export const TIMED_OUT = "ETIMEDOUT";
/** The port is open, but the handshake did not end: what is told apart from ETIMEDOUT, where no packet came back. */
export const HANDSHAKE_TIMED_OUT = "HANDSHAKE_TIMED_OUT";

/** A ConnectError that keeps the destination and nothing else of what it is given: options hold identities. */
export function connectError(
  { flow, host, port }: Destination,
  code: string,
  problem: string,
  options?: ErrorOptions,
): ConnectError {
  return new ConnectError({ flow, host, port }, code, problem, options);
}

/** Says in plain words why there is no connection. Several addresses may have failed: the first one's reason is told. */
export function explainConnectError(error: unknown, destination: Destination): ConnectError {
  if (error instanceof ConnectError) return error;
  const first = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  const code = codeOf(first) || codeOf(error);
  return connectError(destination, code, PROBLEMS[code] ?? reasonOf(first), { cause: error });
}
