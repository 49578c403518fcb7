// The rendered files before the targets' own checkers and loaders: hostile names, a thousand hosts, and the traps that
// rule files for these four are known to fall into.

import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RenderedFile, render } from "../../src/firewall/renderer.ts";
import type { RuleSet } from "../../src/firewall/rule.ts";
import { agentNamed, rulesOn, topologyOf } from "../../src/firewall/rule-set-fixture.ts";
import { HOSTILE_NAMES, hostileRules } from "../../src/firewall/targets/hostile-rules-fixture.ts";
import { iptablesRules } from "../../src/firewall/targets/iptables.ts";
import { targetNamed } from "../../src/firewall/targets.ts";
import { tellOfMissingPeer } from "../missing-peer.ts";
import {
  type Computer,
  createLab,
  createRoutedLab,
  type Lab,
  missingForLab,
  type Place,
  ROUTED,
} from "../namespaces.ts";
import { FIREWALL_KINDS, type FirewallKind } from "./firewall-kinds.ts";
import { answer, unanswered } from "./firewall-traffic.ts";

const directory = await mkdtemp(join(tmpdir(), "rusuban-loading-"));
afterAll(() => rm(directory, { recursive: true, force: true }));
let count = 0;

/** Writes what a target renders into a folder of its own. */
async function written(
  target: string,
  ruleSet: RuleSet,
): Promise<{ folder: string; files: readonly RenderedFile[]; script: string }> {
  const folder = join(directory, String(++count));
  const { files } = render(targetNamed(target), ruleSet, { language: "ja" });
  for (const { name, text } of files) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return { folder, files, script: join(folder, files.find(({ name }) => name.endsWith(".sh"))?.name ?? "") };
}

const thousand = Array.from({ length: 1_000 }, (_, index) =>
  agentNamed(`web${index}`, [`10.80.${index >> 8}.${index & 255 || 256 - 1}`, `fd80::${(index + 1).toString(16)}`]),
);
const manyRules = () =>
  rulesOn("manager", { topology: topologyOf({ agents: thousand }), flows: ["managerReport", "ping"] });

function kindNamed(target: string): FirewallKind {
  const kind = FIREWALL_KINDS.find((each) => each.target === target);
  if (kind === undefined) throw new Error(`no firewall ${target}`);
  return kind;
}

/** Tests for one firewall on one computer that denies everything. */
function withFirewall(target: string, tests: (at: () => { computer: Computer; place: Place }) => void): void {
  const kind = kindNamed(target);
  const missing = missingForLab(kind.programs);
  if (missing.length > 0) {
    tellOfMissingPeer({
      tests: `loading into ${target} (without ${missing.join(", ")})`,
      install: "iproute2 nftables iptables ufw firewalld dbus",
    });
    return;
  }
  describe(`loading into ${target}`, () => {
    let lab: Lab | undefined;
    let at: { computer: Computer; place: Place } | undefined;
    beforeAll(async () => {
      lab = await createLab();
      const computer = await lab.computer("host");
      const neighbour = await lab.computer("neighbour");
      await lab.connect(computer, neighbour, { a: ["10.77.2.20/24"], b: ["10.77.2.1/24"] });
      at = { computer, place: await kind.deny(computer) };
    }, 300_000);
    afterAll(() => lab?.dispose());
    tests(() => at as { computer: Computer; place: Place });
  });
}

