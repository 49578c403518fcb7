import { createServer } from "node:net";
import { expect, it } from "vitest";
import { systemClock } from "../../runtime/clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { createDoctor } from "./doctor.ts";

/** A server without our agent, of which one port answers. */
async function examineForeign(means: "cim-xml" | "snmp", flow: string, port: number) {
  const doctor = createDoctor({
    find: async (id) => ({
      ...{ id, name: "foreign1", address: "127.0.0.1", isRevoked: false, means },
      ports: { [flow]: port },
    }),
    identity: () => {
      throw new Error("another's server is not met with our certificate");
    },
    flows: () => [],
    dials: ["backupControl"],
    hasConnection: () => false,
    askOverReport: () => undefined,
    openControl: () => Promise.reject(new Error("there is no agent to be asked")),
    ...{ clock: systemClock, random: systemRandom, log: silentLog },
  });
  return await doctor.examine("01a2040e-0000-7000-8000-000000000001");
}

it("a server without our agent is examined for the flow by which it is minded, and for nothing of ours", async () => {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const open = await examineForeign("cim-xml", "cimXml", port);
  expect(open?.entries.map(({ flow }) => flow)).toEqual(["cim-xml", "ping"]);
  expect(open?.entries[0]).toMatchObject({ flow: "cim-xml", state: "open", ports: `${port}` });
  expect(open).toMatchObject({ via: null, paste: null });

  await new Promise((resolve) => server.close(resolve));
  const closed = await examineForeign("cim-xml", "cimXml", port);
  expect(closed?.entries[0]).toMatchObject({ flow: "cim-xml", state: "closed" });
  expect(closed?.entries[0]?.causes).toContain("not-listening");
});

it("one that is minded by SNMP is sent nothing that it does not speak, and the check that does is named", async () => {
  const unasked = await examineForeign("snmp", "snmpGet", 9);
  expect(unasked?.entries.map(({ flow }) => flow)).toEqual(["snmp-get", "ping"]);
  expect(unasked?.entries[0]).toMatchObject({ flow: "snmp-get", state: "unknown", causes: [] });
  expect(unasked?.entries[0]?.nextTest?.en).toContain("rusuban host check");
});
