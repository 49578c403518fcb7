import { createForeignAgent, foreignRequest } from "../../../net/foreign-request.ts";
import { readPrivateFile } from "../../../net/private-file.ts";
import { flowName } from "../../../ports/port-map.ts";
import { portOfUrl } from "../../../ports/url-port.ts";
import type { Clock } from "../../../runtime/clock.ts";
import { reasonOf, SettingsError } from "../../../runtime/errors.ts";
import { VERSION } from "../../../runtime/package.ts";
import type { ForwardOutcome } from "./history-forwarder.ts";

const TIMEOUT_MS = 30_000;
/** An engine's answer is a line or nothing. */
const ANSWER_BYTES_MAX = 64 * 1024;
const TOKEN_FILE_BYTES_MAX = 4_096;

/** What `history.forwardUrl` and its kin say. */
export interface RemoteWriteSettings {
  readonly url: string;
  /** A private file with a bearer token; empty: none. */
  readonly tokenFile: string;
}

export interface RemoteWrite {
  send(body: Buffer, signal: AbortSignal): Promise<ForwardOutcome>;
  close(): void;
}

/** Throws SettingsError for a URL or a token that cannot be used. */
export async function openRemoteWrite({ url, tokenFile }: RemoteWriteSettings, clock: Clock): Promise<RemoteWrite> {
  const parsed = parseUrl(url);
  const { protocol, hostname, pathname, search, username } = parsed;
  if (username !== "") throw new SettingsError("history.forwardUrl", "has a user name: secrets go into a token file");
  const isPlain = protocol === "http:";
  const token = tokenFile === "" ? undefined : (await readPrivateFile(tokenFile, TOKEN_FILE_BYTES_MAX))?.trim();
  if (tokenFile !== "" && !token) {
    throw new SettingsError("history.forwardTokenFile", `${tokenFile} does not exist or is empty`);
  }
  if (token !== undefined && isPlain) {
    throw new SettingsError("history.forwardUrl", "a token over plain HTTP can be read on the way: use an https URL");
  }
  const agent = createForeignAgent({
    flow: flowName("historyForward"),
    host: hostname.replace(/^\[|\]$/g, ""),
    port: portOfUrl(parsed),
    trust: { kind: isPlain ? "plain" : "system" },
    timeoutMs: TIMEOUT_MS,
    clock,
  });
  return {
    async send(body, signal) {
      try {
        const { status, body: answer } = await foreignRequest(agent, {
          method: "POST",
          path: `${pathname}${search}`,
          // Remote-Write 1.0 §Protocol: these four are required.
          headers: {
            "content-encoding": "snappy",
            "content-type": "application/x-protobuf",
            "user-agent": `rusuban/${VERSION}`,
            "x-prometheus-remote-write-version": "0.1.0",
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          },
          body,
          signal,
          bodyBytesMax: ANSWER_BYTES_MAX,
          isRepeatable: true,
        });
        return outcomeOf(status, answer.toString("utf8").trim().slice(0, 200));
      } catch (error) {
        return { kind: "later", reason: reasonOf(error) };
      }
    },
    close: () => agent.close(),
  };
}

/** Remote-Write 1.0 §Retries: 5xx and 429 may be tried again, other 4xx must not. */
function outcomeOf(status: number, answer: string): ForwardOutcome {
  if (status >= 200 && status < 300) return { kind: "done" };
  const reason = `answered ${status}${answer === "" ? "" : `: ${answer}`}`;
  return { kind: status >= 500 || status === 429 ? "later" : "refused", reason };
}

function parseUrl(url: string): URL {
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.protocol !== "https:" && parsed.protocol !== "http:")) {
    const problem = `${JSON.stringify(url)} is no http or https URL, such as https://prometheus.example/api/v1/write`;
    throw new SettingsError("history.forwardUrl", problem);
  }
  return parsed;
}
