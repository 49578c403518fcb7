import type { ErrorCode } from "../api/api-error.ts";
import type { ReceivedEvent } from "../api/client.ts";
import { SEVERITIES, type Severity } from "../model/alert.ts";
import type { Text } from "../ports/flow.ts";
import { pause } from "../runtime/clock.ts";
import { reasonOf } from "../runtime/errors.ts";
import { alertLine } from "./alert-line.ts";
import { Interruption } from "./interruption.ts";
import { CommandError } from "./output.ts";
import { findHost } from "./references.ts";
import type { Session } from "./session.ts";
import { jsonText } from "./visible.ts";

const WORDS = {
  following: { en: "Following alerts; Ctrl-C ends it.", ja: "通報を待っています。Ctrl-C で終了します。" },
  lost: {
    en: "Lost the manager ({reason}); trying again in {seconds} s.",
    ja: "マネージャとの接続が切れました({reason})。{seconds} 秒後に再接続します。",
  },
  ended: { en: "it ended the stream", ja: "先方が接続を終了" },
  back: { en: "Connected again; going on where it stopped.", ja: "再接続しました。続きから表示します。" },
  missed: {
    en: "Some alerts went by unseen: `rusuban alert list --all` shows them.",
    ja: "一部の通報を表示できませんでした。`rusuban alert list --all` で確認してください。",
  },
} as const satisfies Record<string, Text>;

/** A manager that restarts is back within seconds; one that stays away is asked four times a minute. */
const RETRY_MS = { first: 1_000, most: 15_000 } as const;

/** `rusuban alert follow`: goes on until Ctrl-C, over lost connections. Only the first connection may fail. */
export async function follow(
  session: Session,
  options: { severity?: Severity; host?: string; after?: string },
): Promise<never> {
  const { clock } = session.world;
  const api = await session.api();
  const host = options.host === undefined ? undefined : (await findHost(session, api, options.host)).id;
  const interruption = session.world.interruption();
  let after = options.after;
  let retryMs: number = RETRY_MS.first;
  let isLost = false;
  let hasConnected = false;
  for (;;) {
    let reason = session.say(WORDS.ended);
    try {
      const query = { kind: ["alert" as const], host, after };
      for await (const received of api.events({ query }, { signal: interruption })) {
        if (!hasConnected) session.tell(WORDS.following);
        if (isLost) session.tell(WORDS.back);
        hasConnected = true;
        isLost = false;
        retryMs = RETRY_MS.first;
        after = received.id ?? after;
        show(session, received, options.severity);
      }
    } catch (error) {
      if (!interruption.aborted && (!hasConnected || isFinal(error))) throw error;
      reason = reasonOf(error);
    }
    if (interruption.aborted) throw new Interruption();
    isLost = true;
    session.tell(WORDS.lost, { reason, seconds: Math.round(retryMs / 1_000) });
    await pause(clock, retryMs, interruption);
    if (interruption.aborted) throw new Interruption();
    retryMs = Math.min(2 * retryMs, RETRY_MS.most);
  }
}

function show(session: Session, { id, event }: ReceivedEvent, severityMin: Severity = "information"): void {
  if (event.kind === "missed") {
    if (session.json) session.print(jsonText({ id, kind: event.kind }));
    else session.tell(WORDS.missed);
  }
  if (event.kind !== "alert" || SEVERITIES[event.alert.severity] < SEVERITIES[severityMin]) return;
  session.print(
    session.json ? jsonText({ id, kind: event.kind, alert: event.alert }) : alertLine(session, event.alert),
  );
}

/** Asking again cannot help: the manager said no, and did not mean "later". */
function isFinal(error: unknown): boolean {
  if (error instanceof CommandError) return error.code !== "manager-unreachable";
  return error instanceof Error && error.name === "ApiError" && "code" in error && !LATER.includes(String(error.code));
}

const LATER: readonly string[] = ["unavailable", "throttled", "internal"] satisfies ErrorCode[];
