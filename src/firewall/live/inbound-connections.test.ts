import { expect, it } from "vitest";
import { notAdmitted, readInboundConnections } from "./inbound-connections.ts";
import { normalize } from "./opening.ts";

// As ss of iproute2 6.1 prints them, with and without the column of states.
const LISTENING = `LISTEN 0      128          0.0.0.0:22         0.0.0.0:*
LISTEN 0      511                *:20300            *:*
LISTEN 0      128             [::]:22            [::]:*
`;
const ESTABLISHED = `0      0              192.0.2.2:22       198.51.100.7:50022
0      0      [::ffff:192.0.2.2]:20300 [::ffff:192.0.2.10]:41000
0      0         [fe80::1%eth0]:22      [fe80::9%eth0]:50100
0      0              192.0.2.2:45678     203.0.113.5:443
0      0              127.0.0.1:22          127.0.0.1:50555
0      0              192.0.2.2:22       198.51.100.7:50023
`;

const run = async (_: string, args: readonly string[]) => ({
  code: 0,
  stdout: args.includes("state") ? ESTABLISHED : LISTENING,
  stderr: "",
});

it("finds who is connected from outside: each peer and port once, none that this host began, none of this host itself", async () => {
  expect(await readInboundConnections(run)).toEqual([
    { peer: "198.51.100.7", port: 22 },
    { peer: "192.0.2.10", port: 20300 },
    { peer: "fe80::9", port: 22 },
  ]);
});

it("keeps those that an opening would let in again", async () => {
  const opening = (from: string[], port: number) =>
    normalize({
      direction: "in",
      family: 4,
      transport: "tcp",
      from,
      to: [],
      ports: [{ from: port, to: port }],
      comment: "",
    });
  const connections = await readInboundConnections(run);
  expect(notAdmitted(connections, [opening(["198.51.100.0/24"], 22), opening([], 20300)])).toEqual([
    { peer: "fe80::9", port: 22 },
  ]);
  expect(notAdmitted(connections, [{ ...opening(["198.51.100.0/24"], 22), transport: "udp" }])).toHaveLength(3);
});
