// What every renderer must hold, whatever it writes for.

import { describe, expect, it } from "vitest";
import { FLOW_KEYS, flowName, flowOf } from "../../ports/port-map.ts";
import { createPortBook } from "../../ports/port-settings.ts";
import { type Rendered, type Renderer, render } from "../renderer.ts";
import { type RuleSet, SIDES, type Side } from "../rule.ts";
import { agentNamed, rulesOn, topologyOf } from "../rule-set-fixture.ts";
import { TARGETS } from "../targets.ts";
import { HOSTILE_NAMES, hostileRules } from "./hostile-rules-fixture.ts";

const LANGUAGES = ["en", "ja"] as const;
const whole = ({ files }: Rendered) => files.map(({ text }) => text).join("");
/** Rules without comments, which say what was left out and why. */
const rulesOnly = (rendered: Rendered) =>
  whole(rendered)
    .split(/\r?\n/)
    .filter((line) => !/^(#|!|rem )|left out: /.test(line))
    .join("\n");

/** Ports that would open something of the host alone. */
const LOOPBACK = [
  ...FLOW_KEYS.map(flowOf)
    .filter(({ scope }) => scope === "loopback")
    .map(({ port }) => port),
  111,
];

/** What a listing of rules may not hold: commands that reach beyond our own objects. */
const FOREIGN =
  /flush ruleset|-F (INPUT|OUTPUT|FORWARD)|-P (INPUT|OUTPUT|FORWARD)|delete rule name=all|--complete-reload|ufw (disable|reset)|no ip access-list extended (?!RUSUBAN)|Set-NetFirewallProfile|systemctl/;

function check(renderer: Renderer): void {
  const each = (side: Side, ruleSet: RuleSet = rulesOn(side)) => render(renderer, ruleSet, { language: "en" });
  const places = SIDES.filter((side) => renderer.sides.includes(side));

  it("says the same for the same rules, in both languages, in files whose names differ", () => {
    for (const side of places) {
      for (const language of LANGUAGES) {
        const once = render(renderer, rulesOn(side), { language });
        expect(render(renderer, rulesOn(side), { language })).toEqual(once);
        const names = once.files.map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        for (const name of names) expect(name).toMatch(/^(?:[a-z]+\/)?rusuban[a-z0-9.-]+$/);
      }
    }
  });

  it("names each flow that it has a rule for, and says of each other why not", () => {
    for (const side of places) {
      const rendered = each(side);
      const refused = new Set(rendered.leftOut.map(({ flow }) => flow));
      for (const { flow } of rulesOn(side).rules) {
        if (!refused.has(flow)) expect(whole(rendered), `${side} ${flow}`).toContain(flow);
      }
    }
  });

  it("has a port for every flow, and the whole range of data ports", () => {
    for (const side of places) {
      const text = whole(each(side));
      for (const { transport, ports } of rulesOn(side).rules) {
        if (transport === "icmp") continue;
        for (const { from, to } of ports) {
          expect(text).toMatch(new RegExp(`\\b${from}\\b`));
          expect(text).toMatch(new RegExp(`\\b${to}\\b`));
        }
      }
    }
  });

  it("opens nothing of the loopback, and no plain HTTP for WS-Management on Linux", () => {
    for (const side of places) {
      const text = rulesOnly(each(side));
      for (const port of [...LOOPBACK, flowOf("wsmanHttp").port])
        expect(text).not.toMatch(new RegExp(`[^0-9.]${port}[^0-9.]`));
    }
  });

  it("touches no rules but its own", () => {
    for (const side of places) expect(whole(each(side))).not.toMatch(FOREIGN);
  });

  it("has addresses of both families, and none of a family that only one end has", () => {
    for (const side of places) {
      const other = side === "agent" ? "10.77.1.10" : "10.77.2.20";
      const other6 = side === "agent" ? "fd77:1::10" : "fd77:2::20";
      expect(whole(each(side))).toContain(other);
      expect(whole(each(side))).toContain(other6);
      const topology = topologyOf({ agents: [agentNamed("web1", ["10.77.2.20"])] });
      const only4 = rulesOn(side, { topology, flows: ["backupControl", "managerReport"] });
      expect(rulesOnly(each(side, only4))).not.toMatch(/fd77:/);
    }
  });

  it("follows a port that was moved", () => {
    for (const side of places) {
      const topology = topologyOf({
        agents: [agentNamed("web1", ["10.77.2.20"], { ports: createPortBook({ backupControl: 10_444 }) })],
      });
      const text = rulesOnly(each(side, rulesOn(side, { topology, flows: ["backupControl"] })));
      expect(text).toMatch(/\b10444\b/);
      expect(text).not.toMatch(/\b10000\b/);
    }
  });

  it("is well with no rules at all", () => {
    for (const side of places) expect(() => each(side, rulesOn(side, { flows: [] }))).not.toThrow();
  });

  it.each(HOSTILE_NAMES)("makes %j harmless: as many lines and quotes as with a plain name", (name) => {
    for (const side of places) {
      const plain = each(side, hostileRules(side, "web1"));
      const hostile = each(side, hostileRules(side, name));
      expect(hostile.files.map((file) => file.name)).toEqual(plain.files.map((file) => file.name));
      for (const [index, { text }] of hostile.files.entries()) {
        const other = plain.files[index]?.text ?? "";
        expect(text.split(/\r?\n|[\r\u0085\u2028\u2029]/).length).toBe(other.split("\n").length);
        expect(text.match(/(?![\t\r\n])[\p{Cc}\u202e]/gu)).toBeNull();
      }
      const code = (rendered: Rendered) => rendered.files.map(({ text }) => withoutComments(text)).join("");
      if (HAS_QUOTES.has(renderer.name)) {
        for (const quote of ["'", '"', "`", "$", ";", "<", ">", "&", "|"]) {
          expect([quote, count(code(hostile), quote)]).toEqual([quote, count(code(plain), quote)]);
        }
      }
    }
  });

  it.each(SIDES.filter((side) => !renderer.sides.includes(side)))(
    "refuses side %s with the sides that it has",
    (side) => {
      expect(() => each(side)).toThrow(`target: ${renderer.name} has no rules for the side ${side}: ask for `);
    },
  );

  if (renderer.portsPerRuleMax !== null) {
    it(`splits a flow with more ports than the ${renderer.portsPerRuleMax} that a rule takes`, () => {
      const many = Array.from({ length: 23 }, (_, index) => ({
        from: 40_000 + 4 * index,
        to: 40_000 + 4 * index + (index % 2),
      }));
      for (const side of places) {
        const rules = rulesOn(side, { flows: ["backupData", "dedupEngine"] }).rules.map((rule) => ({
          ...rule,
          ports: many,
        }));
        const text = whole(each(side, { ...rulesOn(side), rules }));
        for (const { from, to } of many) expect(text).toMatch(new RegExp(`\\b${from}\\b[\\s\\S]*\\b${to}\\b`));
        for (const [, list = ""] of text.matchAll(/(?:--dports |port )([\d:,]+)/g)) {
          expect(list.split(/[,:]/).length).toBeLessThanOrEqual(renderer.portsPerRuleMax ?? 0);
        }
      }
    });
  }
}

/** Those whose quotes and signs mean something to whoever runs them; tables have parsers of their own. */
const HAS_QUOTES = new Set(["nftables", "iptables", "firewalld", "ufw", "windows", "netsh", "aws", "acl"]);

function withoutComments(text: string): string {
  return text
    .split(/\r?\n/)
    .filter((line) => !/^(# |! |rem )/.test(line))
    .join("\n");
}

function count(text: string, sign: string): number {
  return text.split(sign).length - 1;
}

describe.each(TARGETS.map((renderer) => [renderer.name, renderer] as const))("target %s", (_, renderer) =>
  check(renderer),
);

describe("the targets", () => {
  it("are those that were asked for, each once", () => {
    expect(TARGETS.map(({ name }) => name)).toEqual([
      ...["nftables", "iptables", "firewalld", "ufw", "windows", "netsh", "aws", "acl", "table", "csv", "markdown"],
    ]);
  });

  it("know every flow's public name", () => {
    expect(FLOW_KEYS.map(flowName).every((name) => /^[a-z0-9-]+$/.test(name))).toBe(true);
  });
});
