// The few error classes of the house, one a boundary (docs/architecture.md, "Errors"). Messages are lower case, say
// where and then what, and include the values. Retry or not is part of a result's type, never guessed from a text.

/** The peer broke the protocol. `path` names the field (`alerts[3].id`). The same bytes are never tried again. */
export class WireError extends Error {
  override readonly name = "WireError";
  readonly path: string;
  readonly problem: string;
  constructor(path: string, problem: string) {
    super(path === "" ? problem : `${path}: ${problem}`);
    this.path = path;
    this.problem = problem;
  }
}

/** The peer said no in the protocol's own words: `code` is the protocol's, `message` is for people. */
export class PeerError extends Error {
  override readonly name = "PeerError";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Where a connection was meant to go. `flow` is the port map's name, so that the doctor can explain the failure. */
export interface Destination {
  readonly flow: string;
  readonly host: string;
  readonly port: number;
}

/** No connection, or one that broke: `code` is the system's (`ECONNREFUSED`) or TLS's. */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
  readonly destination: Destination;
  readonly code: string;
  constructor(destination: Destination, code: string, problem: string, options?: ErrorOptions) {
    super(`${destination.flow} to ${destination.host}:${destination.port}: ${problem}`, options);
    this.destination = destination;
    this.code = code;
  }
}

/** Something took longer than its declared bound of `timeoutMs`. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
  readonly timeoutMs: number;
  constructor(what: string, timeoutMs: number) {
    super(`${what}: no answer within ${timeoutMs} ms`);
    this.timeoutMs = timeoutMs;
  }
}

/** The operator must act: `key` is the setting or argument, `problem` says what is wrong with which value and how to mend it. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly key: string;
  constructor(key: string, problem: string) {
    super(`${key}: ${problem}`);
    this.key = key;
  }
}

/** Stored data is not what was written. Set it aside, raise an alert, never overwrite. */
export class CorruptionError extends Error {
  override readonly name = "CorruptionError";
  readonly what: string;
  constructor(what: string, problem: string) {
    super(`${what}: ${problem}`);
    this.what = what;
  }
}

/** A broken assumption of ours: the process stops and is restarted. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${what}`);
}

/** The text of anything thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's code of anything thrown (`ENOENT`), or the empty string. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
