import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createInstance } from "../cim/instance-of-class.ts";
import { createEventSource } from "../protocols/wsman/event-source.ts";
import { createMemoryEventStorage } from "../protocols/wsman/event-storage.ts";
import {
  ACCOUNT,
  createTestObjects,
  DISK,
  type LoopbackServer,
  startLoopbackServer,
  Test_Alert,
} from "../protocols/wsman/loopback-fixture.ts";
import { systemClock } from "../runtime/clock.ts";
import { silentLog } from "../runtime/log.ts";
import { systemRandom } from "../runtime/random.ts";
import { createRecorder } from "./output-recorder.ts";
import { runRecorded } from "./run-recorded.ts";

let server: LoopbackServer;
let address = "";
beforeAll(async () => {
  server = await startLoopbackServer();
  address = `http://${ACCOUNT.name}@127.0.0.1:${server.port}`;
});
afterAll(() => server.stop());

const rusuban = (verb: string, ...args: string[]) =>
  runRecorded(["cim", verb, address, ...args, "--protocol", "wsman"], {
    clock: systemClock,
    env: { RUSUBAN_CIM_PASSWORD: ACCOUNT.password },
  });

it("follows indications until it is interrupted, and leaves no subscription behind", async () => {
  const { objects } = createTestObjects();
  const eventing = createEventSource({
    ...{ objects, storage: createMemoryEventStorage(), post: () => Promise.reject(new Error("nothing is sent")) },
    ...{ clock: systemClock, random: systemRandom, log: silentLog },
  });
  await eventing.start();
  const source = await startLoopbackServer({ objects, eventing });
  onTestFinished(async () => {
    await eventing.stop();
    await source.stop();
  });
  const interrupt = new AbortController();
  const output = createRecorder();
  const until = async (isSo: () => boolean) => {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
  };
  const followed = runRecorded(
    [
      "cim",
      "follow",
      `http://${ACCOUNT.name}@127.0.0.1:${source.port}`,
      "SELECT * FROM Test_Alert",
      "--protocol",
      "wsman",
    ],
    {
      ...{ clock: systemClock, env: { RUSUBAN_CIM_PASSWORD: ACCOUNT.password }, output },
      interruption: () => interrupt.signal,
    },
  );
  await until(() => eventing.subscriptions.length === 1);
  for (const Message of ["one", "two"]) eventing.publish(createInstance(Test_Alert, { Message }), "root/cimv2");
  await until(() => output.stdout.includes("two"));
  expect(output.stdout).toMatch(/Test_Alert[\s\S]*Message +one[\s\S]*Message +two/);
  interrupt.abort();
  await followed;
  expect(eventing.subscriptions).toEqual([]);
});

describe("rusuban cim over WS-Management", () => {
  it("identifies", async () => {
    const { stdout } = await rusuban("identify");
    expect(stdout).toContain("Rusuban");
    expect(stdout).toContain("1.2.3");
  });

  it("enumerates instances with their subclasses, and only their paths", async () => {
    const { data } = await rusuban("enumerate", "Test_Element", "--properties", "Name", "--json");
    expect(data).toMatchObject({
      instances: [{ class: "Test_Element" }, { class: "Test_Disk", properties: { Name: DISK.Name } }],
    });
    const names = await rusuban("enumerate", "Test_Element", "--names");
    expect(names.stdout.split("\n")[0]).toBe('root/cimv2:Test_Element.Name="plain",Number="1"');
  });

  it("gets by a path, also one that it printed, queries in both languages, and calls a method", async () => {
    for (const path of ['Test_Element.Name="plain",Number=1', 'root/cimv2:Test_Element.Name="plain",Number="1"']) {
      const { data } = await rusuban("get", path, "--json");
      expect(data).toMatchObject({ class: "Test_Element", properties: { Name: "plain", Number: "1" } });
    }
    for (const language of ["WQL", "DMTF:CQL"]) {
      const query = ["query", "SELECT * FROM Test_Many WHERE Id > 247", "--language", language, "--json"] as const;
      expect((await rusuban(...query)).data).toMatchObject({ instances: [{ properties: { Id: "248" } }, {}] });
    }
    const called = await rusuban(
      "invoke",
      'Test_Element.Name="plain",Number=1',
      "Rename",
      "NewName=b",
      "Tags=x",
      "Tags=y",
      "--json",
    );
    expect(called.data).toEqual({ returnValue: "0", output: { Old: 'plain→b ["x","y"]' } });
  });

  it("shows the envelopes as they travel", async () => {
    const { stderr } = await rusuban("identify", "--raw");
    expect(stderr).toContain("<wsmid:Identify");
    expect(stderr).toContain("<wsmid:IdentifyResponse");
  });

  it.each([
    ["an instance that is not there", ["get", 'Test_Element.Name="x",Number=1'], "Sender:DestinationUnreachable"],
    ["an unknown class", ["enumerate", "Test_Absent"], "Sender:DestinationUnreachable"],
    ["a query that makes no sense", ["query", "SELECT"], "Sender:CannotProcessFilter"],
    ["a language that is none", ["query", "SELECT * FROM X", "--language", "SQL"], "language"],
  ])("tells %s", async (_, [verb = "", ...args], code) => {
    const { error, exitCode } = await rusuban(verb, ...args, "--json");
    expect(error.code).toBe(code);
    expect(exitCode).toBe(1);
  });
});
