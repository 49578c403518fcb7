import { isLoopback } from "./address-text.ts";
import type { Evidence, ListeningSocket } from "./evidence.ts";

/**
 * Who has a port, after the listener's own socket table: `own`: our program, reachable from outside; `own-loopback` and
 * `own-other-family`: our program, but not where it was asked; `other`: somebody else; `hidden`: somebody, and only root
 * can see who; `nobody`; `unknown`: the table has not been seen.
 */
export type Holding = "unknown" | "nobody" | "own" | "own-loopback" | "own-other-family" | "other" | "hidden";

export function holdingOf(
  { family, listener, destination }: Evidence,
  port: number,
): { readonly holding: Holding; readonly owner: string } {
  if (listener.sockets === null) return { holding: "unknown", owner: "" };
  const onPort = listener.sockets.filter((socket) => socket.port === port);
  const [first] = onPort;
  if (first === undefined) return { holding: "nobody", owner: "" };
  // Between two programs of one computer the loopback is as good as any address.
  const reachable = isLoopback(destination) ? onPort : onPort.filter((socket) => !isLoopback(socket.address));
  const inFamily = reachable.filter((socket) => socket.family === family || (socket.alsoIpv4 && family === "ipv4"));
  const [here] = inFamily;
  if (here !== undefined) return { holding: here.holder, owner: here.owner };
  if (reachable.length > 0) return { holding: elsewhere(reachable), owner: reachable[0]?.owner ?? "" };
  // Whoever it is, it keeps to its own computer: what is missing is a listener for the others.
  return { holding: onPort.some(({ holder }) => holder === "other") ? "other" : "own-loopback", owner: first.owner };
}

function elsewhere(sockets: readonly ListeningSocket[]): Holding {
  return sockets.some(({ holder }) => holder === "other") ? "other" : "own-other-family";
}
