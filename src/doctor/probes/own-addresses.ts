import { networkInterfaces } from "node:os";
import { isLoopback } from "../address-text.ts";
import { DOCTOR_LIMITS } from "../limits.ts";

/** This host's addresses by which others can reach it: no loopback, no link-local ones. */
export function ownAddresses(interfaces: typeof networkInterfaces = networkInterfaces): string[] {
  return Object.values(interfaces())
    .flatMap((each) => each ?? [])
    .map(({ address }) => address)
    .filter((address) => !isLoopback(address) && !/^fe[89ab]/i.test(address) && !address.startsWith("169.254."))
    .slice(0, DOCTOR_LIMITS.addressesMax);
}
