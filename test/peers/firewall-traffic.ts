// Packets through a laboratory's firewalls: every TCP and UDP port tried from one computer to another, with a recorder
// on the far side behind its firewall, so that what arrived is known and not guessed from silence; and real
// conversations on chosen ports.

import type { Computer, Place } from "../namespaces.ts";

/** What arrived behind the receiver's firewall: numbers of ports, ascending. */
export interface Arrived {
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
}

const RECORDER = `table inet recorder {
  set tcp4 { type inet_service; size 65536; flags dynamic; }
  set tcp6 { type inet_service; size 65536; flags dynamic; }
  set udp4 { type inet_service; size 65536; flags dynamic; }
  set udp6 { type inet_service; size 65536; flags dynamic; }
  chain arrived {
    type filter hook input priority 200; policy accept;
    meta nfproto ipv4 tcp flags & (syn | ack) == syn add @tcp4 { tcp dport }
    meta nfproto ipv6 tcp flags & (syn | ack) == syn add @tcp6 { tcp dport }
    ip protocol udp add @udp4 { udp dport }
    meta nfproto ipv6 meta l4proto udp add @udp6 { udp dport }
  }
}
`;

/** After the computer's own firewall has started, which may flush what it finds. */
export async function record(computer: Computer): Promise<void> {
  await computer.sh("nft -f -", { input: RECORDER });
}

/** One datagram to every port; a refusal by the sender's own firewall (EPERM) is what it is for. */
const DATAGRAMS = `
import dgram from "node:dgram";
const [host] = process.argv.slice(1);
const socket = dgram.createSocket(host.includes(":") ? "udp6" : "udp4");
socket.on("error", () => {});
let port = 0;
const next = () => {
  if (port === 65535) return socket.close();
  socket.send("x", ++port, host, next);
};
next();
`;

/** A busy machine may lose a packet: what should arrive and did not is sent again, at most so often. */
const ROUNDS_MAX = 3;
const SCAN_MS_MAX = 180_000;

/**
 * Sends to each of the 65,535 ports of both transports, and reads what arrived; all of them again while something of
 * `expected` is missing. What arrives beyond that stays in the answer, whenever it came.
 */
export async function sweep(
  from: Computer,
  to: Computer,
  { address, expected }: { readonly address: string; readonly expected: Arrived },
): Promise<Arrived> {
  const family = address.includes(":") ? 6 : 4;
  await to.sh("for set in tcp4 tcp6 udp4 udp6; do nft flush set inet recorder $set; done");
  // Raw packets through the sender's own firewall (--send-ip), not around it.
  const scan = ["-sS", "-n", "-Pn", "-p-", "--send-ip", "--max-retries", "0", "--min-rate", "40000"];
  for (let round = 1; ; round++) {
    const { code, stdout } = await from.run("nmap", [...(family === 6 ? ["-6"] : []), ...scan, address], {
      timeoutMs: SCAN_MS_MAX,
    });
    if (code !== 0 || !stdout.includes("1 host up")) throw new Error(`the scan did not end well: ${stdout}`);
    await from.node(DATAGRAMS, [address], { timeoutMs: SCAN_MS_MAX });
    const arrived = { tcp: await read(to, `tcp${family}`), udp: await read(to, `udp${family}`) };
    const isWhole = (["tcp", "udp"] as const).every((each) =>
      expected[each].every((port) => arrived[each].includes(port)),
    );
    if (isWhole || round === ROUNDS_MAX) return arrived;
  }
}

async function read(computer: Computer, set: string): Promise<number[]> {
  const { nftables } = JSON.parse(await computer.sh(`nft -j list set inet recorder ${set}`));
  const elements: (number | { elem: { val: number } })[] =
    nftables.find((each: { set?: unknown }) => each.set !== undefined).set.elem ?? [];
  return elements.map((each) => (typeof each === "number" ? each : each.elem.val)).sort((a, b) => a - b);
}

export interface Service {
  readonly transport: "tcp" | "udp";
  readonly port: number;
}

const SERVER = `
import dgram from "node:dgram";
import net from "node:net";
const services = JSON.parse(process.argv[1]);
await Promise.all(services.map(({ transport, port }) => new Promise((ready, failed) => {
  if (transport === "tcp") net.createServer((socket) => socket.on("error", () => {}).pipe(socket)).on("error", failed).listen(port, "::", ready);
  else {
    const socket = dgram.createSocket({ type: "udp6", ipv6Only: false });
    socket.on("error", failed).on("message", (message, { port, address }) => socket.send(message, port, address)).bind(port, "::", ready);
  }
})));
console.log("ready");
`;

const CLIENT = `
import dgram from "node:dgram";
import net from "node:net";
const [list, host, waitMs] = process.argv.slice(1);
const results = await Promise.all(JSON.parse(list).map(({ transport, port }) => new Promise((done) => {
  const end = (text) => { clearTimeout(timer); socket.destroy?.(); socket.close?.(); done([transport + " " + port, text]); };
  const timer = setTimeout(() => end("no answer"), Number(waitMs));
  const socket = transport === "tcp" ? net.connect({ host, port }) : dgram.createSocket(host.includes(":") ? "udp6" : "udp4");
  socket.on("error", (error) => end(error.code));
  if (transport === "tcp") { socket.on("data", () => end("answered")); socket.write("hello"); }
  else { socket.on("message", () => end("answered")); socket.send("hello", port, host); }
})));
console.log(JSON.stringify(results.filter(([, text]) => text !== "answered")));
`;

/** Listens on all of these and sends back what it gets. */
export async function answer(place: Place, services: readonly Service[]): Promise<void> {
  const server = place.start(process.execPath, ["--input-type=module", "--eval", SERVER, JSON.stringify(services)]);
  const [ready] = await Promise.race([
    new Promise<[boolean]>((resolve) => server.stdout?.once("data", () => resolve([true]))),
    new Promise<[boolean]>((resolve) => server.once("exit", () => resolve([false]))),
  ]);
  if (!ready) throw new Error(`${place.name}: a port to listen on is taken`);
}

/**
 * Those of the services that did not answer, with what happened instead. Each is waited for so long, ample on a busy
 * machine; a test that expects silence waits for less.
 */
export async function unanswered(
  from: Place,
  services: readonly Service[],
  { address, waitMs = 30_000 }: { readonly address: string; readonly waitMs?: number },
): Promise<[string, string][]> {
  return JSON.parse(await from.node(CLIENT, [JSON.stringify(services), address, String(waitMs)]));
}
