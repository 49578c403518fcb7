import { isIP } from "node:net";
import { CimError } from "../../cim/cim-error.ts";

/** Where a subscription's indications go. */
export interface DestinationAddress {
  readonly isPlain: boolean;
  readonly host: string;
  readonly port: number;
  /** With its query. */
  readonly path: string;
}

/** What destinations an agent takes. */
export interface DestinationRules {
  /** Whether indications may travel over HTTP, readable by all in between. */
  readonly allowPlain: boolean;
  /** Whether they may go to a program on this computer. */
  readonly allowLoopback: boolean;
  /** Where a destination that names no port is listened for. */
  readonly defaultPort: number;
}

/**
 * The address in the Destination of a CIM_ListenerDestinationCIMXML. Whoever may create one makes this agent connect to
 * it: so only web addresses, no names and passwords in them, and not this computer's own services unless that is allowed.
 * Throws INVALID_PARAMETER.
 */
export function parseDestination(text: string, rules: DestinationRules): DestinationAddress {
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    return refuse(text, "is no address such as https://manager.example:PORT/");
  }
  const isPlain = url.protocol === "http:";
  if (!isPlain && url.protocol !== "https:") return refuse(text, "is neither https nor http");
  if (isPlain && !rules.allowPlain)
    return refuse(text, "is plain HTTP, which the setting `cim.plainDestinations` does not allow");
  if (url.username !== "" || url.password !== "") return refuse(text, "holds a name or password");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (host === "") return refuse(text, "names no host");
  if (isOwn(host) && !rules.allowLoopback)
    return refuse(text, "is on this computer, which the setting `cim.loopbackDestinations` does not allow");
  // Not `url.port`: that leaves the scheme's own out, and a listener of indications has another one.
  const [, written] = /^[a-z]+:\/\/(?:\[[^\]]*\]|[^/:?#[\]]*):(\d{1,5})/i.exec(text.trim()) ?? [];
  const port = written === undefined ? rules.defaultPort : Number(written);
  if (port === 0) return refuse(text, "names port 0");
  return { isPlain, host, port, path: `${url.pathname}${url.search}` };
}

/** Loopback and unspecified addresses; URL has written IPv4 in its one form already (`127.1` is 127.0.0.1 there). */
export function isOwn(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, "");
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  if (isIP(name) === 4) return name.startsWith("127.") || name.startsWith("0.");
  if (isIP(name) !== 6) return false;
  // ::, ::1, and IPv4 inside IPv6, which URL writes in hexadecimal: ::ffff:7f00:1.
  return /^::1?$/.test(name) || /^::(?:ffff:)?(?:7f|0:)/.test(name);
}

function refuse(text: string, problem: string): never {
  throw new CimError("INVALID_PARAMETER", `Destination ${JSON.stringify(text.slice(0, 200))} ${problem}`);
}
