// Every bound of the doctor, at both ends. docs/limits.md lists them.

export const DOCTOR_LIMITS = {
  /** A temporary listener closes after this at the latest, whatever was asked. */
  listenMs: 15_000,
  /** Temporary listeners open at once on one host: the whole pool of data ports in both families. */
  listenersMax: 128,
  /** A listener for idle connections, and they themselves, are closed after this at the latest: four times the idle time and a reserve. */
  holdMs: 20 * 60_000,
  /** Such listeners at once on one host: an examination has one in each family. */
  holdsMax: 4,
  /** Connections of one of them; with the last it takes no more. */
  heldConnections: 3,
  /** An idle time that may be asked for: four times as long, and a reserve of 15 s, is below the 20 minutes above. */
  idleSecondsMax: 290,
  /** Ports that one order may name. */
  portsMax: 64,
  /** Connections of one temporary listener: an examination makes about thirty. */
  acceptsMax: 256,
  /** A connection to a temporary listener that has not proven its secret by then is ended. */
  proveMs: 3_000,
  /** One attempt, from the first packet to the answer. */
  attemptMs: 5_000,
  /** Attempts that one order may ask for, all ports together. */
  attemptsMax: 256,
  /** What a challenge may have sent in each direction. */
  bulkBytesMax: 1024 * 1024,
  /** Datagrams that one order sends, and that one listener remembers. */
  datagramsMax: 64,
  /** Rows of the socket table that are read: a busy server has some ten thousand. */
  socketRowsMax: 200_000,
  /** Listeners that one look tells of. */
  socketsToldMax: 512,
  /** Addresses that one look tells of. */
  addressesMax: 64,
  /** Addresses in firewall rules that are told: beyond, the rules are not taken for known. */
  ruleAddressesMax: 4_096,
  /** Text that names the chains and zones in which a host denies; what is beyond is left out. */
  firewallBytesMax: 256,
  /** Sets of peers for whom this host's own firewall is read at once; each is an examination that is under way. */
  firewallReadersMax: 16,
  /** Examinations of one manager at once. */
  examinationsMax: 4,
  /** Examinations with idle connections at once, and how long each is kept after its end. */
  idleExaminationsMax: 4,
  idleKeptMs: 10 * 60_000,
  /** One question to the far end, its answer included. */
  askMs: 8_000,
} as const;
