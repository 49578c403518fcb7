import { describe, expect, it, onTestFinished } from "vitest";
import { createSnmpMeans } from "../../src/manager/watch/agentless/snmp-means.ts";
import type { SnmpAccess } from "../../src/protocols/snmp/access.ts";
import { tellOfMissingPeer } from "../missing-peer.ts";
import { SNMPD, STRONG_USERS, startSnmpd, versionOfSnmpd } from "../snmpd.ts";

// The real snmpd of net-snmp is looked at in all three versions, and the check says what is wrong.

const version = versionOfSnmpd();
const NEVER = new AbortController().signal;
const BRIEF = { timeoutMs: 1_500, retries: 0 };

type Version3 = Extract<SnmpAccess, { version: "3" }>;
const SIGNED: Version3 = {
  ...{ version: "3", user: SNMPD.user },
  authentication: { protocol: "sha256", password: SNMPD.password },
  privacy: { protocol: "aes", password: SNMPD.privacyPassword },
};
const wrong = (access: Partial<Version3>): SnmpAccess => ({ ...SIGNED, ...access });
const password = "not the right one";

if (version === undefined) tellOfMissingPeer({ tests: "looks by SNMP at snmpd", install: "snmpd" });
else {
  describe(`looks by SNMP at snmpd ${version}`, () => {
    async function start(snmp: SnmpAccess, patience?: { timeoutMs: number; retries: number }) {
      const server = await startSnmpd();
      const means = createSnmpMeans(
        { address: "127.0.0.1", means: "snmp", port: server.port, trust: { kind: "system" }, snmp },
        patience,
      );
      onTestFinished(async () => {
        means.close();
        await server.stop();
      });
      return means;
    }

    it.each<SnmpAccess>([
      { version: "1", community: SNMPD.community },
      { version: "2c", community: SNMPD.community },
      SIGNED,
      ...STRONG_USERS.map(
        ({ name, ours }): SnmpAccess => ({
          ...{ version: "3", user: name, authentication: { protocol: "sha512", password: SNMPD.password } },
          privacy: { protocol: ours, password: SNMPD.privacyPassword },
        }),
      ),
    ])("see in version $version what an agent of ours would", async (access) => {
      const means = await start(access);
      const { facts, readings } = await means.look(NEVER);
      expect(facts.hostname).toBe("snmpd.example");
      expect(facts.operatingSystem).toMatch(/^Linux /);
      const of = (component: string, measure: string) =>
        readings.find((one) => one.component === component && one.measure === measure);
      expect(of("memory", "used")).toMatchObject({ unit: "ratio", state: "ok" });
      expect(of("memory", "used")?.value).toBeGreaterThan(0);
      expect(of("file system /", "used")?.value).toBeGreaterThan(0);
      expect(of("file system /", "used")?.value).toBeLessThanOrEqual(1);
      expect(of("host", "uptime")?.value).toBeGreaterThan(0);
      expect(of("processes", "count")?.value).toBeGreaterThan(1);
      expect(of("service no-such-program", "running")).toMatchObject({ value: 0 });
      expect(readings.filter(({ state }) => state === "unknown")).toEqual([]);
      // The second look has something to compare with.
      const later = (await means.look(NEVER)).readings;
      expect(later.length).toBeGreaterThanOrEqual(readings.length);
      expect((await means.check(NEVER)).map(({ passed }) => passed)).toEqual([true, true, true, true]);
    });

    it.each<[string, SnmpAccess, string, RegExp]>([
      ["a wrong community", { version: "2c", community: "wrong" }, "account", /the community is another/],
      ["an unknown user", wrong({ user: "nobody" }), "account", /does not know the user/],
      ["a wrong password", wrong({ authentication: { protocol: "sha256", password } }), "account", /password is wrong/],
      ["another hash", wrong({ authentication: { protocol: "sha512", password } }), "account", /another hash/],
      ["a wrong privacy password", wrong({ privacy: { protocol: "aes", password } }), "account", /privacy password/],
      ["no privacy", wrong({ privacy: null }), "account", /refuses: AuthorizationError/],
    ])("say of %s where it fails", async (_, access, step, what) => {
      const steps = await (await start(access, BRIEF)).check(NEVER);
      const failed = steps.filter(({ passed }) => passed === false);
      expect(failed).toEqual([{ step, passed: false, what: expect.stringMatching(what) }]);
    });
  });
}
