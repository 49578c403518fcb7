import { z } from "zod";

/** Why a request was refused or failed, with the HTTP status each has. Scripts may depend on the words. */
export const ERROR_CODES = {
  "invalid-request": 400,
  unauthenticated: 401,
  forbidden: 403,
  "not-found": 404,
  /** A name or a beginning of an id fits several things. */
  ambiguous: 409,
  conflict: 409,
  "too-large": 413,
  "unsupported-media-type": 415,
  throttled: 429,
  internal: 500,
  /** The agent concerned cannot be reached; `message` names flow, host and port. */
  "host-unreachable": 502,
  unavailable: 503,
} as const;
export type ErrorCode = keyof typeof ERROR_CODES;

/** The body of every reply that is not a success. */
export const ErrorEnvelope = z
  .object({
    error: z.object({
      code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
      /** Lower case, where then what, for people. */
      message: z.string().max(4_096),
      /** What to do next. */
      hint: z.string().max(1_024).optional(),
    }),
  })
  .meta({ id: "Error", description: "Every reply that is not a success carries this." });
export type ErrorEnvelope = z.infer<typeof ErrorEnvelope>;

/** A refusal in the contract's own words: thrown by handlers, and by the client when a manager refuses. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  constructor(code: ErrorCode, message: string, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }

  get status(): number {
    return ERROR_CODES[this.code];
  }

  toEnvelope(): ErrorEnvelope {
    return {
      error: { code: this.code, message: this.message, ...(this.hint === undefined ? {} : { hint: this.hint }) },
    };
  }
}
