import { AGENT_SETTINGS } from "../src/agent/settings.ts";
import { MANAGER_SETTINGS } from "../src/manager/settings.ts";
import { FLOW_KEYS, flowOf } from "../src/ports/port-map.ts";
import { environmentName, type Settings } from "../src/runtime/settings.ts";

const ABOUT = `Both programs take settings from four places, the first that names a setting wins:

1. the command line: \`--set KEY=VALUE\`, repeatable, of \`rusuban manager run\`, \`rusuban manager init\`, \`rusuban agent run\` and \`rusuban agent enroll\`;
2. the environment: the variable beside each key;
3. the file: \`manager.toml\` or \`agent.toml\` in the data folder, in [TOML](https://toml.io);
4. the default.

A setting with an unknown name in a file or after \`--set\`, or with a value that is not as expected, stops the program before it starts (exit code 2), with one line that names the key, the place and what was expected. Settings are read once, at start. \`rusuban up\` writes both files at its first start and takes no \`--set\`.

A dotted key is a table in the file: \`watch.filesystem.warning\` is \`warning\` under \`[watch.filesystem]\`. Times are seconds, or a number with a unit: \`90s\`, \`5m\`, \`12h\`, \`30d\` (in quotation marks in a file). Shares are numbers from 0 to 1, or \`"85%"\`.`;

const PORTS_ABOUT =
  "Ports keep the number of the [port map](ports.md) unless they are set here. A manager and its agents tell each other the ports that differ, so that a port is changed on the side that listens, and only there. Flows of the map that no program opens yet can be named, too; setting them changes what `rusuban ports` prints.";

/** docs/settings.md. */
export function renderSettingsDocument(): string {
  return `${[
    "# Settings",
    ABOUT,
    "## Manager (`manager.toml`)",
    table(withoutPorts(MANAGER_SETTINGS)),
    "## Agent (`agent.toml`)",
    table(withoutPorts(AGENT_SETTINGS)),
    "## Ports (both)",
    PORTS_ABOUT,
    portTable(),
  ].join("\n\n")}\n`;
}

function withoutPorts(settings: Settings): [string, Settings[string]][] {
  return Object.entries(settings).filter(([key]) => !key.startsWith("ports."));
}

function table(settings: readonly [string, Settings[string]][]): string {
  return rows(
    ["setting", "default", "expected", "what it does"],
    settings.map(([key, { kind, default: fallback, about }]) => [
      `\`${key}\`<br>\`${environmentName(key)}\``,
      `\`${JSON.stringify(fallback)}\``,
      kind.expected,
      about,
    ]),
  );
}

function portTable(): string {
  return rows(
    ["setting", "default", "expected", "flow"],
    FLOW_KEYS.flatMap((key) => {
      const setting = (MANAGER_SETTINGS as Settings)[`ports.${key}`];
      if (setting === undefined) return [];
      const { port, range, title } = flowOf(key);
      const usual = range === null ? `\`${port}\`` : `\`"${range.from}-${range.to}"\``;
      return [[`\`ports.${key}\`<br>\`${environmentName(`ports.${key}`)}\``, usual, setting.kind.expected, title.en]];
    }),
  );
}

function rows(head: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...body.map(line)].join("\n");
}
