import { ApiError } from "../../api/api-error.ts";
import { ConnectError, codeOf, TimeoutError } from "../../runtime/errors.ts";

/** Anything thrown on the way to a reply, in the contract's words; undefined for what is our own fault. */
export function asApiError(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (error instanceof ConnectError)
    return new ApiError("host-unreachable", error.message, "`rusuban doctor` says what stands in between");
  if (error instanceof TimeoutError) return new ApiError("host-unreachable", error.message);
  const problem = validationProblem(error);
  if (problem !== undefined) return new ApiError("invalid-request", problem);
  const code = codeOf(error);
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") return new ApiError("too-large", "body: larger than 1 MiB");
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") {
    return new ApiError("unsupported-media-type", "body: has to be application/json");
  }
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
  if (status === 400 && error instanceof Error) return new ApiError("invalid-request", `request: ${error.message}`);
  return undefined;
}

/** `body.paths[0]: an absolute path; query.limit: …`, of the first few problems that the schema found. */
function validationProblem(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("validation" in error) || !Array.isArray(error.validation)) return undefined;
  const context = "validationContext" in error ? String(error.validationContext) : "request";
  const part = context === "querystring" ? "query" : context;
  const problems = error.validation.slice(0, 5).map((issue: { instancePath?: string; message?: string }) => {
    const field = (issue.instancePath ?? "").replace(/\/(\d+)(?=\/|$)/g, "[$1]").replaceAll("/", ".");
    return `${part}${field}: ${lowerFirst(issue.message ?? "not as it should be")}`;
  });
  return problems.join("; ").slice(0, 2_000);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
