// Every bound of the network layer, named once. docs/limits.md lists them for operators.

/** Bounds of one listener against peers that have not proved who they are, and against one peer that takes everything. */
export interface ListenerLimits {
  /** From the first packet to the end of the TLS handshake. A handshake takes two round trips: 10 s is a bad satellite line. */
  readonly handshakeTimeoutMs: number;
  /** Handshakes under way at once. Each costs about 2 ms of processor and 60 kB: 256 are done within a second. */
  readonly handshakesMax: number;
  /** The same from one address (one /64 of IPv6): a hundred agents behind one translated address may come back at once. */
  readonly handshakesPerAddressMax: number;
  /** Connections open at once, whoever has them: two thousand hosts with two each, and room for those being replaced. */
  readonly connectionsMax: number;
  /** Connections of one authenticated peer: a host that loses track of its own must not lock out the others. */
  readonly connectionsPerPeerMax: number;
  /** Connections without a certificate from one address; a browser opens six, and several sit behind one proxy. */
  readonly anonymousPerAddressMax: number;
}

export const LISTENER_LIMITS: ListenerLimits = {
  handshakeTimeoutMs: 10_000,
  handshakesMax: 256,
  handshakesPerAddressMax: 128,
  connectionsMax: 5_000,
  connectionsPerPeerMax: 64,
  anonymousPerAddressMax: 64,
};

/** Bounds of one HTTPS listener: a client that sends a byte a second is cut off. */
export interface HttpsLimits {
  /** All headers of a request must have come by then. */
  readonly headersTimeoutMs: number;
  /** The whole request, body included. */
  readonly requestTimeoutMs: number;
  /** How often the two above are looked at, so that they are exact to this much. */
  readonly checkIntervalMs: number;
  /** Request line and headers together. */
  readonly headerBytesMax: number;
  /** Idle time between two requests on one connection. */
  readonly keepAliveTimeoutMs: number;
}

export const HTTPS_LIMITS: HttpsLimits = {
  headersTimeoutMs: 10_000,
  // Uploads through the API are small: settings, not backups.
  requestTimeoutMs: 60_000,
  checkIntervalMs: 1_000,
  // The longest path plus a cookie, four times over.
  headerBytesMax: 16 * 1024,
  keepAliveTimeoutMs: 15_000,
};

/** Log lines of one refusal reason per window; what exceeds it is counted and told in one line when the window ends. */
export const REFUSAL_LINES_PER_WINDOW = 10;
export const REFUSAL_WINDOW_MS = 60_000;

/** A certification request of P-384 with a long subject is under 1 kB. */
export const SIGNING_REQUEST_BYTES_MAX = 8 * 1024;

/** Certificate files hold one key and two certificates: about 2 kB. */
export const CERTIFICATE_FILE_BYTES_MAX = 64 * 1024;

/** Records that a channel holds for a consumer that is slower than the peer, and their bytes; the socket is paused beyond. */
export const CHANNEL_QUEUE_RECORDS_MAX = 64;
export const CHANNEL_QUEUE_BYTES_MAX = 4 * 1024 * 1024;
/** Bytes that callers of `send` may leave waiting in the socket; the one that exceeds it breaks the rule of awaiting. */
export const CHANNEL_UNSENT_BYTES_MAX = 64 * 1024 * 1024;
/** A closing channel waits this long for its last bytes to leave. */
export const CHANNEL_CLOSE_TIMEOUT_MS = 1_000;

/** Silence after which the system probes a connection: below the five minutes at which common firewalls forget one. */
export const TCP_KEEPALIVE_MS = 60_000;

/** An API answer that is held in memory whole. */
export const HTTP_BODY_BYTES_MAX = 16 * 1024 * 1024;
/** One server-sent event, its field names included. */
export const SERVER_SENT_EVENT_BYTES_MAX = 1024 * 1024;

/** Text of the system's ping that is kept as the reason. */
export const PING_OUTPUT_BYTES_MAX = 1024;
