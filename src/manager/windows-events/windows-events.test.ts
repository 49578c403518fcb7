import { readFile } from "node:fs/promises";
import { afterEach, describe, expect, it } from "vitest";
import { openDatabase } from "../../database/open-database.ts";
import type { Alert } from "../../model/alert.ts";
import { ALERT_LIMITS } from "../../model/alert.ts";
import { readWindowsEvent, type WindowsEvent } from "../../protocols/wsman/windows/windows-event.ts";
import { systemClock } from "../../runtime/clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { isUuid, systemRandom } from "../../runtime/random.ts";
import { parseXml } from "../../wire/xml-reader.ts";
import { createInbox } from "../alerts/inbox.ts";
import { createHostList } from "../fleet/host-list.ts";
import { alertOfWindowsEvent } from "./alert-of-windows-event.ts";
import { createEventIntake } from "./event-intake.ts";
import { EVENT_RULES, ruleOf } from "./event-rules.ts";
import { WINDOWS_EVENTS_LIMITS } from "./limits.ts";
import { createPublishers } from "./publishers.ts";
import { subscriptionOf } from "./subscription.ts";

const common = { clock: systemClock, random: systemRandom, log: silentLog };
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function eventOf(changes: Partial<WindowsEvent> = {}): WindowsEvent {
  const blank = parseXml(Buffer.from("<Event><System><EventID>7</EventID></System></Event>"));
  const event = readWindowsEvent(blank);
  if (event.kind !== "event") throw new Error(event.reason);
  const named = { provider: "disk", level: 2, channel: "System", recordId: "1", computer: "WEB1.example" };
  return { ...event, ...named, timeCreated: "2026-11-22T03:04:05.1234567Z", ...changes };
}

describe("how bad a Windows event is", () => {
  it.each([
    ["what its level says", { provider: "Firm", level: 1 }, "critical", "software"],
    ["of an error", { provider: "Firm", level: 2 }, "major", "software"],
    ["of a warning", { provider: "Firm", level: 3 }, "warning", "software"],
    ["of anything else", { provider: "Firm", level: 0 }, "information", "software"],
    ["a disk that retries, though it calls it a warning", { eventId: 153, level: 3 }, "major", "hardware"],
    ["names in any case", { provider: "DISK", eventId: 7, level: 4 }, "major", "hardware"],
    ["another event of that provider by its level", { eventId: 158, level: 3 }, "warning", "software"],
    ["a stop without warning", { provider: "Microsoft-Windows-Kernel-Power", eventId: 41 }, "critical", "hardware"],
    [
      "a failed audit",
      { provider: "x", channel: "Security", level: 0, keywords: "0x8010000000000000" },
      "warning",
      "security",
    ],
    [
      "an audit that went well",
      { provider: "x", channel: "Security", level: 0, keywords: "0x8020000000000000" },
      "information",
      "security",
    ],
    [
      "a log that was cleared",
      { provider: "Microsoft-Windows-Eventlog", channel: "Security", eventId: 1102 },
      "major",
      "security",
    ],
    [
      "keywords that are no number",
      { provider: "x", channel: "Security", level: 0, keywords: "all" },
      "information",
      "security",
    ],
  ] as const)("is %s", (_, changes, severity, category) => {
    expect(ruleOf(eventOf(changes))).toMatchObject({ severity, category });
  });

  it("is said by exactly one last rule for everything", () => {
    const { severity, category, ...conditions } = EVENT_RULES.at(-1) ?? {};
    expect([severity, category, conditions]).toEqual(["information", "software", {}]);
  });
});

