import { access, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AGENT_LISTENS } from "../agent/settings.ts";
import { MANAGER_LISTENS } from "../manager/settings.ts";
import { findFreePorts, proposeLastingPorts } from "../net/free-port.ts";
import { createPrivateDirectory } from "../net/private-file.ts";
import { readSystemPorts } from "../ports/ephemeral-ports.ts";
import { systemRandom } from "../runtime/random.ts";

// The data folder of `rusuban up`: settings for the manager and the agent of this computer, written once and then the
// operator's to change.

export interface UpFolders {
  readonly data: string;
  readonly managerSettings: string;
  readonly agentSettings: string;
}

export interface SetUpOptions {
  readonly dataDirectory: string;
  /** Address on which both listen. */
  readonly listen: string;
  /** Ports that nobody has now, instead of the port map's: for a second instance on one computer. */
  readonly freePorts: boolean;
}

/** Makes the folder and its settings files where they are missing. True where this is the first time. */
export async function setUp({
  dataDirectory,
  listen,
  freePorts,
}: SetUpOptions): Promise<UpFolders & { readonly isNew: boolean }> {
  await createPrivateDirectory(dataDirectory);
  const folders = {
    data: dataDirectory,
    managerSettings: join(dataDirectory, "manager.toml"),
    agentSettings: join(dataDirectory, "agent.toml"),
  };
  const [hasManager, hasAgent] = await Promise.all([exists(folders.managerSettings), exists(folders.agentSettings)]);
  const count = MANAGER_LISTENS.length + AGENT_LISTENS.length;
  const propose = proposeLastingPorts(await readSystemPorts((path) => readFile(path, "utf8")), systemRandom);
  const ports = freePorts ? await findFreePorts({ host: listen, count, propose }) : [];
  const portLines = (flows: readonly string[], from: number) =>
    freePorts ? `\n[ports]\n${flows.map((flow, index) => `${flow} = ${ports[from + index]}\n`).join("")}` : "";
  if (!hasManager) {
    await writeFile(folders.managerSettings, settingsText("manager", listen, portLines(MANAGER_LISTENS, 0)), {
      mode: 0o600,
    });
  }
  if (!hasAgent) {
    await writeFile(
      folders.agentSettings,
      settingsText("agent", listen, portLines(AGENT_LISTENS, MANAGER_LISTENS.length)),
      {
        mode: 0o600,
      },
    );
  }
  return { ...folders, isNew: !hasManager };
}

function settingsText(program: string, listen: string, ports: string): string {
  return `# Settings of the ${program}, written by \`rusuban up\` and yours to change. docs/settings.md lists all of them.

[listen]
host = ${JSON.stringify(listen)}

[log]
level = "warn"
${ports}`;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
