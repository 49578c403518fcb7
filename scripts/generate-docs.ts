// Writes the documents that come from declarations in src/. With --check it writes nothing, names the stale ones and
// exits with 1; test/tidy.test.ts asks the same.

import { readFileSync, writeFileSync } from "node:fs";
import { renderApiDocument } from "./api-document.ts";
import { CAUSES_PARTS } from "./causes-document.ts";
import { CIM_PARTS } from "./cim-parts.ts";
import { renderCommands, renderRootHelp } from "./cli-document.ts";
import { fillDocument, type Parts } from "./filled-document.ts";
import { FIREWALL_PARTS } from "./firewall-parts.ts";
import { renderLimitsDocument } from "./limits-document.ts";
import { renderOverviewPicture } from "./overview-picture.ts";
import { renderPortsDocument } from "./ports-document.ts";
import { BROWSER_PARTS, CONTROL_PARTS, DEDUP_PARTS } from "./protocol-parts.ts";
import { renderSettingsDocument } from "./settings-document.ts";

/** Path from the top of the tree, and what the file must hold. */
export interface GeneratedDocument {
  readonly path: string;
  readonly render: () => string;
}

export const GENERATED_DOCUMENTS: readonly GeneratedDocument[] = [
  { path: "docs/ports.md", render: () => renderPortsDocument("en") },
  { path: "docs/ports.ja.md", render: () => renderPortsDocument("ja") },
  { path: "docs/api.md", render: renderApiDocument },
  { path: "docs/limits.md", render: renderLimitsDocument },
  { path: "docs/settings.md", render: renderSettingsDocument },
  { path: "docs/images/overview.svg", render: () => renderOverviewPicture("en") },
  { path: "docs/images/overview.ja.svg", render: () => renderOverviewPicture("ja") },
  filled("docs/cli.md", { help: renderRootHelp, commands: renderCommands }),
  filled("docs/cim.md", CIM_PARTS),
  filled("docs/doctor.md", CAUSES_PARTS),
  filled("docs/firewall.md", FIREWALL_PARTS),
  filled("docs/protocols/agent-browser.md", BROWSER_PARTS),
  filled("docs/protocols/dedup.md", DEDUP_PARTS),
  filled("docs/protocols/backup-control.md", CONTROL_PARTS),
];

/** A page written by hand, of which some parts are generated. */
function filled(path: string, parts: Parts): GeneratedDocument {
  return { path, render: () => fillDocument(path, readDocument(path), parts) };
}

/** The paths of documents that are not what they would be if written now; `read` answers null for a missing file. */
export function staleDocuments(
  documents: readonly GeneratedDocument[] = GENERATED_DOCUMENTS,
  read: (path: string) => string | null = readDocument,
): string[] {
  return documents.filter(({ path, render }) => read(path) !== render()).map(({ path }) => path);
}

function place(path: string): URL {
  return new URL(`../${path}`, import.meta.url);
}

function readDocument(path: string): string | null {
  try {
    return readFileSync(place(path), "utf8");
  } catch {
    return null; // Missing is as stale as wrong.
  }
}

if (import.meta.main) {
  const stale = staleDocuments();
  if (!process.argv.includes("--check")) {
    for (const { path, render } of GENERATED_DOCUMENTS) if (stale.includes(path)) writeFileSync(place(path), render());
    process.stdout.write(stale.length === 0 ? "documents are up to date\n" : `written: ${stale.join(", ")}\n`);
  } else if (stale.length > 0) {
    process.stderr.write(`stale: ${stale.join(", ")}: run \`node scripts/generate-docs.ts\` and commit the result\n`);
    process.exitCode = 1;
  }
}