it("docs/protocols/windows-events.md has the rules, in their order", async () => {
  const text = await readFile(new URL("../../../docs/protocols/windows-events.md", import.meta.url), "utf8");
  const rows = text
    .slice(text.indexOf("| provider or log |"))
    .split("\n")
    .slice(2, 2 + EVENT_RULES.length);
  const expected = EVENT_RULES.map(({ provider, channel, ids, levels, keywords, severity, category }) => {
    const who = provider ?? (channel === undefined ? "all" : `log ${channel}`);
    const level = levels === undefined ? undefined : `level${levels.length > 1 ? "s" : ""} ${levels.join(", ")}`;
    const which = ids?.join(", ") ?? level ?? (keywords === undefined ? "all others" : "failed audits");
    return `| ${who} | ${which} | ${severity} | ${category} |`;
  });
  expect(rows).toEqual(expected);
});

describe("the alert of a Windows event", () => {
  const at = { hostId: "h1", receivedAtMs: 1_000 };
  const idOf = (changes: Partial<WindowsEvent>, hostId = "h1") =>
    alertOfWindowsEvent(eventOf(changes), { ...at, hostId }).id;

  it("has the same id for the same record, and another for any other", () => {
    const ids = [
      idOf({}),
      idOf({}, "h2"),
      idOf({ recordId: "2" }),
      idOf({ channel: "Application" }),
      idOf({ timeCreated: "2026-11-23T03:04:05Z" }),
      idOf({ recordId: "", message: "a" }),
      idOf({ recordId: "", message: "b" }),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every(isUuid)).toBe(true);
    expect(idOf({ message: "in other words", channel: "SYSTEM" })).toBe(ids[0]);
  });

  it("is told at the time of the event, by the first line of its words", () => {
    const alert = alertOfWindowsEvent(eventOf({ message: "Bad block.\r\nMore." }), at);
    expect(alert).toMatchObject({ summary: "Bad block.", kind: "event", condition: "windows.disk.7" });
    expect(alert.raisedAtMs).toBe(Date.parse("2026-11-22T03:04:05.123Z"));
    expect(alert.details).toContainEqual({ name: "message", value: "Bad block.\r\nMore." });
    const bare = alertOfWindowsEvent(eventOf({ timeCreated: "yesterday", data: [{ name: "1", value: "C:" }] }), at);
    expect(bare).toMatchObject({ summary: "disk: event 7, C:", raisedAtMs: 1_000 });
  });

  it("keeps to what an alert may hold, and says what could not be read", () => {
    const long = "語".repeat(8_000);
    const data = Array.from({ length: 64 }, () => ({ name: long, value: long }));
    const { summary, condition, component, details } = alertOfWindowsEvent(
      eventOf({ provider: long, channel: long, message: `${long}\n${long}`, data }),
      at,
    );
    const sizes = [summary, condition, component, details[0]?.value ?? ""].map((text) => Buffer.byteLength(text));
    const { summaryBytes, conditionBytes, componentBytes, detailValueBytes } = ALERT_LIMITS;
    for (const [index, max] of [summaryBytes, conditionBytes, componentBytes, detailValueBytes].entries()) {
      expect(sizes[index]).toBeLessThanOrEqual(max);
    }
    expect(details).toHaveLength(ALERT_LIMITS.details);
    const broken = { kind: "unreadable", reason: "EventID: no number", text: "<Event" } as const;
    expect(alertOfWindowsEvent(broken, at)).toMatchObject({ condition: "windows.unreadable", severity: "warning" });
  });
});

describe("the subscription of a manager", () => {
  const wanted = {
    ...{ managerId: "m1", queries: ["System: *", "Microsoft-Windows-Hyper-V-VMMS/Admin: *[System[(Level=2)]]"] },
    ...{ heartbeatSeconds: 300, batchSeconds: 5, language: "ja-JP" },
  };
  it("stays the same one, and has another version exactly when it says something else", () => {
    const one = subscriptionOf(wanted);
    expect(subscriptionOf(wanted)).toEqual(one);
    const other = subscriptionOf({ ...wanted, batchSeconds: 6 });
    expect([other.id === one.id, other.version === one.version]).toEqual([true, false]);
    expect(subscriptionOf({ ...wanted, managerId: "m2" }).id).not.toBe(one.id);
    expect(one.queries[1]).toEqual({ channel: "Microsoft-Windows-Hyper-V-VMMS/Admin", select: "*[System[(Level=2)]]" });
  });

  it.each([
    [["System"], "", "events.queries"],
    [[": *"], "", "events.queries"],
    [["*[System[a:b]]"], "", "events.queries"],
    [[], "", "events.queries"],
    [["System: *"], "Japanese!", "events.language"],
  ])("is refused with its setting's name: %j %s", (queries, language, key) => {
    expect(() => subscriptionOf({ ...wanted, queries, language })).toThrow(key);
  });
});

