import { describe, expect, it } from "vitest";
import { closest } from "./closest.ts";
import { overlapOf, rangeSize } from "./flow.ts";
import { FLOW_KEYS, findFlow, flowName, flowOf, PORT_MAP, settingKey } from "./port-map.ts";

const flows = FLOW_KEYS.map((key) => ({ key, ...flowOf(key) }));

describe("the port map", () => {
  it.each([
    ["wsmanHttp", "manager", "agent", "tcp", 5985],
    ["wsmanHttps", "manager", "agent", "tcp", 5986],
    ["cimXml", "manager", "agent", "tcp", 5989],
    ["cimXmlLoopback", "agent", "agent", "tcp", 5988],
    ["cimIndication", "agent device", "manager", "tcp", 6736],
    ["eventCollector", "agent", "manager", "tcp", 5986],
    ["ping", "manager", "agent", "icmp", null],
    ["snmpGet", "manager", "agent", "udp", 161],
    ["snmpTrap", "agent device", "manager", "udp", 162],
    ["managerReport", "agent", "manager", "tcp", 31134],
    ["expressReport", "agent", "manager", "tcp", 31136],
    ["expressReportHttps", "agent", "manager", "tcp", 31138],
    ["expressMail", "agent manager", "mail-server", "tcp", 25],
    ["popBeforeSmtp", "agent manager", "mail-server", "tcp", 110],
    ["expressWeb", "agent manager", "web-server", "tcp", 443],
    ["agentBrowser", "agent", "manager", "tcp", 6101],
    ["managerPeer", "manager", "manager", "tcp", 3527],
    ["administration", "console", "manager", "tcp", 6106],
    ["console", "browser", "manager", "tcp", 50104],
    ["historyForward", "manager", "web-server", "tcp", 9090],
    ["jobEngine", "agent", "manager", "tcp", 5633],
    ["backupControl", "manager", "agent", "tcp", 10000],
    ["backupData", "manager", "agent", "tcp", null],
    ["dedupEngine", "agent", "manager", "tcp", 10082],
    ["dedupManager", "agent", "manager", "tcp", 10102],
    ["exchangeOnline", "manager", "microsoft-365", "tcp", 443],
  ] as const)("declares %s from %s to %s on %s %s", (key, initiators, listener, transport, port) => {
    const flow = flowOf(key);
    expect([flow.initiators.join(" "), flow.listener, flow.transport, flow.port]).toEqual([
      initiators,
      listener,
      transport,
      port,
    ]);
  });

  it("declares these 26 flows and no other", () => {
    expect(FLOW_KEYS).toHaveLength(26);
  });

  it("gives every flow but ICMP either a port or a range, never both", () => {
    for (const { key, transport, port, range } of flows) {
      const declared = Number(port !== null) + Number(range !== null);
      expect([key, declared]).toEqual([key, transport === "icmp" ? 0 : 1]);
    }
  });

  it("never lets two flows of one listener share a port and transport", () => {
    const seen = new Map<string, string>();
    for (const { key, listener, transport, port, range } of flows) {
      if (transport === "icmp") continue;
      const { from, to } = range ?? { from: port ?? 0, to: port ?? 0 };
      for (let number = from; number <= to; number++) {
        const place = `${listener} ${transport} ${number}`;
        expect(seen.get(place), `${key} at ${place}`).toBeUndefined();
        seen.set(place, key);
      }
    }
  });

  it("says everything in English and Japanese", () => {
    for (const { key, title, purpose, whenClosed, enabled, variants } of flows) {
      const texts = [
        title,
        purpose,
        whenClosed,
        ...(enabled === true ? [] : [enabled]),
        ...variants.map((v) => v.when),
      ];
      for (const { en, ja } of texts) {
        expect(en, key).toMatch(/[a-z]/);
        expect(ja, key).not.toBe("");
      }
      for (const sentence of [purpose, whenClosed]) {
        expect(sentence.en, key).toMatch(/^[A-Z`].*\.$/s);
        expect(sentence.ja, key).toMatch(/[ぁ-んァ-ン].*。$|[))。]$/s);
      }
    }
  });

  it("encrypts every flow between our own parties, and names why a flow does not", () => {
    const open = flows.filter(({ tls }) => tls === "never").map(({ key }) => key);
    expect(open).toEqual(["wsmanHttp", "cimXmlLoopback", "ping", "snmpGet", "snmpTrap"]);
  });

  it("keeps plain HTTP off until the operator turns it on", () => {
    expect(PORT_MAP.wsmanHttp.enabled).not.toBe(true);
    expect(PORT_MAP.cimXmlLoopback.enabled).not.toBe(true);
    expect(PORT_MAP.eventCollector.enabled).not.toBe(true);
    expect(PORT_MAP.wsmanHttp.platform).toBe("windows");
  });

  it("holds the Windows Server 2008 ports as variants", () => {
    expect(PORT_MAP.wsmanHttp.variants[0]).toMatchObject({ name: "windows-server-2008", port: 80 });
    expect(PORT_MAP.wsmanHttps.variants[0]).toMatchObject({ name: "windows-server-2008", port: 443 });
  });
});

describe("the range of data ports", () => {
  const { range } = PORT_MAP.backupData;

  it("holds more than the 25 ports that must always be open", () => {
    expect(rangeSize(range)).toBe(50);
  });

  it.each([
    ["Linux", { from: 32_768, to: 60_999 }],
    ["Windows and macOS", { from: 49_152, to: 65_535 }],
    ["Windows before Vista", { from: 1025, to: 5000 }],
    ["Kubernetes node ports", { from: 30_000, to: 32_767 }],
    ["the assigned ports round 20000", { from: 19_998, to: 20_222 }],
  ])("shares no port with those of %s", (_, other) => {
    expect(overlapOf(range, other)).toBeNull();
  });
});

describe("findFlow", () => {
  it("finds every flow by its key and by its public name, in any case", () => {
    for (const key of FLOW_KEYS) {
      for (const text of [key, flowName(key), key.toUpperCase(), ` ${flowName(key)} `]) {
        expect(findFlow(text)).toEqual({ found: true, key, flow: PORT_MAP[key] });
      }
    }
  });

  it.each([
    ["31134", "managerReport"],
    ["esm-07", "managerReport"],
    ["20310", "backupData"],
  ])("finds %s where only one flow has that port or row", (text, key) => {
    expect(findFlow(text)).toMatchObject({ found: true, key });
  });

  it.each([
    ["443", "shared", ["express-web", "exchange-online"]],
    ["be-03", "shared", ["manager-peer", "administration"]],
    ["manager-reprot", "unknown", ["manager-report"]],
    ["snmp", "unknown", ["snmp-get", "snmp-trap"]],
    ["20350", "unknown", []],
    ["zzzzzz", "unknown", []],
    ["", "unknown", []],
  ])("answers %j (%s) with the names that may have been meant", (text, problem, names) => {
    expect(findFlow(text)).toEqual({ found: false, problem, names });
  });

  it("is not fooled by names that every object has", () => {
    expect(findFlow("constructor")).toMatchObject({ found: false });
    expect(findFlow("__proto__")).toMatchObject({ found: false });
  });
});

describe("names and settings", () => {
  it("writes the public name with hyphens", () => {
    expect(flowName("managerReport")).toBe("manager-report");
    expect(flowName("popBeforeSmtp")).toBe("pop-before-smtp");
    expect(flowName("ping")).toBe("ping");
  });

  it("names a setting for every flow that can move, and none for the others", () => {
    expect(settingKey("managerReport")).toBe("ports.managerReport");
    expect(FLOW_KEYS.filter((key) => settingKey(key) === null)).toEqual([
      "ping",
      "snmpGet",
      "historyForward",
      "exchangeOnline",
    ]);
  });

  it("suggests at most three, the nearest first", () => {
    expect(closest("express", ["express-web", "express-mail", "express-report", "express-report-https"])).toHaveLength(
      3,
    );
    expect(closest("consol", ["console", "cim-xml"])).toEqual(["console"]);
  });
});
