import { pino } from "pino";
import { PinoPretty } from "pino-pretty";
import type { Log, LogLevel } from "./log.ts";

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
