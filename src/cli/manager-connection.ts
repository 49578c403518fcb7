// How the command line reaches its manager: the data folder's `administrator/` holds who we are (identity.pem) and where
// the manager is (manager.json); `rusuban manager init` writes both.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type ApiClient, createClient, type Transport } from "../api/client.ts";
import { createHttpsAgent, type HttpsAgent, httpsStream } from "../net/https-request.ts";
import { type Identity, loadIdentity } from "../net/identity.ts";
import type { Language, Text } from "../ports/flow.ts";
import type { Clock } from "../runtime/clock.ts";
import { ConnectError, CorruptionError, codeOf } from "../runtime/errors.ts";
import { CommandError } from "./output.ts";
import { formatMoment } from "./quantities.ts";
import { visible } from "./visible.ts";
import { fill, type Values } from "./words.ts";

const WORDS = {
  noManager: { en: "{directory}: no manager has been set up here", ja: "{directory}: マネージャが設定されていません" },
  setUp: {
    en: "`rusuban up` sets one up for this computer; --data DIR names another data folder",
    ja: "`rusuban up` でこのコンピュータに設定できます。別のデータフォルダは --data DIR で指定します",
  },
  notReadable: { en: "{path}: you may not read it", ja: "{path}: 読み取る権限がありません" },
  otherUser: {
    en: "run the command as the user who set the manager up (sudo), or name your own folder with --data DIR",
    ja: "マネージャを設定したユーザーで(sudo などで)実行するか、--data DIR で自分のフォルダを指定してください",
  },
  unreachable: {
    en: "the manager cannot be reached: {flow} to {host}:{port}: {problem}",
    ja: "マネージャに接続できません: {flow}({host}:{port}): {problem}",
  },
  startIt: {
    en: "start it with `rusuban up` or `rusuban manager run`; `rusuban ports explain {flow}` tells what the port is for",
    ja: "`rusuban up` または `rusuban manager run` で起動してください。ポートの説明: `rusuban ports explain {flow}`",
  },
  certificate: {
    en: "the manager and this command do not know one another: {flow} to {host}:{port}: {problem}",
    ja: "マネージャとの相互認証に失敗しました: {flow}({host}:{port}): {problem}",
  },
  expired: {
    en: "{path}: the administrator's certificate expired at {moment}",
    ja: "{path}: 管理者証明書の有効期限が切れています({moment})",
  },
  initAgain: {
    en: "check --data DIR; `rusuban manager init` on the manager's computer writes a new certificate for this folder",
    ja: "--data DIR を確認してください。マネージャのコンピュータで `rusuban manager init` を実行すると証明書を再発行できます",
  },
} as const satisfies Record<string, Text>;

/** Half of what a request may wait for its answer: a job's log is answered after 25 s at the latest (API_LIMITS). */
const TIMEOUT_MS = 15_000;

const ManagerFile = z.object({
  address: z.string().min(1).max(255),
  port: z.int().min(1).max(65_535),
  managerId: z.string().min(1).max(64),
});

/** Where a folder's manager is. */
export type ManagerPlace = z.infer<typeof ManagerFile>;

interface ConnectionNeeds {
  readonly dataDirectory: string;
  readonly language: Language;
  readonly clock: Clock;
}

/**
 * A client of the manager of a data folder. Nothing is sent yet; what goes wrong on the way shows at the first request,
 * as a CommandError `manager-unreachable` or `certificate`.
 * @throws CommandError `no-manager`, `not-permitted` or `certificate`; SettingsError or CorruptionError for the files.
 */
export async function openManagerApi({ dataDirectory, language, clock }: ConnectionNeeds): Promise<ApiClient> {
  const directory = join(dataDirectory, "administrator");
  const failure = failureIn(language);
  const missing = () => failure("no-manager", WORDS.noManager, WORDS.setUp, { directory: dataDirectory });
  const refused = (path: string) => (error: unknown) => {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") throw missing();
    if (codeOf(error) === "EACCES" || codeOf(error) === "EPERM")
      throw failure("not-permitted", WORDS.notReadable, WORDS.otherUser, { path });
    throw error;
  };
  const placeFile = join(directory, "manager.json");
  const identityFile = join(directory, "identity.pem");
  const place = parsePlace(placeFile, await readFile(placeFile, "utf8").catch(refused(placeFile)));
  const identity = await loadIdentity(directory).catch(refused(identityFile));
  if (identity === undefined) throw missing();
  if (identity.expiresAt <= clock.now())
    throw failure("certificate", WORDS.expired, WORDS.initAgain, {
      path: identityFile,
      moment: formatMoment(identity.expiresAt),
    });
  return createClient(createTransport({ place, identity, clock, failure }));
}

function parsePlace(path: string, text: string): ManagerPlace {
  try {
    return ManagerFile.parse(JSON.parse(text));
  } catch {
    throw new CorruptionError(path, "is not the address of a manager: `rusuban manager init` writes it anew");
  }
}

type FailureIn = (code: string, text: Text, hint: Text, values: Values) => CommandError;

function failureIn(language: Language): FailureIn {
  return (code, text, hint, values) =>
    new CommandError(code, visible(fill(text, language, values)), { hint: visible(fill(hint, language, values)) });
}

function createTransport(needs: {
  place: ManagerPlace;
  identity: Identity;
  clock: Clock;
  failure: FailureIn;
}): Transport {
  const { place, identity, clock, failure } = needs;
  const agent: HttpsAgent = createHttpsAgent({
    flow: "administration",
    host: place.address,
    port: place.port,
    identity,
    trust: { authority: identity.authority },
    expect: { kind: "manager", id: place.managerId },
    timeoutMs: TIMEOUT_MS,
    clock,
  });
  const explain = (error: unknown): unknown => {
    if (!(error instanceof ConnectError)) return error;
    const { flow, host, port } = error.destination;
    // ConnectError puts the destination in front, and so do our words.
    const problem = error.message.replace(`${flow} to ${host}:${port}: `, "");
    const isTrust = isAboutTrust(error.code);
    return failure(
      isTrust ? "certificate" : "manager-unreachable",
      isTrust ? WORDS.certificate : WORDS.unreachable,
      isTrust ? WORDS.initAgain : WORDS.startIt,
      { flow, host, port, problem },
    );
  };
  return async ({ method, path, headers, body, signal }) => {
    try {
      const response = await httpsStream(agent, {
        method,
        path,
        headers,
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      });
      return { status: response.status, headers: response.headers, body: explaining(response.body, explain) };
    } catch (error) {
      throw explain(error);
    }
  };
}

async function* explaining(
  body: AsyncIterable<Uint8Array>,
  explain: (error: unknown) => unknown,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw explain(error);
  }
}

/** Codes of Node's and OpenSSL's verification, of TLS alerts about certificates, and our own for another party. */
function isAboutTrust(code: string): boolean {
  return /CERT|SIGNED|PEER_UNEXPECTED|FINGERPRINT|UNKNOWN_CA|VERIFY/.test(code);
}
