import { afterEach, expect, it } from "vitest";
import { CimInstance, type CimProperty } from "../../cim/cim-instance.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { createLifeCycleWatch } from "./life-cycle-watch.ts";
import { INDICATION_LIMITS } from "./limits.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** A host whose services are what the test says; `null` cannot be read. */
async function start() {
  const clock = new FakeClock();
  let services: Record<string, boolean> | null = { sshd: true, cron: true };
  let wanted = true;
  let looks = 0;
  const told: string[] = [];
  const watch = createLifeCycleWatch({
    manager: {
      async *enumerateInstances({ className }) {
        looks += 1;
        if (services === null) throw new Error("systemd does not answer");
        for (const [name, started] of Object.entries(services)) {
          const properties: CimProperty[] = [
            { name: "Name", type: "string", isArray: false, value: name },
            { name: "Started", type: "boolean", isArray: false, value: started },
            { name: "Counter", type: "uint32", isArray: false, value: looks },
          ];
          const path = new ObjectPath({ namespace: "root/cimv2", className, keys: { Name: name } });
          yield new CimInstance({ className, path, properties });
        }
      },
    },
    isWanted: () => wanted,
    emit(indications) {
      for (const each of indications) {
        const source = each.get("SourceInstance") as CimInstance;
        const before = each.get("PreviousInstance") as CimInstance | null | undefined;
        const change = before ? ` ${before.get("Started")} to ${source.get("Started")}` : "";
        told.push(`${each.className} ${source.get("Name")}${change}`);
      }
    },
    classes: [{ className: "CIM_Service", properties: ["Started"] }],
    ...{ hostName: "web1", clock, random: systemRandom, log: silentLog },
  });
  await watch.start();
  ends.push(() => watch.stop());
  return {
    told,
    looks: () => looks,
    set(next: typeof services) {
      services = next;
    },
    want(next: boolean) {
      wanted = next;
    },
    look: () => clock.advance(INDICATION_LIMITS.lifeCycleIntervalMs),
  };
}

it("tells what came, what changed and what went, and nothing of counters", async () => {
  const { told, set, look } = await start();
  await look();
  await look();
  expect(told).toEqual([]);
  set({ sshd: false, nginx: true });
  await look();
  expect(told).toEqual([
    ...["CIM_InstModification sshd true to false", "CIM_InstCreation nginx", "CIM_InstDeletion cron"],
  ]);
});

it("does not look while nobody asks, and begins anew when somebody does", async () => {
  const { told, looks, set, want, look } = await start();
  await look();
  want(false);
  await look();
  expect(looks()).toBe(1);
  set({});
  want(true);
  await look();
  expect(told).toEqual([]);
});

it("takes what cannot be read for unknown, not for gone", async () => {
  const { told, set, look } = await start();
  await look();
  set(null);
  await look();
  set({ sshd: true });
  await look();
  expect(told).toEqual(["CIM_InstDeletion cron"]);
});