withFirewall("nftables", (at) => {
  it("nft accepts every hostile name on every side, and a loader that a shell accepts", async () => {
    for (const name of HOSTILE_NAMES) {
      for (const side of ["agent", "manager", "between"] as const) {
        const { folder, files, script } = await written("nftables", hostileRules(side, name));
        await at().place.sh(`nft -c -f ${join(folder, files[0]?.name ?? "")}; sh -n ${script}`);
      }
    }
  });

  it("an accept in a table of one's own opens nothing that another table drops, a chain inside that table does", async () => {
    const lab = await createRoutedLab();
    try {
      await kindNamed("nftables").deny(lab.agent);
      const service = [{ transport: "tcp", port: 10_000 }] as const;
      await answer(lab.agent, service);
      const own =
        "table inet own {\n chain input {\n type filter hook input priority filter - 5; policy accept;\n tcp dport 10000 counter accept\n }\n}\n";
      await lab.agent.sh("nft -f -", { input: own });
      expect(await unanswered(lab.manager, service, { address: ROUTED.agent[0], waitMs: 4_000 })).toEqual([
        ["tcp 10000", "no answer"],
      ]);
      expect(await lab.agent.sh("nft list table inet own")).toMatch(/counter packets [1-9]/);
      const { script } = await written("nftables", rulesOn("agent"));
      await lab.agent.sh(`sh ${script}`);
      expect(await unanswered(lab.manager, service, { address: ROUTED.agent[0] })).toEqual([]);
    } finally {
      await lab.dispose();
    }
  }, 300_000);

  it("a file with a mistake in its last line changes nothing", async () => {
    const { folder, files, script } = await written("nftables", rulesOn("agent"));
    await at().place.sh(`sh ${script}`);
    const before = await at().place.sh("nft -s list ruleset");
    const broken = join(folder, files[0]?.name ?? "");
    await writeFile(
      broken,
      `${files[0]?.text.replaceAll("10.77.1.10", "10.77.1.99")}\nadd rule inet filter nowhere accept\n`,
    );
    expect((await at().place.run("sh", [script])).code).not.toBe(0);
    expect(await at().place.sh("nft -s list ruleset")).toBe(before);
  });

  it("a conversation that goes on survives the rules being loaded again", async () => {
    const lab = await createRoutedLab();
    try {
      await kindNamed("nftables").deny(lab.agent);
      await answer(lab.agent, [{ transport: "tcp", port: 10_000 }]);
      const { script } = await written("nftables", rulesOn("agent"));
      await lab.agent.sh(`sh ${script}`);
      const talk = lab.manager.start(process.execPath, [
        "--input-type=module",
        "--eval",
        `import net from "node:net"; const socket = net.connect(10000, "${ROUTED.agent[0]}"); socket.on("error", () => process.exit(1)); process.stdin.pipe(socket); socket.pipe(process.stdout);`,
      ]);
      for (const word of ["before", "after"]) {
        const heard = once(talk.stdout ?? talk, "data");
        talk.stdin?.write(word);
        expect(`${(await heard)[0]}`).toBe(word);
        await lab.agent.sh(`sh ${script}`);
      }
    } finally {
      await lab.dispose();
    }
  }, 300_000);

  it("a chain that is not there is said to filter nothing, and the rest is loaded", async () => {
    const lab = await createLab();
    try {
      const computer = await lab.computer("half");
      await computer.sh("nft -f -", {
        input: "table inet filter {\n chain input {\n type filter hook input priority filter; policy drop;\n }\n}\n",
      });
      const { script } = await written("nftables", rulesOn("agent"));
      const { code, stderr } = await computer.run("sh", [script]);
      expect([code, stderr]).toEqual([
        0,
        "table inet filter has no chain output: nothing is filtered there, nothing to open\n",
      ]);
      expect(await computer.sh("nft list chain inet filter input")).toContain("jump rusuban_agent_in");
    } finally {
      await lab.dispose();
    }
  });

  it("a thousand agents load", async () => {
    const { script } = await written("nftables", manyRules());
    await at().place.sh(`sh ${script}`);
    expect(await at().place.sh("nft list chain inet filter rusuban_manager_in")).toContain("fd80::3e8");
  });
});

withFirewall("iptables", (at) => {
  const restores = [
    [4, "iptables-restore"],
    [6, "ip6tables-restore"],
  ] as const;

  it("both checkers accept every hostile name on every side", async () => {
    for (const name of HOSTILE_NAMES) {
      for (const side of ["agent", "manager", "between"] as const) {
        for (const [family, program] of restores) {
          const input = iptablesRules(hostileRules(side, name), family);
          await at().place.sh(`${program} --noflush --test`, { input });
        }
      }
    }
  });

  it("a flow with more ports than one rule takes is split, and loads", async () => {
    const ports = Array.from({ length: 23 }, (_, index) => ({ from: 40_000 + 4 * index, to: 40_001 + 4 * index }));
    const { rules, ...rest } = rulesOn("agent", { flows: ["backupData"] });
    const { script } = await written("iptables", { ...rest, rules: rules.map((rule) => ({ ...rule, ports })) });
    await at().place.sh(`sh ${script}`);
    const listing = await at().place.sh("iptables -S RUSUBAN-AGENT-IN");
    for (const { from, to } of ports) expect(listing).toContain(`${from}:${to}`);
  });

  it("a thousand agents load, with the jump before the distribution's final reject, once", async () => {
    const { script } = await written("iptables", manyRules());
    await at().place.sh(`sh ${script}; sh ${script}`);
    const input = (await at().place.sh("iptables -S INPUT")).split("\n");
    expect(input.filter((line) => line.includes("RUSUBAN-MANAGER-IN"))).toHaveLength(1);
    const [ours, reject] = [/RUSUBAN-MANAGER-IN/, /REJECT/].map((each) => input.findIndex((line) => each.test(line)));
    expect(ours).toBeLessThan(reject ?? 0);
  }, 300_000);
});

