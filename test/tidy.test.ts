import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { GENERATED_DOCUMENTS, type GeneratedDocument, staleDocuments } from "../scripts/generate-docs.ts";
import { folderCycles, importTable, MAY_IMPORT, noBarrels } from "./tidy-imports.ts";
import { clocks, fixedListeners, leaks, portNumbers, randomness, sockets } from "./tidy-rules.ts";
import { type Finding, formatFinding, readSources, type Source } from "./tidy-source.ts";

const sources = readSources();

const RULES: Readonly<Record<string, (sources: readonly Source[]) => Finding[]>> = {
  importTable,
  folderCycles,
  noBarrels,
  portNumbers,
  fixedListeners,
  sockets,
  clocks,
  randomness,
  leaks,
};

describe("the house is tidy", () => {
  it.each(Object.entries(RULES))("%s finds nothing", (_, rule) => {
    expect(rule(sources).map(formatFinding)).toEqual([]);
  });

  it("looks at every file there is", () => {
    const paths = sources.map(({ path }) => path);
    expect(paths).toContain("src/ports/port-map.ts");
    expect(paths).toContain("src/runtime/clock.ts");
    expect(paths.length).toBeGreaterThan(20);
  });

  it("leaves cycles of files and barrels to Biome, as errors", () => {
    const { rules } = JSON.parse(readFileSync(new URL("../biome.json", import.meta.url), "utf8")).linter;
    expect(rules.suspicious.noImportCycles).toBe("error");
    expect(rules.performance).toMatchObject({ noBarrelFile: "error", noReExportAll: "error" });
  });

  it.each([
    ["any", 1],
    ["unknown", 0],
  ])("has Biome answer a made-up file of type %s with exit code %i", (type, exitCode) => {
    const top = fileURLToPath(new URL("..", import.meta.url));
    const folder = mkdtempSync(join(tmpdir(), "rusuban-tidy-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "made-up.ts"), `export const x: ${type} = 1;\n`);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [
        `${top}/node_modules/@biomejs/biome/bin/biome`,
        "lint",
        "--vcs-enabled=false",
        `--config-path=${top}`,
        "made-up.ts",
      ],
      { cwd: folder, encoding: "utf8" },
    );
    expect([status, `${stdout}${stderr}`.includes("noExplicitAny")]).toEqual([exitCode, exitCode === 1]);
  });
});

describe("generated documents", () => {
  it.each(GENERATED_DOCUMENTS)(
    "$path is what its declaration says (or run `node scripts/generate-docs.ts`)",
    (document) => {
      expect(staleDocuments([document])).toEqual([]);
    },
  );

  it("count as stale when missing, and when one character differs", () => {
    const document: GeneratedDocument = { path: "docs/x.md", render: () => "x\n" };
    expect(staleDocuments([document], () => null)).toEqual(["docs/x.md"]);
    expect(staleDocuments([document], () => "x")).toEqual(["docs/x.md"]);
    expect(staleDocuments([document], () => "x\n")).toEqual([]);
  });
});

/** What a rule says of one made-up file. */
function findings(rule: keyof typeof RULES, path: string, text: string): string[] {
  return (RULES[rule]?.([{ path, text }]) ?? []).map(formatFinding);
}

