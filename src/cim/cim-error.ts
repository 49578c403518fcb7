import { PeerError } from "../runtime/errors.ts";

/** The status codes of CIM operations (DSP0200 1.4 §5.2 table 2, without `CIM_ERR_`). */
export const CIM_STATUS = {
  FAILED: 1,
  ACCESS_DENIED: 2,
  INVALID_NAMESPACE: 3,
  INVALID_PARAMETER: 4,
  INVALID_CLASS: 5,
  NOT_FOUND: 6,
  NOT_SUPPORTED: 7,
  CLASS_HAS_CHILDREN: 8,
  CLASS_HAS_INSTANCES: 9,
  INVALID_SUPERCLASS: 10,
  ALREADY_EXISTS: 11,
  NO_SUCH_PROPERTY: 12,
  TYPE_MISMATCH: 13,
  QUERY_LANGUAGE_NOT_SUPPORTED: 14,
  INVALID_QUERY: 15,
  METHOD_NOT_AVAILABLE: 16,
  METHOD_NOT_FOUND: 17,
  NAMESPACE_NOT_EMPTY: 20,
  INVALID_ENUMERATION_CONTEXT: 21,
  INVALID_OPERATION_TIMEOUT: 22,
  PULL_HAS_BEEN_ABANDONED: 23,
  PULL_CANNOT_BE_ABANDONED: 24,
  FILTERED_ENUMERATION_NOT_SUPPORTED: 25,
  CONTINUATION_ON_ERROR_NOT_SUPPORTED: 26,
  SERVER_LIMITS_EXCEEDED: 27,
  SERVER_IS_SHUTTING_DOWN: 28,
} as const;
export type CimStatus = keyof typeof CIM_STATUS;

const NAMES = new Map<number, CimStatus>(
  Object.entries(CIM_STATUS).map(([name, number]) => [number, name as CimStatus]),
);

/** The name of a code that came over the wire; FAILED for one that the standard does not know. */
export function cimStatusOf(number: number): CimStatus {
  return NAMES.get(number) ?? "FAILED";
}

/** A CIM operation that was answered with no: thrown by the object manager, and by clients for what a server answered. */
export class CimError extends PeerError {
  override readonly code: CimStatus;
  /** The code as it stands on the wire. */
  readonly status: number;
  constructor(code: CimStatus, message: string) {
    super(code, message);
    this.code = code;
    this.status = CIM_STATUS[code];
  }
}