async function open(publishersMax = 3) {
  const database = await openDatabase({ file: ":memory:", clock: systemClock, log: silentLog });
  ends.push(() => database.destroy());
  const hosts = createHostList(database);
  const discovered: string[] = [];
  const create = () =>
    createPublishers({
      ...{ database, hosts, publishersMax, ...common },
      onDiscovered: async (hostId) => void discovered.push(hostId),
    });
  const addHost = (id: string, { name, address = "192.0.2.1" }: { name: string; address?: string }) =>
    database
      .insertInto("hosts")
      .values({
        ...{ id, name, facts: JSON.stringify({ hostname: "web3.example" }), address, ports: "{}" },
        enrolled_at_ms: 1,
      })
      .execute();
  const removeHost = (id: string) =>
    database
      .updateTable("hosts")
      .set({ revoked_at_ms: 1, name: `${id} (removed)` })
      .where("id", "=", id)
      .execute();
  return { database, hosts, discovered, create, publishers: create(), addHost, removeHost };
}
const from = (name: string) => ({ name, address: "192.0.2.9" });

describe("a publisher", () => {
  it("is the host that is known by its name, or looked at by it, and not one that only says so", async () => {
    const { publishers, addHost, discovered } = await open();
    await addHost("h1", { name: "WEB1.example" });
    await addHost("h2", { name: "second", address: "WEB2.example" });
    expect(await publishers.admit(from("web1.example"))).toBe("h1");
    expect(await publishers.admit(from("web2.example"))).toBe("h2");
    expect(discovered).toEqual([]);
    expect(["h1", "h2"]).not.toContain(await publishers.admit(from("web3.example")));
  });

  it("that nobody knows becomes one host, however many requests it begins with, also after a restart", async () => {
    const { publishers, create, hosts, discovered } = await open();
    const ids = await Promise.all(Array.from({ length: 5 }, () => publishers.admit(from("web1.example"))));
    expect(new Set(ids).size).toBe(1);
    expect(discovered).toEqual([ids[0]]);
    expect(await create().admit(from("web1.example"))).toBe(ids[0]);
    expect(await hosts.all()).toMatchObject([{ name: "web1.example", means: "windows-events", address: "192.0.2.9" }]);
  });

  it("is neither of two hosts that are looked at by its name, nor in its removed host's place", async () => {
    const { publishers, addHost, removeHost, hosts } = await open();
    await addHost("h1", { name: "a", address: "web1.example" });
    await addHost("h2", { name: "b", address: "web1.example" });
    const own = await publishers.admit(from("web1.example"));
    expect((await hosts.all()).map(({ id }) => id)).toContain(own);
    expect(["h1", "h2"]).not.toContain(own);
    await removeHost(own ?? "");
    publishers.remove(own ?? "");
    await removeHost("h2");
    expect(await publishers.admit(from("web1.example"))).toBe("h1");
    await removeHost("h1");
    publishers.remove("h1");
    expect(await publishers.admit(from("web1.example"))).toBeUndefined();
    expect(publishers.hostOf("web1.example")).toBeUndefined();
  });

  it("is one of so many at most", async () => {
    const { publishers } = await open(2);
    const admitted = await Promise.all(["a", "b", "c"].map((name) => publishers.admit(from(name))));
    expect(admitted.map((id) => id !== undefined)).toEqual([true, true, false]);
  });
});

