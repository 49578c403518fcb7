import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAgentObjectManager } from "../src/agent/cim/create-agent-object-manager.ts";
import { createAccounts } from "../src/agent/management/accounts.ts";
import { createManagement } from "../src/agent/management/management.ts";
import { Connections } from "../src/net/connections.ts";
import { createTestAuthority, WEB1 } from "../src/net/loopback-fixture.ts";
import { systemClock } from "../src/runtime/clock.ts";
import { silentLog } from "../src/runtime/log.ts";
import { systemRandom } from "../src/runtime/random.ts";

// The agent's doors of WS-Management and CIM-XML over TLS in a process of their own, so that bench/cim.ts can ask them as
// it asks anybody's server. Tells its parent the two ports, and ends with it.

const folder = mkdtempSync(join(tmpdir(), "rusuban-bench-cim-"));
const authority = await createTestAuthority();
const identity = await authority.identify(WEB1, { names: ["localhost", "127.0.0.1"] });
const files = { accounts: join(folder, "a"), events: join(folder, "e.db"), indications: join(folder, "i.db") };
const [name = "", password = ""] = (process.env.RUSUBAN_BENCH_ACCOUNT ?? "").split(":");
await createAccounts({ file: files.accounts, random: systemRandom }).set({ name, mayChange: false }, password);
const management = await createManagement({
  files,
  settings: {
    listenHost: "127.0.0.1",
    plainWsman: false,
    localCimXml: false,
    rules: { allowPlain: false, allowLoopback: false, defaultPort: 1 },
  },
  metrics: undefined,
  book: { portOf: () => 0, rangeOf: () => ({ from: 0, to: 0 }) },
  identity: () => identity,
  managerId: () => "m1",
  createObjects: (additions) => createAgentObjectManager({ clock: systemClock, agentVersion: "0.0.0", ...additions }),
  connections: new Connections(),
  clock: systemClock,
  random: systemRandom,
  log: silentLog,
});
for (const service of [...management.services, ...management.listeners]) await service.start();
const [wsman, cimXml] = management.listeners as unknown as readonly { readonly port: number }[];
process.send?.({ wsman: wsman?.port, "cim-xml": cimXml?.port });
process.once("disconnect", () => {
  rmSync(folder, { recursive: true });
  authority.remove().finally(() => process.exit(0));
});
