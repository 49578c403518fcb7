/** Bounds of the HTTP service; docs/limits.md lists them. */
export const SERVICE_LIMITS = {
  /** The largest body is 10,000 ids of 39 bytes; twice that. */
  bodyBytes: 1024 * 1024,
  /** A name of 256 characters, each at most nine bytes when escaped. */
  pathParameterBytes: 2_304,
  /** Open event streams: each costs a socket and its queue. */
  streams: 256,
  /** Of one person or program: some browser tabs and a follower or two. */
  streamsPerIdentity: 16,
  /** What waits for a client that reads slowly; beyond it the stream ends and the client comes back with its last id. */
  streamQueueBytes: 1024 * 1024,
  /** Below the half minute after which proxies give up on a silent connection. */
  heartbeatMs: 15_000,
  /** Events kept for clients that come back: a twentieth of a second of a flood, hours of a quiet night. */
  eventsKept: 1_000,
  /** Their characters together: an alert whose details are all at their limits has 270,000. */
  eventsKeptCharacters: 8 * 1024 * 1024,
  /** Password hashes under way at once: each takes 19 MiB and a core for some 30 ms. */
  hashesAtOnce: 2,
  hashesWaiting: 32,
  /** Accounts and addresses whose failed sign-ins are remembered. */
  throttledKeys: 10_000,
  /** Files of the console, all together; they are held in memory. */
  consoleBytes: 16 * 1024 * 1024,
} as const;

export const SESSION_TIMES = {
  /** Without a request. An open page counts as used: its event stream shows itself with each heartbeat. */
  idleMs: 2 * 3_600_000,
  /** How exact `last_used_at_ms` is: a write a minute, not one a request. */
  touchMs: 60_000,
  linkSeconds: 3_600,
} as const;