describe("the intake of Windows events", () => {
  async function openIntake() {
    const opened = await open();
    const inbox = createInbox({ ...opened, ...common, onAlerts: () => {} });
    ends.push(() => inbox.stop());
    const hostId = (await opened.publishers.admit(from("web1"))) ?? "";
    const signs: string[] = [];
    const steps: string[] = [];
    let fails = false;
    const intake = createEventIntake({
      inbox: {
        async store(id: string, alerts: readonly Alert[]) {
          if (fails) throw new Error("disk full");
          const outcome = await inbox.store(id, alerts);
          steps.push(`${alerts.length} events`);
          return outcome;
        },
        raise: inbox.raise,
      },
      publishers: {
        ...opened.publishers,
        bookmarks: {
          ...opened.publishers.bookmarks,
          async keep(...order) {
            await opened.publishers.bookmarks.keep(...order);
            steps.push("bookmark");
          },
        },
      },
      subscriptionId: "S1",
      onSign: (id) => void signs.push(id),
      ...common,
    });
    const batch = (changes: Partial<Parameters<typeof intake>[0]> = {}) => ({
      ...{ sender: "web1", subscriptionId: "S1", machine: "web1", events: [eventOf()], bookmark: "<b/>" },
      ...{ kind: "events" as const, dropped: 0, endStatus: "", ...changes },
    });
    const summaries = async () => (await inbox.page({ limit: 1_000 })).items.map(({ summary }) => summary);
    const fail = () => {
      fails = true;
    };
    return { ...opened, hostId, intake, batch, signs, steps, summaries, fail };
  }

  it("keeps the bookmark after the events, and what comes again once", async () => {
    const { intake, batch, steps, summaries, publishers, signs, hostId } = await openIntake();
    expect(await intake(batch())).toBe("committed");
    expect(await intake(batch({ bookmark: "<c/>" }))).toBe("committed");
    expect(steps).toEqual(["1 events", "bookmark", "1 events", "bookmark"]);
    expect(await summaries()).toHaveLength(1);
    expect(await publishers.bookmarks.of("web1", "S1")).toBe("<c/>");
    expect(signs).toEqual([hostId, hostId]);
  });

  it("keeps no bookmark of events that could not be kept", async () => {
    const { intake, batch, fail, publishers, signs } = await openIntake();
    fail();
    await expect(intake(batch())).rejects.toThrow("disk full");
    expect(await publishers.bookmarks.of("web1", "S1")).toBeUndefined();
    expect(signs).toEqual([]);
  });

  it("gives a large batch to the inbox in parts", async () => {
    const { intake, batch, steps, summaries } = await openIntake();
    const events = Array.from({ length: 1_200 }, (_, index) => eventOf({ recordId: String(index + 1) }));
    await intake(batch({ events }));
    const { eventsPerCommitMax } = WINDOWS_EVENTS_LIMITS;
    expect(steps).toEqual([`${eventsPerCommitMax} events`, `${eventsPerCommitMax} events`, "200 events", "bookmark"]);
    expect((await summaries()).length).toBe(1_000);
  });

  it("knows nothing of another subscription or publisher, and tells what a publisher says it lost", async () => {
    const { intake, batch, steps, summaries } = await openIntake();
    expect(await intake(batch({ subscriptionId: "S2" }))).toBe("unknown");
    expect(await intake(batch({ sender: "web2" }))).toBe("unknown");
    expect(steps).toEqual([]);
    await intake(batch({ kind: "dropped", dropped: 7, events: [] }));
    await intake(batch({ kind: "end", endStatus: "DeliveryFailure", events: [] }));
    await intake(batch({ kind: "heartbeat", events: [], bookmark: undefined }));
    const told = await summaries();
    expect(told).toHaveLength(2);
    expect(told.join("\n")).toMatch(/stopped sending[\s\S]*7 events of this server/);
  });
});