withFirewall("ufw", (at) => {
  it("accepts every hostile name as a comment", async () => {
    for (const name of HOSTILE_NAMES) {
      const { files, script } = await written("ufw", hostileRules("agent", name));
      await at().place.sh(`sh -n ${script}`);
      const [line = ""] =
        files[0]?.text.split("\n").filter((each) => each.startsWith("add 'rusuban:agent:backup-control:")) ?? [];
      const [, comment = "", words = ""] = /^add '([^']*)' (.*)$/.exec(line) ?? [];
      await at().place.sh(`ufw --dry-run ${words} comment '${comment}'`);
    }
  }, 300_000);

  it("leaves a rule alone that somebody else has already, also when ours go", async () => {
    const theirs = "allow from 10.77.1.10 to any port 10000 proto tcp";
    await at().place.sh(`ufw ${theirs} comment 'theirs'`);
    const load = async (flows: readonly "backupControl"[]) => {
      const { script } = await written("ufw", rulesOn("agent", { flows }));
      await at().place.sh(`sh ${script}`);
      return at().place.sh("ufw show added");
    };
    const mine = "ufw allow from fd77:1::10 to any port 10000 proto tcp comment 'rusuban:agent:backup-control:web1'";
    expect((await load(["backupControl"])).split("\n")).toEqual(
      expect.arrayContaining([`ufw ${theirs} comment 'theirs'`, mine]),
    );
    const after = await load([]);
    expect(after).toContain(`ufw ${theirs} comment 'theirs'`);
    expect(after).not.toContain("rusuban");
  }, 300_000);
});

withFirewall("firewalld", (at) => {
  it("changes nothing until it reloads, then has every rule, also of a thousand agents and of hostile names", async () => {
    const { folder, script } = await written("firewalld", manyRules());
    await at().place.sh(`cp ${folder}/policies/*.xml /etc/firewalld/policies/`);
    expect(await at().place.sh("firewall-cmd --get-policies")).not.toContain("rusuban");
    await at().place.sh(`sh ${script}`);
    expect(await at().place.sh("firewall-cmd --get-policies")).toContain("rusuban-mgr-in");
    expect(
      (await at().place.sh("firewall-cmd --ipset=rusuban-mgr-set2-v6 --get-entries")).trim().split("\n"),
    ).toHaveLength(1_000);
    expect(await at().place.sh("nft list ruleset")).toContain("fd80::3e8");
    const named = HOSTILE_NAMES.flatMap((name) => hostileRules("agent", name).rules);
    const hostile = await written("firewalld", { ...hostileRules("agent", "web1"), rules: named });
    await at().place.sh(`sh ${hostile.script}`);
    expect(await at().place.sh("firewall-cmd --info-policy=rusuban-agent-in")).toContain(
      "rusuban-agent-backup-data-in",
    );
  }, 300_000);

  it("puts everything back where firewalld refuses a file", async () => {
    const good = await written("firewalld", rulesOn("agent"));
    await at().place.sh(`sh ${good.script}`);
    const before = await at().place.sh("cat /etc/firewalld/*/rusuban-agent*");
    const bad = await written("firewalld", rulesOn("agent", { flows: ["backupControl"] }));
    await writeFile(join(bad.folder, "policies/rusuban-agent-in.xml"), "<policy target='NONSENSE'>");
    const { code, stderr } = await at().place.run("sh", [bad.script]);
    expect(code).not.toBe(0);
    expect(stderr).toContain("everything is as it was");
    expect(await at().place.sh("cat /etc/firewalld/*/rusuban-agent*")).toBe(before);
    expect(await at().place.sh("firewall-cmd --get-policies")).toContain("rusuban-agent-in");
  }, 300_000);
});
