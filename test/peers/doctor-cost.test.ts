// What an examination takes: printed for whoever reads the output of the tests, and for docs/doctor.md.

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/runtime/clock.ts";
import { type CausesLab, createCausesLab } from "../fixtures/doctor/causes-lab.ts";
import { tellOfMissingPeer } from "../missing-peer.ts";
import { missingForLab, type Place } from "../namespaces.ts";

const missing = missingForLab(["nft", "ping"]);
if (missing.length === 0) describe("an examination", cost);
else tellOfMissingPeer({ tests: "the doctor's cost", install: "iproute2 iputils-ping nftables (as root)" });

function cost(): void {
  let lab: CausesLab;
  beforeAll(async () => {
    lab = await createCausesLab();
  }, 60_000);
  afterAll(() => lab.dispose());

  it.each([
    ["nothing in the way", "", 0],
    ["the host drops all that comes", "chain i { type filter hook input priority 0; ct state new iif != lo drop; }", 1],
    ["all is dropped in between", "", 1],
  ] as const)(
    "with %s ends, and says what it took",
    async (name, chains, closedMin) => {
      const isBetween = chains === "" && closedMin > 0;
      const place = isBetween ? lab.firewall : lab.agent;
      const rules = isBetween ? "chain f { type filter hook forward priority 0; ct state new drop; }" : chains;
      if (rules !== "") {
        onTestFinished(() => place.sh("nft delete table inet built").then(() => {}));
        await place.sh(`nft -f - <<'END'\ntable inet built {\n${rules}\n}\nEND`);
      }
      const before = await usageOf(lab.agent);
      const began = systemClock.monotonic();
      const verdicts = Object.values(await lab.examine());
      const seconds = ((systemClock.monotonic() - began) / 1_000).toFixed(1);
      const after = await usageOf(lab.agent);
      const closed = verdicts.filter((said) => said !== "open").length;
      expect(closed > 0).toBe(closedMin > 0);
      process.stdout.write(
        `doctor: ${name}: ${verdicts.length} verdicts in ${seconds} s; the host's agent took ${after.cpuMs - before.cpuMs} ms ` +
          `of processor time, its card ${after.packets - before.packets} packets and ${after.bytes - before.bytes} bytes\n`,
      );
    },
    60_000,
  );
}

/** Of the programs in a namespace and its card, both directions. */
async function usageOf(place: Place): Promise<{ cpuMs: number; packets: number; bytes: number }> {
  const lines = await place.sh(`
    for pid in $(ip netns pids ${place.name}); do cat /proc/$pid/stat 2>/dev/null || true; done
    grep firewall: /proc/net/dev`);
  const rows = lines.trim().split("\n");
  const card =
    rows
      .find((row) => row.includes("firewall:"))
      ?.trim()
      .split(/[:\s]+/)
      .map(Number) ?? [];
  const [, receivedBytes = 0, received = 0, , , , , , , sentBytes = 0, sent = 0] = card;
  // proc(5): the 14th and 15th field, hundredths of a second, counted behind the name in its brackets.
  const ticks = rows
    .filter((row) => row.includes("(node)") || row.includes("(MainThread)"))
    .map((row) => row.slice(row.lastIndexOf(")") + 2).split(" "))
    .reduce((sum, fields) => sum + Number(fields[11]) + Number(fields[12]), 0);
  return { cpuMs: ticks * 10, packets: received + sent, bytes: receivedBytes + sentBytes };
}
