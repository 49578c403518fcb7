import { describe, expect, it } from "vitest";
import { FakeClock } from "../runtime/fake-clock.ts";
import { CimError } from "./cim-error.ts";
import { CimInstance } from "./cim-instance.ts";
import type { CimValue } from "./cim-type.ts";
import { collect, fanPath, SYSTEM_PATH, sampleHouse, sampleState } from "./fixtures/sample-house.ts";
import { ObjectPath } from "./object-path.ts";
import { provide } from "./provider.ts";
import { CIM_Processor } from "./schema/device.ts";

const signal = new AbortController().signal;
const here = { namespace: "root/cimv2", signal };
const house = (more: Partial<Parameters<typeof sampleHouse>[0]> = {}) =>
  sampleHouse({ clock: new FakeClock(), ...more });
const textOf = (path: ObjectPath | null) => path?.key("DeviceID") ?? path?.key("Name");
const code = async (answer: Promise<unknown>) =>
  answer.then(
    () => "done",
    (error: CimError) => error.code,
  );
const fan = (values: Readonly<Record<string, CimValue>>) =>
  new CimInstance({
    className: "CIM_Fan",
    properties: Object.entries(values).map(([name, value]) => ({
      name,
      type: typeof value === "bigint" ? "uint64" : "string",
      isArray: false,
      value,
    })),
  });

