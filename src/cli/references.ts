// How people name things: a host by its name, anything by its id or by the beginning of it, the newest snapshot by
// "latest". Where that fits nothing or several, the error lists what it could have been.

import type { ApiClient } from "../api/client.ts";
import type { HostOverview } from "../api/host-routes.ts";
import type { InboxAlert } from "../model/alert.ts";
import type { Job } from "../model/job.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { closest } from "../ports/closest.ts";
import type { Text } from "../ports/flow.ts";
import { isUuid } from "../runtime/random.ts";
import { listPages, type Page } from "./list-pages.ts";
import type { CommandError } from "./output.ts";
import { EXIT } from "./output.ts";
import { formatMoment } from "./quantities.ts";
import type { Session } from "./session.ts";
import { JOB_KIND_WORDS } from "./words.ts";

/** How far back a beginning of an id is looked for: five full pages, about what one person has seen go by. */
const SEARCHED_MAX = 1_000;
const CANDIDATES_SHOWN = 8;

const BEGINNING = /^[0-9a-f][0-9a-f-]{3,35}$/;

const WORDS = {
  noHost: { en: "host {ref}: there is no such host", ja: "ホスト {ref} は見つかりません" },
  manyHosts: {
    en: "host {ref}: several hosts have an id that begins so",
    ja: "ホスト {ref}: ID がこの文字で始まるホストが複数あります",
  },
  noSnapshot: { en: "snapshot {ref}: there is no such snapshot", ja: "スナップショット {ref} は見つかりません" },
  manySnapshots: {
    en: "snapshot {ref}: several ids begin so",
    ja: "スナップショット {ref}: この文字で始まる ID が複数あります",
  },
  latestOfWhich: {
    en: "snapshot latest: there are several hosts",
    ja: "スナップショット latest: ホストが複数あります",
  },
  latestOfNone: {
    en: "snapshot latest: there is no snapshot yet",
    ja: "スナップショット latest: スナップショットがまだありません",
  },
  noJob: { en: "job {ref}: there is no such job", ja: "ジョブ {ref} は見つかりません" },
  manyJobs: { en: "job {ref}: several ids begin so", ja: "ジョブ {ref}: この文字で始まる ID が複数あります" },
  noAlert: { en: "alert {ref}: there is no such alert", ja: "通報 {ref} は見つかりません" },
  manyAlerts: { en: "alert {ref}: several ids begin so", ja: "通報 {ref}: この文字で始まる ID が複数あります" },
  oneOf: { en: "give one of: {list}", ja: "次のいずれかを指定してください: {list}" },
  didYouMean: { en: "did you mean {list}?", ja: "もしかして: {list}" },
  giveHost: { en: "add --host with one of: {list}", ja: "--host で次のいずれかを指定してください: {list}" },
  listThem: { en: "`{command}` shows what there is", ja: "`{command}` で一覧を表示できます" },
} as const satisfies Record<string, Text>;

/** The host that `ref` names. */
export async function findHost(session: Session, api: ApiClient, ref: string): Promise<HostOverview> {
  try {
    return await api.hostShow({ params: { host: ref } });
  } catch (error) {
    if (!isRefusal(error, "not-found", "ambiguous")) throw error;
  }
  const hosts = await listHosts(api);
  const beginning = ref.toLowerCase();
  const matches = BEGINNING.test(beginning) ? hosts.filter(({ id }) => id.startsWith(beginning)) : [];
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return only;
  const describe = (list: readonly HostOverview[]) => listed(list.map(({ name, id }) => `${name} (${id})`));
  if (matches.length > 1)
    throw session.failure("ambiguous", WORDS.manyHosts, {
      hint: WORDS.oneOf,
      values: { ref, list: describe(matches) },
      exit: EXIT.failed,
    });
  const names = hosts.map(({ name }) => name);
  const near = closest(ref, names);
  const offered = near.length > 0 ? near : names;
  const hint = near.length > 0 ? WORDS.didYouMean : names.length > 0 ? WORDS.oneOf : WORDS.listThem;
  throw session.failure("not-found", WORDS.noHost, {
    hint,
    values: { ref, list: listed(offered), command: "rusuban host list" },
  });
}

export async function listHosts(api: ApiClient): Promise<HostOverview[]> {
  return (await listPages((query) => api.hostList({ query }), { limit: SEARCHED_MAX })).items;
}

