import { createHash } from "node:crypto";
import type { CollectorSubscription, EventLogQuery } from "../../protocols/wsman/windows/subscription-message.ts";
import { SettingsError } from "../../runtime/errors.ts";
import { formatUuid } from "../../runtime/random.ts";

// The one subscription of a manager, as its settings have it. Its id stays, so that bookmarks do; its version is made of
// its content, so that publishers take it anew exactly when it has changed.

/** What a publisher may put into one message: what Windows' own collector allows. */
const ENVELOPE_BYTES = 512_000;

export function subscriptionOf({
  managerId,
  queries,
  heartbeatSeconds,
  batchSeconds,
  language,
}: {
  readonly managerId: string;
  /** `LOG: XPATH`. */
  readonly queries: readonly string[];
  readonly heartbeatSeconds: number;
  readonly batchSeconds: number;
  /** Empty: each computer's own. */
  readonly language: string;
}): CollectorSubscription {
  if (queries.length === 0) throw new SettingsError("events.queries", "there is none: name at least one log");
  if (!/^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$/.test(language)) {
    throw new SettingsError("events.language", `${JSON.stringify(language)} is no language: write it as ja-JP`);
  }
  const content = {
    name: "Rusuban",
    queries: queries.map(parseQuery),
    heartbeatMs: heartbeatSeconds * 1_000,
    batchMs: batchSeconds * 1_000,
    envelopeBytes: ENVELOPE_BYTES,
    isRendered: true,
    language: language === "" ? undefined : language,
  };
  return { ...content, id: uuidOf(["subscription", managerId]), version: uuidOf(["version", content]) };
}

function parseQuery(text: string): EventLogQuery {
  // The log's name first: neither a name nor a drive letter holds a colon before the XPath begins.
  const [, channel = "", select = ""] = /^\s*([^:*[\]<>"]{1,256}?)\s*:\s*(\S.*)$/s.exec(text) ?? [];
  if (channel === "" || select === "") {
    const wanted = "write a log, a colon and an XPath, such as System: *[System[(Level=1 or Level=2)]]";
    throw new SettingsError("events.queries", `${JSON.stringify(text.slice(0, 200))} is no query: ${wanted}`);
  }
  return { channel, select };
}

function uuidOf(parts: readonly unknown[]): string {
  const bytes = createHash("sha256").update(JSON.stringify(parts)).digest().subarray(0, 16);
  bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f); // Version 8: made by a rule of one's own (RFC 9562 §5.8).
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return formatUuid(bytes).toUpperCase();
}
