import { CimError, type CimStatus } from "../../cim/cim-error.ts";
import { TimeoutError, WireError } from "../../runtime/errors.ts";
import { Fault } from "./fault.ts";
import type { FaultDetail, FaultName } from "./fault-table.ts";

/** Which fault each status of a CIM operation becomes (DSP0227 1.2 §14.2; NOT_FOUND as openwsman and Windows answer it). */
const FAULT_OF_STATUS: Readonly<Record<CimStatus, readonly [FaultName, FaultDetail?]>> = {
  FAILED: ["internalError"],
  ACCESS_DENIED: ["accessDenied"],
  INVALID_NAMESPACE: ["invalidSelectors", "InvalidNamespace"],
  INVALID_PARAMETER: ["invalidParameter"],
  INVALID_CLASS: ["destinationUnreachable", "InvalidResourceURI"],
  NOT_FOUND: ["destinationUnreachable", "InvalidResourceURI"],
  NOT_SUPPORTED: ["actionNotSupported"],
  CLASS_HAS_CHILDREN: ["concurrency"],
  CLASS_HAS_INSTANCES: ["concurrency"],
  INVALID_SUPERCLASS: ["invalidParameter"],
  ALREADY_EXISTS: ["alreadyExists"],
  NO_SUCH_PROPERTY: ["invalidParameter", "InvalidName"],
  TYPE_MISMATCH: ["invalidParameter", "TypeMismatch"],
  QUERY_LANGUAGE_NOT_SUPPORTED: ["filterDialectUnavailable"],
  INVALID_QUERY: ["enumerationCannotProcessFilter"],
  METHOD_NOT_AVAILABLE: ["actionNotSupported"],
  METHOD_NOT_FOUND: ["actionNotSupported"],
  NAMESPACE_NOT_EMPTY: ["concurrency"],
  INVALID_ENUMERATION_CONTEXT: ["invalidEnumerationContext"],
  INVALID_OPERATION_TIMEOUT: ["invalidHeader", "InvalidTimeout"],
  PULL_HAS_BEEN_ABANDONED: ["invalidEnumerationContext"],
  PULL_CANNOT_BE_ABANDONED: ["concurrency"],
  FILTERED_ENUMERATION_NOT_SUPPORTED: ["enumerationFilteringNotSupported"],
  CONTINUATION_ON_ERROR_NOT_SUPPORTED: ["unsupportedFeature"],
  SERVER_LIMITS_EXCEEDED: ["quotaLimit"],
  SERVER_IS_SHUTTING_DOWN: ["endpointUnavailable"],
};

/** The fault for whatever an operation threw; undefined for what is our own mistake, which must not be told to strangers. */
export function faultOf(error: unknown): Fault | undefined {
  if (error instanceof Fault) return error;
  if (error instanceof CimError) {
    const [fault, detail] = FAULT_OF_STATUS[error.code];
    return new Fault(fault, error.message, detail === undefined ? {} : { detail });
  }
  if (error instanceof TimeoutError) return new Fault("timedOut", error.message);
  if (error instanceof WireError) return new Fault("schemaValidationError", error.message);
  return undefined;
}
