import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createIndicationService } from "../agent/indications/indication-service.ts";
import { createIndicationStore } from "../agent/indications/indication-store.ts";
import { createObjectManager } from "../cim/create-object-manager.ts";
import { CIMV2, INTEROP, provide } from "../cim/provider.ts";
import { CIM_AlertIndication } from "../cim/schema/indication.ts";
import { CIM_ObjectManager } from "../cim/schema/interop.ts";
import { openSqlite } from "../database/open-sqlite.ts";
import { parseBasic } from "../protocols/account-gate.ts";
import { type ServedModel, serveModel } from "../protocols/cim-xml/server-fixture.ts";
import { systemClock } from "../runtime/clock.ts";
import { silentLog } from "../runtime/log.ts";
import { systemRandom } from "../runtime/random.ts";
import { runRecorded } from "./run-recorded.ts";

let served: ServedModel;
let address = "";
beforeEach(async () => {
  served = await serveModel({
    async identify({ headers }) {
      const account = parseBasic(headers.authorization);
      if (account?.name === "ops" && account.password === "secret")
        return { known: true, user: "ops", mayChange: true };
      return { known: false, status: 401, reason: "no" };
    },
  });
  address = `http://ops@127.0.0.1:${served.port}`;
});
afterEach(() => served.stop());

const rusuban = (...args: string[]) =>
  runRecorded(["cim", ...args], { clock: systemClock, env: { RUSUBAN_CIM_PASSWORD: "secret" } });

it("enumerates as a table, as blocks, as paths and as JSON", async () => {
  const table = await rusuban("enumerate", address, "Test_Book", "--properties", "Title,Pages");
  expect(table.stdout).toBe("Title   Pages\nbook 1  100\nbook 2  200\nbook 3  300\n");
  const blocks = await rusuban("enumerate", address, "Test_Book");
  expect(blocks.stdout).toContain("root/cimv2:Test_Book.Number=1\n  Number  1\n  Title   book 1\n  Pages   100\n");
  const names = await rusuban("enumerate", address, "Test_Book", "--names");
  expect(names.stdout.split("\n")[0]).toBe("root/cimv2:Test_Book.Number=1");
  const json = await rusuban("enumerate", address, "Test_Shelf", "--json");
  expect(json.data).toMatchObject({
    instances: [
      {
        class: "Test_Shelf",
        properties: { Capacity: "18446744073709551615", Status: [2, 6], IsFull: false, Latest: { class: "Test_Book" } },
      },
      { properties: { Boards: null } },
    ],
  });
});

it("gets one instance, queries, and calls a method with parameters typed by the class", async () => {
  const got = await rusuban("get", address, "Test_Book.Number=2", "--properties", "Title", "--json");
  expect(got.data).toMatchObject({ class: "Test_Book", properties: { Title: "book 2" } });
  const found = await rusuban("query", address, "SELECT * FROM Test_Book WHERE Pages > 250", "--json");
  expect(found.data).toMatchObject({ instances: [{ properties: { Number: 3 } }] });
  const called = await rusuban(
    "invoke",
    address,
    'Test_Shelf.Name="empty"',
    "Dust",
    "Times=3",
    "tools=a",
    "tools=b",
    "--json",
  );
  expect(called.data).toEqual({ returnValue: 0, output: { Removed: 123, Found: "root/cimv2:Test_Book.Number=2" } });
  expect(served.dusted[0]).toMatchObject({ Times: 3, Tools: ["a", "b"] });
});

it("shows the documents as they travel", async () => {
  const { stderr } = await rusuban("get", address, "Test_Book.Number=2", "--raw");
  expect(stderr).toContain('> <?xml version="1.0" encoding="utf-8"?>');
  expect(stderr).toContain('<IMETHODCALL NAME="GetInstance">');
  expect(stderr).toContain("< <?xml");
});

it("subscribes once, and takes it away again", async () => {
  const sqlite = openSqlite({ file: ":memory:", cacheBytes: 1e6 });
  const common = { clock: systemClock, random: systemRandom };
  const service = createIndicationService({
    store: createIndicationStore({ sqlite, ...common }),
    isSubclass: (name, ancestor) => name === ancestor || ancestor === "CIM_Indication",
    rules: { allowPlain: false, allowLoopback: false, defaultPort: 1 },
    systemName: "web1",
    trustOf: () => ({ trust: { kind: "plain" } }),
    ...{ ...common, log: silentLog },
  });
  const self = { SystemCreationClassName: "CIM_ComputerSystem", SystemName: "web1" };
  const objects = provide(CIM_ObjectManager, {
    namespace: INTEROP,
    instances: () => [{ ...self, CreationClassName: "CIM_ObjectManager", Name: "rusuban" }],
  });
  const manager = createObjectManager({
    classes: { [CIMV2]: [], [INTEROP]: [CIM_AlertIndication] },
    providers: [...service.providers, objects],
    clock: systemClock,
  });
  const server = await serveModel({ model: { manager, books: new Map(), dusted: [] } });
  const to = ["--to", "https://manager.example:9/x"];
  const subscribe = () => rusuban("subscribe", `http://ops@127.0.0.1:${server.port}`, ...to, "--json");
  expect((await subscribe()).data).toMatchObject({ isNew: true });
  expect((await subscribe()).data).toMatchObject({ isNew: false });
  const identified = await rusuban("identify", `http://ops@127.0.0.1:${server.port}`, "--json");
  expect(identified.data).toMatchObject({
    facts: [
      { name: "interop namespace", value: "root/interop" },
      { name: "Name", value: "rusuban" },
      { name: "namespace", value: "root/interop" },
    ],
  });
  const unsubscribe = () => rusuban("unsubscribe", `http://ops@127.0.0.1:${server.port}`, "--json");
  expect((await unsubscribe()).exitCode).toBe(0);
  expect((await unsubscribe()).error.code).toBe("not-found");
  await server.stop();
  await service.stop();
});

describe("what goes wrong", () => {
  it.each([
    ["a path that is none", ["get", "Test_Book."], "usage", 2],
    ["an instance that is not there", ["get", "Test_Book.Number=77"], "NOT_FOUND", 1],
    ["an unknown class", ["enumerate", "Nope"], "INVALID_CLASS", 1],
    ["a parameter without a value", ["invoke", "Test_Book", "Dust", "Times"], "usage", 2],
    ["a value of another type", ["invoke", 'Test_Shelf.Name="empty"', "Dust", "Times=many"], "protocol", 1],
  ])("tells %s", async (_, [verb = "", ...rest], code, exit) => {
    const { error, exitCode } = await rusuban(verb, address, ...rest, "--json");
    expect(error.code).toBe(code);
    expect(exitCode).toBe(exit);
  });

  it("tells that the account is wrong, and never takes a password from the address", async () => {
    const wrong = await runRecorded(["cim", "enumerate", address, "Test_Book", "--json"], {
      ...{ clock: systemClock, env: { RUSUBAN_CIM_PASSWORD: "guess" } },
    });
    expect(wrong.error.code).toBe("unauthorized");
    const inAddress = await rusuban("enumerate", address.replace("ops@", "ops:secret@"), "Test_Book", "--json");
    expect(inAddress.error.code).toBe("usage");
    expect(inAddress.exitCode).toBe(2);
  });

  it("speaks Japanese", async () => {
    const { stderr } = await runRecorded(["--lang", "ja", "cim", "enumerate", "ftp://x", "Test_Book"], {
      clock: systemClock,
    });
    expect(stderr).toContain("アドレスではありません");
  });
});