/** The snapshot that `ref` names; "latest" is the newest of `host`, which may be left out where there is one host. */
export async function findSnapshot(
  session: Session,
  api: ApiClient,
  { ref, host }: { ref: string; host: string | undefined },
): Promise<Snapshot> {
  if (ref === "latest") return findLatest(session, api, host);
  const beginning = ref.toLowerCase();
  const failed = (matches: readonly Snapshot[]) =>
    unclear(session, matches, {
      ref,
      none: WORDS.noSnapshot,
      many: WORDS.manySnapshots,
      command: "rusuban snapshot list",
      describe: ({ id, hostName, finishedAtMs }) => `${id} (${hostName}, ${formatMoment(finishedAtMs)})`,
    });
  if (!BEGINNING.test(beginning)) throw failed([]);
  try {
    return await api.snapshotShow({ params: { snapshot: beginning } });
  } catch (error) {
    if (!isRefusal(error, "not-found", "ambiguous")) throw error;
    throw failed(await searchFor(beginning, (query) => api.snapshotList({ query })));
  }
}

async function findLatest(session: Session, api: ApiClient, ref: string | undefined): Promise<Snapshot> {
  const host = ref === undefined ? undefined : await findHost(session, api, ref);
  if (host === undefined) {
    const { items } = await api.hostList({ query: { limit: CANDIDATES_SHOWN } });
    if (items.length > 1)
      throw session.failure("ambiguous", WORDS.latestOfWhich, {
        hint: WORDS.giveHost,
        values: { list: listed(items.map(({ name }) => name)) },
        exit: EXIT.usage,
      });
  }
  const { items } = await api.snapshotList({ query: { limit: 1, host: host?.id } });
  const [newest] = items;
  if (newest === undefined)
    throw session.failure("not-found", WORDS.latestOfNone, {
      hint: WORDS.listThem,
      values: { command: "rusuban job list --kind backup" },
    });
  return newest;
}

export async function findJob(session: Session, api: ApiClient, ref: string): Promise<Job> {
  return findById(ref, {
    show: (id) => api.jobShow({ params: { id } }),
    list: (query) => api.jobList({ query }),
    failed: (matches) =>
      unclear(session, matches, {
        ref,
        none: WORDS.noJob,
        many: WORDS.manyJobs,
        command: "rusuban job list",
        describe: ({ id, kind, hostName }) => `${id} (${session.say(JOB_KIND_WORDS[kind])}, ${hostName})`,
      }),
  });
}

export async function findAlert(session: Session, api: ApiClient, ref: string): Promise<InboxAlert> {
  return findById(ref, {
    show: (id) => api.alertShow({ params: { id } }),
    list: (query) => api.alertList({ query }),
    failed: (matches) =>
      unclear(session, matches, {
        ref,
        none: WORDS.noAlert,
        many: WORDS.manyAlerts,
        command: "rusuban alert list --all",
        describe: ({ id, hostName, summary }) => `${id} (${hostName}: ${summary})`,
      }),
  });
}

async function findById<T extends { readonly id: string }>(
  ref: string,
  way: {
    show: (id: string) => Promise<T>;
    list: (query: { limit: number; after: string | undefined }) => Promise<Page<T>>;
    failed: (matches: readonly T[]) => CommandError;
  },
): Promise<T> {
  const beginning = ref.toLowerCase();
  if (!BEGINNING.test(beginning)) throw way.failed([]);
  if (isUuid(beginning)) {
    try {
      return await way.show(beginning);
    } catch (error) {
      throw isRefusal(error, "not-found") ? way.failed([]) : error;
    }
  }
  const matches = await searchFor(beginning, way.list);
  const [only] = matches;
  if (only === undefined || matches.length > 1) throw way.failed(matches);
  return only;
}

async function searchFor<T extends { readonly id: string }>(
  beginning: string,
  list: (query: { limit: number; after: string | undefined }) => Promise<Page<T>>,
): Promise<T[]> {
  const { items } = await listPages(list, { limit: SEARCHED_MAX });
  return items.filter(({ id }) => id.startsWith(beginning));
}

function unclear<T>(
  session: Session,
  matches: readonly T[],
  words: { ref: string; none: Text; many: Text; command: string; describe: (item: T) => string },
): CommandError {
  const { ref, none, many, command, describe } = words;
  const isNone = matches.length === 0;
  return session.failure(isNone ? "not-found" : "ambiguous", isNone ? none : many, {
    hint: isNone ? WORDS.listThem : WORDS.oneOf,
    values: { ref, command, list: listed(matches.map(describe)) },
  });
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, CANDIDATES_SHOWN).join(", ");
  return names.length > CANDIDATES_SHOWN ? `${shown}, …` : shown;
}

function isRefusal(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && error.name === "ApiError" && "code" in error && codes.includes(String(error.code));
}
