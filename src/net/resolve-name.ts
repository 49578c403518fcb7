import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { codeOf } from "../runtime/errors.ts";

/** Whether a name leads to an address, and to which ones. An address is one already. Never rejects. */
export async function resolveName(name: string): Promise<{ readonly found: boolean; readonly what: string }> {
  if (isIP(name) !== 0) return { found: true, what: "an address" };
  try {
    const addresses = await lookup(name, { all: true });
    return { found: true, what: addresses.map(({ address }) => address).join(", ") };
  } catch (error) {
    return { found: false, what: `does not resolve (${codeOf(error)})` };
  }
}