describe("the object manager", () => {
  it("gives the instances of a class and of all below it, with their paths", async () => {
    const all = await collect(house().enumerateInstances({ ...here, className: "cim_managedelement" }));
    expect(all.map(({ className, path }) => [className, textOf(path)])).toEqual([
      ["CIM_ComputerSystem", "house.example"],
      ["CIM_Fan", "1"],
      ["CIM_Fan", "2"],
      ["CIM_LocalFileSystem", "/"],
      ["CIM_LocalFileSystem", "/var"],
    ]);
    expect(all[1]?.path?.namespace).toBe("root/cimv2");
    expect(all[4]?.get("FILESYSTEMSIZE")).toBe(18_446_744_073_709_551_615n);
  });

  it("cuts instances to the class asked for, to a list of properties, or to exactly the class", async () => {
    const shallow = await collect(
      house().enumerateInstances({ ...here, className: "CIM_LogicalDevice", deepInheritance: false }),
    );
    expect(shallow[0]?.property("DeviceID")).toBeDefined();
    expect(shallow[0]?.property("DesiredSpeed")).toBeUndefined();
    const listed = await house().getInstance({ ...here, path: fanPath("1"), propertyList: ["healthstate", "NoSuch"] });
    expect(listed.properties.map(({ name }) => name)).toEqual(["HealthState"]);
    expect(
      await collect(house().enumerateInstances({ ...here, className: "CIM_LogicalDevice", exactClass: true })),
    ).toEqual([]);
  });

  it.each(["root/cimv2", "ROOT\\CIMV2", "/root/cimv2/", "cimv2"])("knows the namespace as %s", async (namespace) => {
    expect(house().resolveNamespace(namespace)).toBe("root/cimv2");
    expect(
      (await house().getInstance({ signal, namespace, path: fanPath("1").within(namespace) })).get("DeviceID"),
    ).toBe("1");
  });

  it("finds an instance whatever the wire made of its keys", async () => {
    const keys = Object.fromEntries(fanPath("2").keys?.map(({ name, value }) => [name.toUpperCase(), value]) ?? []);
    const path = new ObjectPath({ className: "cim_FAN", keys });
    expect((await house().getInstance({ ...here, path })).path?.toString()).toBe(fanPath("2").toString());
    const above = new ObjectPath({ className: "CIM_LogicalDevice", keys });
    expect((await house().getInstance({ ...here, path: above })).className).toBe("CIM_Fan");
  });

  it("says in the standard's codes why not", async () => {
    const manager = house();
    const get = (path: ObjectPath, namespace = "root/cimv2") => code(manager.getInstance({ namespace, signal, path }));
    expect(await get(fanPath("3"))).toBe("NOT_FOUND");
    expect(await get(new ObjectPath({ className: "CIM_Fan", keys: { DeviceID: "1" } }))).toBe("INVALID_PARAMETER");
    expect(await get(new ObjectPath({ className: "CIM_Fan", keys: { ...keysOf("1"), More: "x" } }))).toBe(
      "INVALID_PARAMETER",
    );
    expect(await get(new ObjectPath({ className: "CIM_Nothing", keys: {} }))).toBe("INVALID_CLASS");
    expect(await get(new ObjectPath({ className: "CIM_Fan", keys: keysOf("1") }), "root/other")).toBe(
      "INVALID_NAMESPACE",
    );
    const invoke = (method: string, parameters: Readonly<Record<string, CimValue>> = {}, path = fanPath("1")) =>
      code(manager.invokeMethod({ ...here, path, method, parameters }));
    expect(await invoke("requeststatechange", { requestedstate: 2 })).toBe("done");
    expect(await invoke("Explode")).toBe("METHOD_NOT_FOUND");
    expect(await invoke("Reset")).toBe("METHOD_NOT_AVAILABLE");
    expect(await invoke("RequestStateChange", { RequestedState: "on" })).toBe("TYPE_MISMATCH");
    expect(await invoke("RequestStateChange", { Speed: 1 })).toBe("INVALID_PARAMETER");
    expect(await invoke("RequestStateChange", {}, new ObjectPath({ className: "CIM_Fan" }))).toBe("INVALID_PARAMETER");
    const query = (text: string, language = "WQL") =>
      code(collect(manager.execQuery({ ...here, language, query: text })));
    expect(await query("SELECT * FROM CIM_Nothing")).toBe("INVALID_CLASS");
    expect(await query("SELECT")).toBe("INVALID_QUERY");
    expect(await query("SELECT * FROM CIM_Fan", "SQL")).toBe("QUERY_LANGUAGE_NOT_SUPPORTED");
    expect(await code(manager.createInstance({ ...here, instance: fan({}) }))).toBe("NOT_SUPPORTED");
    expect(await code(manager.deleteInstance({ ...here, path: fanPath("1") }))).toBe("NOT_SUPPORTED");
  });

  it("walks associations both ways, under every filter", async () => {
    const manager = house();
    const ids = async (answer: AsyncIterable<{ readonly path: ObjectPath | null }>) =>
      (await collect(answer)).map(({ path }) => textOf(path));
    const names = async (answer: AsyncIterable<ObjectPath>) => (await collect(answer)).map(textOf);
    expect(await ids(manager.associators({ ...here, path: SYSTEM_PATH }))).toEqual(["1", "2"]);
    expect(await names(manager.associatorNames({ ...here, path: fanPath("2") }))).toEqual(["house.example"]);
    const filters = [
      [{ assocClass: "CIM_Component" }, 2],
      [{ assocClass: "CIM_Dependency" }, 0],
      [{ resultClass: "CIM_LogicalDevice" }, 2],
      [{ resultClass: "CIM_FileSystem" }, 0],
      [{ role: "groupcomponent" }, 2],
      [{ role: "PartComponent" }, 0],
      [{ resultRole: "PARTCOMPONENT" }, 2],
      [{ resultRole: "GroupComponent" }, 0],
    ] as const;
    for (const [filter, count] of filters)
      expect(
        await names(manager.associatorNames({ ...here, path: SYSTEM_PATH, ...filter })),
        JSON.stringify(filter),
      ).toHaveLength(count);
    const references = await collect(
      manager.references({ ...here, path: fanPath("1"), resultClass: "CIM_SystemDevice" }),
    );
    expect(references.map((each) => String(each.get("GroupComponent")))).toEqual([SYSTEM_PATH.toString()]);
    expect(await collect(manager.referenceNames({ ...here, path: SYSTEM_PATH, role: "PartComponent" }))).toEqual([]);
    expect(await code(collect(manager.associators({ ...here, path: SYSTEM_PATH, assocClass: "CIM_Nothing" })))).toBe(
      "INVALID_CLASS",
    );
  });

  it("changes what may be written and nothing else", async () => {
    const state = sampleState();
    const manager = house({ state });
    const modify = (
      path: ObjectPath,
      values: Readonly<Record<string, CimValue>>,
      propertyList: readonly string[] | null = null,
    ) => code(manager.modifyInstance({ ...here, path, instance: fan(values), propertyList }));
    expect(await modify(SYSTEM_PATH, { NoSuch: "x" })).toBe("NO_SUCH_PROPERTY");
    expect(await modify(SYSTEM_PATH, { ElementName: "x" }, ["ElementName"])).toBe("NOT_SUPPORTED");
    expect(await modify(SYSTEM_PATH, { PrimaryOwnerName: 5n })).toBe("TYPE_MISMATCH");
    expect(await modify(fanPath("1"), { DeviceID: "1" })).toBe("NOT_SUPPORTED");
    // A client that reads, changes one property and sends all back.
    expect(await modify(SYSTEM_PATH, { Name: "x", ElementName: "x", primaryownername: "somebody" })).toBe("done");
    expect(state.owner).toBe("somebody");
    expect(await modify(SYSTEM_PATH, { PrimaryOwnerName: "another" }, ["Caption"])).toBe("done");
    expect(state.owner).toBe("somebody");
  });

  it("leaves out a provider that fails or hangs, and counts it", async () => {
    const clock = new FakeClock();
    const broken = provide(CIM_Processor, {
      instances: async () => {
        throw new Error("no such file");
      },
    });
    const hanging = provide(CIM_Processor, { timeoutMs: 1_000, instances: () => new Promise(() => {}) });
    const manager = sampleHouse({ clock, more: [broken, hanging] });
    const left: string[] = [];
    const onProblem = ({ message }: CimError) => left.push(message);
    const answer = collect(manager.enumerateInstances({ ...here, className: "CIM_LogicalDevice", onProblem }));
    await clock.advance(1_000);
    expect((await answer).map(({ path }) => textOf(path))).toEqual(["1", "2"]);
    const problems = ["CIM_Processor: no such file", "CIM_Processor: no answer within 1000 ms"];
    expect(left).toEqual(problems);
    expect(manager.providerHealth().flatMap(({ problem }) => problem ?? [])).toEqual(problems);
    const alone = code(collect(manager.enumerateInstances({ ...here, className: "CIM_Processor" })));
    await clock.advance(1_000);
    expect(await alone).toBe("FAILED");
  });

  it("does not ask again a provider that hangs twice, until one call comes back", async () => {
    const clock = new FakeClock();
    let calls = 0;
    let release = (_: readonly never[]) => {};
    const hanging = provide(CIM_Processor, {
      timeoutMs: 10,
      instances: () => {
        calls += 1;
        return new Promise<readonly never[]>((resolve) => {
          release = resolve;
        });
      },
    });
    const manager = sampleHouse({ clock, more: [hanging] });
    const ask = async () => {
      const answer = code(collect(manager.enumerateInstances({ ...here, className: "CIM_Processor" })));
      await clock.advance(20);
      return answer;
    };
    expect([await ask(), await ask(), await ask()]).toEqual(["FAILED", "FAILED", "FAILED"]);
    expect(calls).toBe(2);
    release([]);
    await clock.advance(1);
    await ask();
    expect(calls).toBe(3);
  });

  it("does not count the time in which its caller does something else", async () => {
    const clock = new FakeClock();
    const slow = provide(CIM_Processor, {
      timeoutMs: 1_000,
      async *instances() {
        for (const id of ["a", "b", "c"]) yield [{ ...keysOf(id), CreationClassName: "CIM_Processor" }];
      },
    });
    const manager = sampleHouse({ clock, more: [slow] });
    const ids: unknown[] = [];
    for await (const { path } of manager.enumerateInstances({ ...here, className: "CIM_Processor" })) {
      ids.push(textOf(path));
      await clock.advance(60_000);
    }
    expect(ids).toEqual(["a", "b", "c"]);
  });

  it("ends when its caller gives up", async () => {
    const controller = new AbortController();
    let told: AbortSignal | undefined;
    const hanging = provide(CIM_Processor, {
      instances: ({ signal: given }) => {
        told = given;
        return new Promise(() => {});
      },
    });
    const manager = house({ more: [hanging] });
    const answer = code(
      collect(manager.enumerateInstances({ ...here, className: "CIM_Processor", signal: controller.signal })),
    );
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    expect(await answer).toBe("FAILED");
    expect(told?.aborted).toBe(true);
    expect(manager.providerHealth().find(({ className }) => className === "CIM_Processor")?.failures).toBe(0);
  });

  it("asks all providers, however many there are", async () => {
    const more = Array.from({ length: 30 }, (_, at) =>
      provide(CIM_Processor, {
        instances: async () => [{ ...keysOf(String(at)), CreationClassName: "CIM_Processor" }],
      }),
    );
    const all = await collect(house({ more }).enumerateInstanceNames({ ...here, className: "CIM_Processor" }));
    expect(new Set(all.map(textOf)).size).toBe(30);
  });

  it("tells its classes from any of them down", () => {
    const manager = house();
    const below = (className: string | null, deep = false) =>
      manager.enumerateClasses({ namespace: "root/cimv2", className, deep }).map(({ name }) => name);
    expect(below(null)).toContain("CIM_ManagedElement");
    expect(below("CIM_CoolingDevice")).toEqual(["CIM_Fan"]);
    expect(below("CIM_ManagedElement")).not.toContain("CIM_Fan");
    expect(below("CIM_ManagedElement", true)).toContain("CIM_Fan");
    expect(manager.isSubclass({ namespace: "root/cimv2", className: "cim_fan", ancestor: "CIM_LogicalElement" })).toBe(
      true,
    );
    expect(() => below("CIM_Nothing")).toThrow(CimError);
  });
});

function keysOf(id: string) {
  return {
    SystemCreationClassName: "CIM_ComputerSystem",
    SystemName: "house.example",
    CreationClassName: "CIM_Fan",
    DeviceID: id,
  };
}
