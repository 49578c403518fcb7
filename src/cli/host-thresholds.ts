import type { HostThresholdsReply } from "../api/host-routes.ts";
import type { HostThresholds, Levels, ThresholdSet } from "../model/thresholds.ts";
import type { Text } from "../ports/flow.ts";
import { ratio } from "../runtime/setting-kinds.ts";
import type { CommandShape } from "./define-command.ts";
import { EXIT } from "./output.ts";
import { findHost } from "./references.ts";
import type { Session } from "./session.ts";
import { SHARED } from "./words.ts";

const WORDS = {
  about: {
    en: "from where on the readings of a server without our agent are bad: tell it, or set it for this server",
    ja: "エージェントなしのサーバのしきい値を表示、またはこのサーバだけ変更",
  },
  set: {
    en: "filesystem, filesystem:NAME, memory, load or processor = WARNING,CRITICAL (85%,95%), each may be -; or = off (repeatable)",
    ja: "filesystem・filesystem:名前・memory・load・processor = 警告,重大(85%,95%)。- は指定なし、off は監視しない(複数指定可)",
  },
  unset: { en: "as everywhere again (repeatable)", ja: "全体の設定に戻す(複数指定可)" },
  notes: {
    en: "What is set stands in place of the manager's settings watch.*, from the next look on. An agent judges by its own settings.",
    ja: "設定した値は次の計測から、マネージャの設定 watch.* の代わりに使われます。エージェントは自身の設定で判定します。",
  },
  bad: {
    en: "{text}: say such as memory=90%,97% or filesystem:/archive=off",
    ja: "{text}: memory=90%,97% や filesystem:/archive=off のように指定してください",
  },
  what: { en: "WHAT", ja: "対象" },
  warning: { en: "WARNING", ja: "警告" },
  critical: { en: "CRITICAL", ja: "重大" },
  from: { en: "SET FOR", ja: "設定元" },
  here: { en: "this server", ja: "このサーバ" },
  everywhere: { en: "all servers", ja: "全体" },
} as const satisfies Record<string, Text>;

const NAMES = {
  filesystem: "fileSystem",
  memory: "memory",
  load: "load",
  processor: "processor",
} as const satisfies Record<string, keyof ThresholdSet>;
type Name = keyof typeof NAMES;
const ONE_FILE_SYSTEM = "filesystem:";

interface Options {
  readonly set?: readonly string[];
  readonly unset?: readonly string[];
}

/** `rusuban host thresholds`. */
export const HOST_THRESHOLDS = {
  name: "thresholds",
  about: WORDS.about,
  arguments: [["<host>", SHARED.hostArgument]],
  options: [
    { flags: "--set <what=levels>", about: WORDS.set, isRepeatable: true },
    { flags: "--unset <what>", about: WORDS.unset, isRepeatable: true },
  ],
  examples: [
    "rusuban host thresholds nas1",
    "rusuban host thresholds nas1 --set memory=90%,- --set filesystem:/archive=off",
    "rusuban host thresholds nas1 --unset memory",
  ],
  notes: WORDS.notes,
  async run(session: Session, ref: string, { set = [], unset = [] }: Options): Promise<void> {
    const changes = [
      ...unset.map((what): Change => ({ ...whatOf(session, what), levels: undefined })),
      ...set.map((text): Change => changeOf(session, text)),
    ];
    const api = await session.api();
    const { id } = await findHost(session, api, ref);
    const params = { host: id };
    const before = await api.hostThresholds({ params });
    const told =
      changes.length === 0
        ? before
        : await api.hostThresholdsSet({ params, body: changes.reduce(change, before.own) as never });
    session.result(told, () => show(session, told));
  },
} satisfies CommandShape<[string, Options]>;

interface What {
  readonly name: Name;
  /** Of one file system; null: of all. */
  readonly fileSystem: string | null;
}
/** Undefined: as everywhere. */
type Change = What & { readonly levels: Levels | undefined };

function whatOf(session: Session, text: string): What {
  if (text.startsWith(ONE_FILE_SYSTEM) && text.length > ONE_FILE_SYSTEM.length) {
    return { name: "filesystem", fileSystem: text.slice(ONE_FILE_SYSTEM.length) };
  }
  if (Object.hasOwn(NAMES, text)) return { name: text as Name, fileSystem: null };
  throw session.failure("usage", WORDS.bad, { values: { text }, exit: EXIT.usage });
}

/** The last equals sign parts: a file system's name may hold one, levels never do. */
function changeOf(session: Session, text: string): Change {
  const parts = /^(.+)=([^=]+)$/s.exec(text);
  const what = whatOf(session, parts?.[1] ?? text);
  const levels = parts?.[2] === "off" ? ["-", "-"] : (parts?.[2] ?? "").split(",");
  const [warning, critical] = levels.map((level) => levelOf(what.name, level.trim()));
  if (levels.length !== 2 || warning === undefined || critical === undefined) {
    throw session.failure("usage", WORDS.bad, { values: { text }, exit: EXIT.usage });
  }
  return { ...what, levels: { warning, critical } };
}

/** Undefined where it is none. A load is no part of anything. */
function levelOf(name: Name, text: string): number | null | undefined {
  if (text === "-") return null;
  if (name === "load") return /^\d{1,4}(\.\d+)?$/.test(text) ? Number(text) : undefined;
  return ratio().parse(text);
}

function change(own: HostThresholds, { name, fileSystem, levels }: Change): HostThresholds {
  if (fileSystem === null) {
    const { [NAMES[name]]: _, ...rest } = own;
    return levels === undefined ? rest : { ...rest, [NAMES[name]]: levels };
  }
  const { fileSystems = {}, ...rest } = own;
  const { [fileSystem]: _, ...others } = fileSystems;
  const now = levels === undefined ? others : { ...others, [fileSystem]: levels };
  return Object.keys(now).length === 0 ? rest : { ...rest, fileSystems: now };
}

function show(session: Session, { own, effective }: HostThresholdsReply): void {
  const from = (isOwn: boolean) => session.say(isOwn ? WORDS.here : WORDS.everywhere);
  const shown = (name: Name, level: number | null) => {
    if (level === null) return "-";
    return name === "load" ? String(level) : `${Number((level * 100).toFixed(4))} %`;
  };
  const row = (label: string, name: Name, { warning, critical }: Levels, isOwn: boolean) => [
    ...[label, shown(name, warning), shown(name, critical), from(isOwn)],
  ];
  session.table(
    [WORDS.what, WORDS.warning, WORDS.critical, WORDS.from],
    [
      ...(Object.keys(NAMES) as Name[]).map((name) =>
        row(name, name, effective[NAMES[name]], own[NAMES[name]] !== undefined),
      ),
      ...Object.entries(effective.fileSystems).map(([name, levels]) =>
        row(`${ONE_FILE_SYSTEM}${name}`, "filesystem", levels, own.fileSystems?.[name] !== undefined),
      ),
    ],
  );
}
