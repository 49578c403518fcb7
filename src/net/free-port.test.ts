import { createServer } from "node:net";
import { expect, it } from "vitest";
import { FLOW_KEYS, flowOf } from "../ports/port-map.ts";
import { systemRandom } from "../runtime/random.ts";
import { findFreePort, findFreePorts, proposeLastingPorts } from "./free-port.ts";

const HOST = "127.0.0.1";
const LINUX = { kind: "known", ephemeral: { from: 32_768, to: 60_999 }, reserved: [] } as const;

it("proposes ports that neither the system's outgoing connections nor the port map use", () => {
  const propose = proposeLastingPorts(LINUX, systemRandom);
  const ports = Array.from({ length: 5_000 }, propose);
  expect(Math.min(...ports)).toBeGreaterThan(10_000);
  expect(Math.max(...ports)).toBeLessThan(LINUX.ephemeral.from);
  const declared = FLOW_KEYS.map(flowOf).flatMap(
    ({ port, range }) => range ?? (port === null ? [] : { from: port, to: port }),
  );
  expect(ports.filter((port) => declared.some(({ from, to }) => from <= port && port <= to))).toEqual([]);
});

it("proposes those above the ephemeral ones where nothing is left below", () => {
  const propose = proposeLastingPorts({ ...LINUX, ephemeral: { from: 1_025, to: 60_999 } }, systemRandom);
  expect(Math.min(...Array.from({ length: 1_000 }, propose))).toBeGreaterThan(60_999);
});

it.each([
  [{ kind: "unknown", reason: "no such file" } as const],
  [{ ...LINUX, ephemeral: { from: 1_025, to: 65_535 } }],
])("leaves the choice to the system where it knows no better: %j", (system) => {
  expect(proposeLastingPorts(system, systemRandom)()).toBe(0);
});

it("passes over a proposal that is taken", async () => {
  const taken = await findFreePort({ host: HOST });
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen({ host: HOST, port: taken }, resolve));
  const free = await findFreePort({ host: HOST });
  const proposals = [taken, taken, free];
  expect(await findFreePorts({ host: HOST, count: 1, propose: () => proposals.shift() ?? 0 })).toEqual([free]);
  holder.close();
});
