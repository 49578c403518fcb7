import { CimError } from "../../../cim/cim-error.ts";
import { WsmanFault } from "../../../protocols/wsman/fault.ts";
import { ConnectError, PeerError, reasonOf, WireError } from "../../../runtime/errors.ts";
import type { CheckResult, CheckStep, Look } from "./means.ts";

const STEPS = ["port", "certificate", "account", "path"] as const satisfies readonly CheckStep[];
type Step = (typeof STEPS)[number];

/** Codes of ConnectError by which the port is closed, or the way to it. */
const NO_WAY = /^(E[A-Z]+|ABORTED)$/;

/** Codes of PeerError by which both clients say that the account is not taken. */
const REFUSED = /^(unauthorized|(http-|HTTP )40[13])$/;

/** One look, and which of port, certificate, account and path it failed at: they are met in this order. */
export async function checkBySteps(look: () => Promise<Look>): Promise<CheckResult[]> {
  try {
    const { readings } = await look();
    const passed = STEPS.map((step) => ({ step, passed: true, what: "right" }));
    return passed.map((one) => (one.step === "path" ? { ...one, what: `${readings.length} readings` } : one));
  } catch (error) {
    const failed = failedStep(error);
    const place = STEPS.indexOf(failed);
    return STEPS.map((step, index) => {
      if (index < place) return { step, passed: true, what: "right" };
      if (index === place) return { step, passed: false, what: reasonOf(error) };
      return { step, passed: null, what: "not reached" };
    });
  }
}

function failedStep(error: unknown): Step {
  if (error instanceof ConnectError) return NO_WAY.test(error.code) ? "port" : "certificate";
  if (error instanceof CimError) return error.code === "ACCESS_DENIED" ? "account" : "path";
  if (error instanceof WsmanFault) return error.subcode === "AccessDenied" ? "account" : "path";
  if (error instanceof PeerError && REFUSED.test(error.code)) return "account";
  // What answers is not what was expected: another program, or another place.
  if (error instanceof WireError || error instanceof PeerError) return "path";
  return "port";
}
