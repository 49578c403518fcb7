/** A record of the system's log. */
export interface LogLine {
  /** The same for the same record as long as the log keeps it. */
  readonly id: string;
  readonly atMs: number | null;
  /** Of syslog, 0 (emergency) to 7 (debug); null where the log does not keep it. */
  readonly priority: number | null;
  readonly program: string | null;
  readonly message: string;
}

/** The newest records; who needs more reads the log itself. */
export const LOG_LINES_MAX = 500;
/** Characters of a message. */
export const LOG_MESSAGE_MAX = 4_096;
