// Somebody changes the firewall of a host behind our back: a manager and an agent as processes of their own on two
// computers, the agent's with nftables in charge, everything by the commands that an operator has.

import { expect, it } from "vitest";
import type { InboxAlert } from "../../src/model/alert.ts";
import { tellOfMissingPeer } from "../missing-peer.ts";
import { missingForLab, type Place } from "../namespaces.ts";
import { createManagedHost, PACKAGES, PEER, PROGRAMS } from "../peers/firewall-managers.ts";
import { eventually, LAUNCHER } from "./running-programs.ts";

const TESTS = "a firewall that drifts, from the agent that sees it to the manager's inbox";

if (missingForLab(PROGRAMS.nftables).length > 0) {
  tellOfMissingPeer({ tests: TESTS, install: ["iproute2", ...PACKAGES.nftables].join(" ") });
} else {
  it(`${TESTS}: what changed is named, the command it names mends it, and the alert ends`, {
    timeout: 300_000,
  }, async () => {
    const host = await createManagedHost("nftables");
    try {
      const { place: server, peer: minder, folder } = host;
      const before = await host.snapshot();
      const data = { manager: ["--data", `${folder}/manager`], agent: ["--data", `${folder}/agent`] };
      const state = ["--state", `${folder}/state`];
      minder.start(process.execPath, [LAUNCHER, "manager", "run", ...data.manager]);
      const { token } = await eventually("the manager answers", () =>
        asked<{ token: string }>(minder, ["host", "token", "--name", "web1", ...data.manager]),
      );
      await must(server, ["agent", "enroll", token, ...data.agent]);
      const settings = [`firewall.state=${folder}/state`, "firewall.lookSeconds=1"].flatMap((each) => ["--set", each]);
      server.start(process.execPath, [LAUNCHER, "agent", "run", ...data.agent, ...settings]);

      // It knows its manager by its enrolment.
      await must(server, ["firewall", "apply", "--revert-after", "0", ...state, ...data.agent]);
      const alerts = async () => {
        const list = await asked<{ items: InboxAlert[] }>(minder, ["alert", "list", "--all", ...data.manager]);
        return (list?.items ?? []).filter(({ condition }) => condition === "firewall.drift");
      };
      const listed = await server.sh("nft -a list chain inet hostfw rusuban-in");
      const [, handle] = /ip saddr .* tcp dport 10000 .* # handle (\d+)/.exec(listed) ?? [];
      expect(handle, listed).toBeDefined();
      // In one step: a look in between would tell the half of it.
      const input = `delete rule inet hostfw rusuban-in handle ${handle}\nadd rule inet hostfw rusuban-in tcp dport 23 accept\n`;
      await server.sh("nft -f -", { input });

      const raised = await eventually("the manager has heard of it", async () => (await alerts())[0]);
      expect(raised).toMatchObject({ kind: "raised", state: "open", severity: "warning", component: "firewall" });
      const named = (what: string) => raised.details.filter(({ name }) => name === what).map(({ value }) => value);
      const [missing = "", ...more] = named("missing");
      expect(missing).toMatch(/^inet hostfw input: in tcp from .* port 10000 # rusuban:agent:backup-control:/);
      expect([more, missing.includes(PEER[4])]).toEqual([[], true]);
      expect(named("not as applied")).toEqual([expect.stringContaining("a rule that is not ours")]);
      expect(raised.summary).toContain("1 missing, 1 not as applied");
      const [mend = ""] = named("mend");
      expect(raised.summary).toContain(mend);

      await server.sh(mend.replace(/^rusuban /, `"${process.execPath}" "${LAUNCHER}" `));
      expect((await server.run(process.execPath, [LAUNCHER, "firewall", "status", ...state])).code).toBe(0);
      const all = await eventually("the manager has heard that it is over", async () => {
        const told = await alerts();
        return told.length > 1 && told;
      });
      expect(all.map(({ kind, state: now }) => `${kind} ${now}`)).toEqual(["cleared cleared", "raised cleared"]);

      await must(server, ["firewall", "remove", "--yes", ...state]);
      expect(await host.snapshot()).toBe(before);
    } finally {
      await host.dispose();
    }
  });
}

/** The data of a command's answer; undefined where it failed. */
async function asked<T>(place: Place, words: readonly string[]): Promise<T | undefined> {
  const { code, stdout } = await place.run(process.execPath, [LAUNCHER, ...words, "--json"]);
  return code === 0 ? (JSON.parse(stdout).data as T) : undefined;
}

async function must(place: Place, words: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await place.run(process.execPath, [LAUNCHER, ...words]);
  if (code !== 0) throw new Error(`rusuban ${words.join(" ")}: exit code ${code}\n${stdout}${stderr}`);
}
