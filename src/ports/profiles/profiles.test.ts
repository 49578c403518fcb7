import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FLOW_KEYS, flowOf } from "../port-map.ts";
import { type Profile, type ProfilePort, type ProfileRow, rowsFor } from "./profile.ts";
import { PROFILES } from "./profiles.ts";

/** The project's own fact file: every fact of the two products' documents. */
const facts = JSON.parse(readFileSync(new URL("../../../test/fixtures/port-map.json", import.meta.url), "utf8"));
const factRows: readonly { readonly id: string }[] = facts.rows;
const rows = PROFILES.flatMap((profile) => profile.rows.map((row) => ({ profile, row })));

/** A row written the way the fact file writes it. */
function asFact({ product, sourceFile }: Profile, row: ProfileRow): object {
  return {
    id: row.id,
    product,
    source_file: sourceFile,
    feature: row.feature.en,
    feature_ja: row.feature.ja,
    scope: row.scope,
    initiator: row.initiator,
    source_component: row.source,
    source_port: row.sourcePort,
    destination_component: row.destination,
    destination_ports: row.ports.map(portAsFact),
    protocol: row.transport,
    application_protocol: row.application,
    reply: row.reply,
    platform_variant: row.platform,
    changeable: row.changeable,
    change_where: row.changeWhere,
    footnotes: row.footnotes,
    purpose: null, // The documents state none for any row.
    inferred_not_in_text: row.inferred,
  };
}

function portAsFact(port: ProfilePort): string {
  switch (port.kind) {
    case "port":
      if (port.onlyOn === undefined) return String(port.port);
      return `${port.port} (only ${port.onlyOn === "windows-server-2008" ? "Windows Server 2008" : port.onlyOn})`;
    case "range":
      return `${port.range.from}-${port.range.to} (${port.statedIn})`;
    case "windows-rule":
      return `Windows rule${port.group ? " group" : ""} '${port.rule}'`;
    case "automatic":
      return "auto (自動割当)";
    case "portless":
      return "-";
    case "none":
      return "None";
  }
}

describe("the profiles of the two products", () => {
  it.each(factRows.map((fact) => [fact.id, fact] as const))("carry %s with every fact of it", (id, fact) => {
    const carried = rows.filter(({ row }) => row.id === id).map(({ profile, row }) => asFact(profile, row));
    expect(carried).toEqual([fact]);
  });

  it("carry the 30 rows of the documents and nothing else, in their order", () => {
    expect(factRows).toHaveLength(30);
    expect(rows.map(({ row }) => row.id)).toEqual(factRows.map(({ id }) => id));
  });

  it("carry every trap, sample rule, note, error code, symptom and tool", () => {
    expect(PROFILES.flatMap(({ traps }) => traps)).toEqual(facts.traps);
    expect(PROFILES.flatMap(({ sampleRules }) => sampleRules)).toEqual(facts.sample_iptables);
    expect(PROFILES.flatMap(({ notes }) => notes)).toEqual([facts.firewalld_note]);
    expect(PROFILES.flatMap(({ errorCodes }) => errorCodes)).toEqual(facts.error_codes);
    expect(PROFILES.flatMap(({ symptoms }) => symptoms)).toEqual(facts.symptoms);
    expect(PROFILES.flatMap(({ diagnosisTools }) => diagnosisTools)).toEqual(facts.diagnosis_tools);
  });

  it("link each row to the flows that name it as their seed, and each flow back", () => {
    const fromRows = rows.flatMap(({ row }) => row.flows.map((flow) => `${row.id} ${flow}`));
    const fromFlows = FLOW_KEYS.flatMap((flow) => flowOf(flow).seedRows.map((id) => `${id} ${flow}`));
    expect(fromRows.sort()).toEqual(fromFlows.sort());
  });

  it("say why where no flow serves a row, and only there", () => {
    const unserved = rows.filter(({ row }) => row.flows.length === 0).map(({ row }) => row.id);
    expect(unserved).toEqual(["esm-13", "esm-14", "esm-18", "be-02"]);
    for (const { row } of rows) expect([row.id, row.unserved === null]).toEqual([row.id, row.flows.length > 0]);
  });

  it("serve a row on the port, transport and direction that its document gives", () => {
    for (const { row } of rows) {
      if (row.scope === "loopback" || row.ports.some(({ kind }) => kind !== "port")) continue;
      const ours = row.flows.map(flowOf).flatMap(({ port, variants }) => [port, ...variants.map((v) => v.port)]);
      for (const port of row.ports) expect(ours, row.id).toContain(port.kind === "port" ? port.port : undefined);
      for (const flow of row.flows.map(flowOf)) {
        expect([row.id, flow.transport, flow.listener]).toEqual([row.id, row.transport, row.to]);
        if (row.from !== null) expect(flow.initiators, row.id).toContain(row.from);
      }
    }
  });

  it("do not make up a direction where the document has none", () => {
    const open = rows.filter(({ row }) => row.from === null).map(({ row }) => row.id);
    expect(open).toEqual(["be-02", "be-03", "be-04", "be-07"]);
  });
});

describe("a variant of a profile", () => {
  const portsOf = (name: string) => {
    const [profile] = PROFILES;
    const variant = profile?.variants.find((each) => each.name === name);
    if (profile === undefined || variant === undefined) throw new Error(`no variant ${name}`);
    return new Map(rowsFor(profile, variant).map((row) => [row.id, row.ports.map(portAsFact)]));
  };

  it("replaces the usual ports on Windows Server 2008", () => {
    const ports = portsOf("windows-server-2008");
    expect([ports.get("esm-01"), ports.get("esm-02")]).toEqual([
      ["80 (only Windows Server 2008)"],
      ["443 (only Windows Server 2008)"],
    ]);
    expect(ports.get("esm-07")).toEqual(["31134"]);
  });

  it("leaves out plain WS-Man on Linux, and the Linux rows on Windows", () => {
    const linux = portsOf("linux");
    const windows = portsOf("windows");
    expect([linux.has("esm-01"), windows.get("esm-01")]).toEqual([false, ["5985"]]);
    expect([linux.has("esm-03"), windows.has("esm-03")]).toEqual([true, false]);
    expect([linux.has("esm-13"), windows.has("esm-13")]).toEqual([true, false]);
    expect([linux.size, windows.size]).toEqual([17, 11]);
  });
});
