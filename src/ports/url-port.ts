/** Of a URL that names none: RFC 9110 §4.2. */
const SCHEME_PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/** The port that a URL means, for what the operator gave as one. */
export function portOfUrl({ port, protocol }: URL): number {
  const number = port === "" ? SCHEME_PORTS[protocol] : Number(port);
  if (number === undefined) throw new Error(`assertion failed: ${protocol} has a port`);
  return number;
}
