import type { ApiClient } from "../api/client.ts";
import type { Text } from "../ports/flow.ts";
import { pause } from "../runtime/clock.ts";
import { Interruption } from "./interruption.ts";
import { EXIT, type ExitCode } from "./output.ts";
import { formatDuration } from "./quantities.ts";
import { findHost, listHosts } from "./references.ts";
import type { Session } from "./session.ts";

const WORDS = {
  whichHost: { en: "alert test: there are several hosts", ja: "alert test: ホストが複数あります" },
  noHost: { en: "alert test: there is no host yet", ja: "alert test: ホストがまだありません" },
  giveOne: { en: "give one of: {list}", ja: "次のいずれかを指定してください: {list}" },
  enrolOne: {
    en: "`rusuban host token` gives the line to paste on a server",
    ja: "`rusuban host token` でサーバを登録できます",
  },
  asked: {
    en: "{host} was asked to raise {count} test alert(s)",
    ja: "{host} にテスト通報 {count} 件の送信を依頼しました",
  },
  seeThem: {
    en: "`rusuban alert list --host {host}` shows them when they are there.",
    ja: "到着後は `rusuban alert list --host {host}` で確認できます。",
  },
  committed: {
    en: "{count} of {count} committed by the manager after {took}",
    ja: "{count} 件すべてがマネージャに記録されました({took})",
  },
  late: {
    en: "{missing} of {count} test alerts missing after {took}",
    ja: "テスト通報 {count} 件のうち {missing} 件が {took} 以内に届きませんでした",
  },
  lateHint: {
    en: "they wait in {host}'s spool: is the agent running? `rusuban host show {host}`",
    ja: "通報は {host} に保持されています。エージェントの稼働を `rusuban host show {host}` で確認してください",
  },
  goesOn: { en: "stopped waiting; the alerts are on their way", ja: "待機を中止しました(通報の送信は続きます)" },
} as const satisfies Record<string, Text>;

const POLL_MS = 200;
/** An agent that is connected needs milliseconds; one that is just coming back, its longest back-off. */
const WAIT_MS = 60_000;

/** `rusuban alert test [HOST] [--count N] [--wait]`. */
export async function test(
  session: Session,
  ref: string | undefined,
  { count, wait = false }: { count?: number; wait?: boolean },
): Promise<ExitCode> {
  const api = await session.api();
  const host = ref === undefined ? await onlyHost(session, api) : await findHost(session, api, ref);
  const { clock } = session.world;
  const startedAt = clock.monotonic();
  const { ids } = await api.alertTest({ body: { host: host.id, count } });
  const words = { host: host.name, count: ids.length };
  if (!wait) {
    session.result({ host: host.name, ids, committed: null }, () => {
      session.print(session.say(WORDS.asked, words));
      session.tell(WORDS.seeThem, words);
    });
    return EXIT.done;
  }
  const missing = await awaitAlerts(session, api, ids);
  const took = formatDuration(clock.monotonic() - startedAt, session.language);
  if (missing > 0)
    throw session.failure("timeout", WORDS.late, { hint: WORDS.lateHint, values: { ...words, missing, took } });
  session.result({ host: host.name, ids, committed: ids.length }, () =>
    session.print(session.say(WORDS.committed, { ...words, took })),
  );
  return EXIT.done;
}

async function onlyHost(session: Session, api: ApiClient) {
  const hosts = (await listHosts(api)).filter(({ state }) => state !== "revoked");
  const [only] = hosts;
  if (only === undefined) throw session.failure("not-found", WORDS.noHost, { hint: WORDS.enrolOne, exit: EXIT.usage });
  if (hosts.length > 1)
    throw session.failure("ambiguous", WORDS.whichHost, {
      hint: WORDS.giveOne,
      values: {
        list: hosts
          .slice(0, 8)
          .map(({ name }) => name)
          .join(", "),
      },
      exit: EXIT.usage,
    });
  return only;
}

/** How many were still missing when the time was over. */
async function awaitAlerts(session: Session, api: ApiClient, ids: readonly string[]): Promise<number> {
  const { clock } = session.world;
  const interruption = session.world.interruption();
  const deadline = clock.monotonic() + WAIT_MS;
  for (const [index, id] of ids.entries()) {
    while (!(await isInInbox(api, id))) {
      if (clock.monotonic() >= deadline) return ids.length - index;
      await pause(clock, POLL_MS, interruption);
      if (interruption.aborted) throw new Interruption(session.say(WORDS.goesOn));
    }
  }
  return 0;
}

async function isInInbox(api: ApiClient, id: string): Promise<boolean> {
  try {
    await api.alertShow({ params: { id } });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "not-found") return false;
    throw error;
  }
}