describe("each rule can fail", () => {
  it.each([
    [
      "importTable",
      "src/wire/a.ts",
      `import { x } from "../net/b.ts";`,
      "wire may import runtime/errors.ts, runtime/clock.ts, not net/b.ts",
    ],
    ["importTable", "src/wire/a.ts", `import type { X } from "../model/b.ts";`, "not model/b.ts"],
    ["importTable", "src/wire/a.ts", `export { x } from "../store/b.ts";`, "not store/b.ts"],
    ["importTable", "src/store/a.ts", `const x = await import("../net/b.ts");`, "not net/b.ts"],
    ["importTable", "src/runtime/a.ts", `import { x } from "../ports/b.ts";`, "nothing else in src/"],
    [
      "importTable",
      "src/protocols/ndmp/a.ts",
      `import { x } from "../report/b.ts";`,
      "protocol ndmp may not import protocol report",
    ],
    ["importTable", "src/protocols/shared.ts", `import { x } from "./ndmp/b.ts";`, "may not import protocol ndmp"],
    ["importTable", "src/protocols/ndmp/a.ts", `import type { X } from "../../model/b.ts";`, "not model/b.ts"],
    ["importTable", "src/protocols/ndmp/a.ts", `import { x } from "../../cim/b.ts";`, "not cim/b.ts"],
    ["importTable", "src/agent/a.ts", `import { x } from "../manager/b.ts";`, "never import each other"],
    ["importTable", "src/manager/a/b.test.ts", `import { x } from "../../agent/b.ts";`, "never import each other"],
    ["importTable", "src/cli/a.ts", `import { x } from "../manager/fleet/b.ts";`, "not manager/fleet/b.ts"],
    ["importTable", "src/console/a.tsx", `import { x } from "../api/b.ts";`, "write `import type`"],
    ["importTable", "src/console/a.tsx", `import { x } from "../model/host.ts";`, "console may import"],
    ["importTable", "src/novelty/a.ts", `import { x } from "../wire/b.ts";`, "not in the table"],
    ["importTable", "src/wire/a.ts", `import { x } from "../../scripts/b.ts";`, "not in src/"],
    ["noBarrels", "src/wire/index.ts", "", "no index files"],
    ["portNumbers", "src/net/a.ts", "const x = 31134;", "31134 is a declared port"],
    ["portNumbers", "src/net/a.ts", "f(10000);", "a count is written 10_000"],
    ["portNumbers", "src/net/a.ts", "f({ from: 20300 });", "20300 is a declared port"],
    ["portNumbers", "src/net/a.ts", `f("https://manager:6106/x");`, "names a declared port"],
    ["portNumbers", "src/net/a.ts", `f("50104");`, "names a declared port"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder belongs to the made-up file.
    ["portNumbers", "src/net/a.ts", "f(`https://${host}:50104`);", "names a declared port"],
    ["portNumbers", "src/net/a.ts", "f({ port: 443 });", "a port is set to 443"],
    ["portNumbers", "src/net/a.ts", "const smtpPort = 25;", "a port is set to 25"],
    ["portNumbers", "src/net/a.ts", "const DEFAULT_PORT: number = 8_080;", "a port is set to 8_080"],
    ["portNumbers", "src/net/a.ts", "function f({ port = 162 }) {}", "a port is set to 162"],
    ["portNumbers", "src/net/a.ts", "options.port = 110;", "a port is set to 110"],
    ["fixedListeners", "src/net/a.test.ts", `server.listen(8080, "127.0.0.1");`, "listens on 8080"],
    ["fixedListeners", "src/net/a.ts", "server.listen({ host, port: 8080 });", "listens on 8080"],
    ["fixedListeners", "src/net/a.ts", "socket.bind(9999);", "listens on 9999"],
    ["sockets", "src/agent/a.ts", `import { createServer } from "node:net";`, "sockets are opened in src/net"],
    ["sockets", "src/agent/a.ts", `import tls from "tls";`, "takes more than types from tls"],
    ["sockets", "src/agent/a.ts", `import * as http from "node:http";`, "node:http"],
    ["sockets", "src/agent/a.ts", `const http = await import("node:https");`, "node:https"],
    ["sockets", "src/api/a.ts", "await fetch(url);", "fetch opens a socket of no flow"],
    ["sockets", "src/api/a.ts", "new WebSocket(url);", "WebSocket opens a socket"],
    ["leaks", "src/net/a.ts", "const x = socket.getPeerX509Certificate();", "call shownCertificate"],
    ["clocks", "src/agent/a.ts", "const x = Date.now();", "Date.now reads this machine's time"],
    ["clocks", "src/agent/a.ts", "const x = new Date();", "take a Clock"],
    ["clocks", "src/console/a.tsx", "const x = <p>{new Date().toString()}</p>;", "take a Clock"],
    ["randomness", "src/agent/a.test.ts", "const x = Math.random();", "Math.random can be guessed"],
    ["randomness", "src/agent/a.ts", "const random = Math.random;", "take a Random"],
  ] as const)("%s refuses %s: %s", (rule, path, text, message) => {
    const [only, ...others] = findings(rule, path, text);
    expect(only).toMatch(new RegExp(`^${path}:1 `));
    expect(only).toContain(message);
    expect(others).toEqual([]);
  });

  it.each([
    [
      "importTable",
      "src/wire/a.ts",
      `import { WireError } from "../runtime/errors.ts"; import { b } from "./b.ts"; import { z } from "zod";`,
    ],
    [
      "importTable",
      "src/protocols/wsman/a.ts",
      `import { x } from "../../cim/b.ts"; import { y } from "../shared.ts";`,
    ],
    ["importTable", "src/cli/a.ts", `import { run } from "../manager/manager.ts"; import { x } from "../ports/b.ts";`],
    ["importTable", "src/wire/a.test.ts", `import { x } from "../store/b.ts"; import { y } from "../../test/c.ts";`],
    ["importTable", "src/console/a.tsx", `import type { X } from "../api/b.ts"; import { y } from "./c.tsx";`],
    ["importTable", "src/console/a.ts", `import { formatBytes } from "../model/quantity.ts";`],
    ["portNumbers", "src/ports/a.ts", "const x = { port: 31134 };"],
    ["portNumbers", "src/net/a.test.ts", "const x = { port: 31134 };"],
    [
      "portNumbers",
      "src/net/a.ts",
      `// 31134\nconst timeoutMs = 10_000; const chunk = 25; f({ port: 0 }); const time = "12:25"; const portCount = 80;`,
    ],
    [
      "fixedListeners",
      "src/net/a.ts",
      "server.listen(0); server.listen({ port: 0 }); server.listen(port); socket.bind({ port });",
    ],
    ["sockets", "src/net/a.ts", `import { createServer } from "node:net"; await fetch(url);`],
    [
      "sockets",
      "src/agent/a.ts",
      `import type { Socket } from "node:net"; import { isIP, type Server } from "node:net"; store.fetch(id);`,
    ],
    ["sockets", "src/console/a.ts", "await fetch(url);"],
    ["clocks", "src/runtime/clock.ts", "const x = Date.now(); const y = new Date();"],
    ["clocks", "src/agent/a.ts", "const x = new Date(clock.now()); // Date.now()"],
    ["randomness", "src/agent/a.ts", "const x = Math.floor(1.5); // Math.random"],
  ] as const)("%s accepts %s: %s", (rule, path, text) => {
    expect(findings(rule, path, text)).toEqual([]);
  });

  it("points at the line", () => {
    expect(findings("clocks", "src/agent/a.ts", "\n\nconst x =\n  Date.now();")).toEqual([
      expect.stringMatching(/^src\/agent\/a\.ts:4 clock: /),
    ]);
  });
});

describe("cycles of folders", () => {
  const cycle = [
    { path: "src/agent/watch/a.ts", text: `import { b } from "../backup/b.ts";` },
    { path: "src/agent/backup/b.ts", text: `\nimport type { C } from "../fleet/c.ts";` },
    { path: "src/agent/fleet/c.ts", text: `import { a } from "../watch/d.ts";` },
  ];

  it("are refused though no file is in a cycle, with the whole way round", () => {
    const found = folderCycles(cycle).map(formatFinding);
    expect(found).toHaveLength(3);
    expect(found[0]).toContain(
      "src/agent/watch → src/agent/backup → src/agent/fleet → src/agent/watch: move what both need to a lower layer",
    );
    expect(found[1]).toMatch(/^src\/agent\/backup\/b\.ts:2 /);
  });

  it("do not arise from tests, nor between a folder and the ones inside it", () => {
    expect(folderCycles(cycle.map(({ path, text }) => ({ path: path.replace(".ts", ".test.ts"), text })))).toEqual([]);
    expect(
      folderCycles([
        { path: "src/agent/agent.ts", text: `import { a } from "./watch/a.ts";` },
        { path: "src/agent/watch/a.ts", text: `import { s } from "../settings.ts";` },
      ]),
    ).toEqual([]);
  });
});

describe("the import table", () => {
  it("has a row for every folder of src/, and each row stands on rows that do not stand on it", () => {
    const folders = new Set(sources.map(({ path }) => path.split("/")[1] ?? ""));
    for (const folder of folders) expect(Object.keys(MAY_IMPORT)).toContain(folder);
    const below = (folder: string, seen: readonly string[] = []): void => {
      expect(seen, `${[...seen, folder].join(" → ")}`).not.toContain(folder);
      for (const name of MAY_IMPORT[folder] ?? []) below(name.split("/")[0] ?? "", [...seen, folder]);
    };
    for (const folder of Object.keys(MAY_IMPORT)) below(folder);
  });
});
