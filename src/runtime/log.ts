/** What the house asks of a logger: values first, then a sentence. Secrets never go in; `redact` is the last net, not the first. */
export interface Log {
  debug(values: object, sentence: string): void;
  info(values: object, sentence: string): void;
  warn(values: object, sentence: string): void;
  error(values: object, sentence: string): void;
  child(values: object): Log;
}

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** For tests and for code that must be quiet. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};
