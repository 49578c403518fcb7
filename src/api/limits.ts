/** Bounds of every request and reply, in characters where a name does not say otherwise. All are in docs/limits.md. */
export const API_LIMITS = {
  /** One page of any list; what is asked beyond it is refused, not cut. */
  pageItems: 200,
  pageItemsDefault: 50,
  cursor: 512,
  name: 128,
  hostRef: 256,
  /** A path as text. Longer ones can be named by their bytes (`rawPath`). */
  path: 4_096,
  /** Base64 of a path: deep trees go far beyond what one system call takes. */
  rawPath: 65_536,
  /** The same in a query, where the listener takes 16 KiB of request line and headers together. */
  rawPathInQuery: 10_000,
  pathsPerJob: 64,
  excludesPerJob: 256,
  tagsPerJob: 16,
  tag: 64,
  searchText: 200,
  alertsPerAcknowledge: 1_000,
  testAlerts: 10_000,
  address: 255,
  /** Addresses of one request: each takes some seconds, all at once. */
  discovered: 64,
  pem: 65_536,
  /** File systems of one host that have thresholds of their own. */
  thresholdFileSystems: 64,
  snmpPassword: { min: 8, max: 256 },
  snmpUser: 32,
  snmpCommunity: 255,
  /** Names and addresses in one host's certificate: a machine has a few names and an address in each of its networks. */
  certificateNames: 16,
  /** Accounts that are listed: people, not hosts. */
  accounts: 1_000,
  accountPassword: 1_024,
  group: 200,
  groups: 1_000,
  maintenanceSeconds: 31 * 86_400,
  maintenanceNote: 500,
  cron: 128,
  historyPoints: 2_000,
  historyPointsDefault: 240,
  logLines: 1_000,
  /** A waiting log request is answered after this at the latest; proxies cut at 30 s and later. */
  logWaitSeconds: 25,
  password: { min: 12, max: 256 },
  token: 1_024,
  /** What `rusuban doctor answer` prints. */
  doctorAnswer: 64 * 1024,
  /** What a connection is left idle for; the longest is four times this. */
  idleSeconds: 290,
  tokenSeconds: { min: 60, max: 31 * 86_400 },
  linkSeconds: { min: 60, max: 86_400 },
  /** A reply a client reads into memory: a full page of alerts with all their details cut at their limits is below it. */
  replyBytes: 64 * 1024 * 1024,
  /** One message of the event stream: 512 readings at their limits, were every character escaped in JSON, have 5 MB. */
  eventBytes: 8 * 1024 * 1024,
} as const;
