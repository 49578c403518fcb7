import { pino } from "pino";
import { PinoPretty } from "pino-pretty";

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

const REDACTED_KEYS = ["token", "secret", "password", "passphrase", "key", "cookie", "authorization"];

/** Logs JSON lines to stderr; on a terminal, or with `pretty`, lines for people. */
export function createLog({ level, pretty, name }: { level: LogLevel; pretty: boolean; name: string }): Log {
  const options = {
    level,
    name,
    redact: { paths: REDACTED_KEYS.flatMap((key) => [key, `*.${key}`]), censor: "[secret]" },
  };
  if (!pretty) return pino(options, pino.destination({ fd: 2, sync: true }));
  const stream = PinoPretty({
    destination: 2,
    sync: true,
    ignore: "pid,hostname",
    translateTime: "SYS:HH:MM:ss",
    colorize: process.stderr.isTTY === true && !process.env.NO_COLOR,
  });
  return pino(options, stream);
}

/** For tests and for code that must be quiet. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};
