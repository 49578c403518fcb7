import { writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { resolve } from "node:path";
import type { Command } from "commander";
import { MANAGER_SETTINGS } from "../manager/settings.ts";
import { loadIdentity } from "../net/identity.ts";
import { readIssuers } from "../net/issuer-file.ts";
import { portBookOf } from "../net/port-settings.ts";
import type { Text } from "../ports/flow.ts";
import { reasonOf, SettingsError } from "../runtime/errors.ts";
import { loadSettings } from "../runtime/settings.ts";
import { defineCommand } from "./define-command.ts";
import { parseSetFlags, SET_OPTION } from "./program-settings.ts";
import type { Cli, Session } from "./session.ts";

// What an administrator of Windows puts into the group policy, with everything around it that must be right.

const WORDS = {
  about: {
    en: "what to put into the group policy so that Windows servers without our agent send their event logs",
    ja: "エージェントのない Windows サーバにイベントログを送らせるグループポリシーの設定値と手順",
  },
  nameOption: {
    en: "by which Windows servers reach this manager; its certificate must carry it",
    ja: "Windows サーバから見たこのマネージャの名前(マネージャの証明書に含まれること)",
  },
  issuerOption: {
    en: "the issuing authority's certificate (PEM), instead of the setting events.issuerFile",
    ja: "設定 events.issuerFile の代わりに使う、発行元認証局の証明書(PEM)",
  },
  authorityOption: {
    en: "write this manager's authority certificate there, for the servers' trusted roots",
    ja: "このマネージャの認証局証明書の書き出し先(サーバの信頼されたルートに登録するため)",
  },
  noIssuer: {
    en: "the certificate of the authority that issues the servers' own certificates is needed",
    ja: "サーバの証明書を発行している認証局の証明書が必要です",
  },
  giveIssuer: {
    en: "set events.issuerFile in {file}, or give --issuer FILE",
    ja: "{file} の events.issuerFile に設定するか、--issuer FILE を指定してください",
  },
  noManager: { en: "there is no manager in {directory} yet", ja: "{directory} にマネージャがまだありません" },
  initFirst: { en: "set one up first: rusuban manager init", ja: "先に rusuban manager init を実行してください" },
  notWritten: { en: "{file} could not be written: {reason}", ja: "{file} に書き込めません: {reason}" },
  untried: {
    en: "This was written after Microsoft's public documents and has never met a real Windows: try it with one server first.",
    ja: "公開仕様に基づく実装で、実際の Windows ではまだ動作を確認していません。まず 1 台で試してください。",
  },
  isOff: {
    en: "The manager does not collect yet: set events.collect to on in {file} and start it again.",
    ja: "マネージャの収集はまだ無効です。{file} で events.collect を on にして再起動してください。",
  },
  nameMissing: {
    en: "The manager's certificate does not carry {name}: add it to listen.names in {file} and start the manager again.",
    ja: "マネージャの証明書に {name} が含まれていません。{file} の listen.names に加えて再起動してください。",
  },
  where: {
    en: "Computer Configuration > Policies > Administrative Templates > Windows Components > Event Forwarding\n  > Configure target Subscription Manager > Enabled, SubscriptionManagers:",
    ja: "コンピューターの構成 > ポリシー > 管理用テンプレート > Windows コンポーネント > イベント転送\n  > ターゲット サブスクリプション マネージャーの構成 > 有効、SubscriptionManagers:",
  },
  steps: {
    en: `On each Windows server (by policy where there are many):
1. Open the way: TCP {port} from the server to this manager (rusuban firewall render --with event-collector).
   Nothing needs to be open on the server.
2. Trust the manager: its authority's certificate (rusuban manager windows-policy --authority FILE)
   belongs to the computer's trusted roots:      certutil -addstore -f Root FILE
3. The server's own certificate: in the computer's personal store (LocalMachine\\My), issued by the authority
   with the thumbprint {thumbprint},
   for client authentication (1.3.6.1.5.5.7.3.2), the server's name as its DNS name.
4. The forwarder runs as NETWORK SERVICE, which must be able to read that certificate's private key
   (certlm.msc > All Tasks > Manage Private Keys), and for the Security log must be in the group:
                                                 net localgroup "Event Log Readers" "NT AUTHORITY\\NETWORK SERVICE" /add
5. The service Windows Remote Management (WinRM) must run; it needs no listener:
                                                 sc config WinRM start= auto    and    sc start WinRM
6. Take the policy:                              gpupdate /force
What the server thinks of it is in its log Microsoft-Windows-Eventlog-ForwardingPlugin/Operational.
Kerberos (domain accounts over HTTP 5985) is not spoken: without a certificate of its own a server cannot send.`,
    ja: `各 Windows サーバで(台数が多い場合はポリシーで):
1. 通信を許可: サーバからこのマネージャへの TCP {port}(rusuban firewall render --with event-collector)。
   サーバ側で開けるポートはありません。
2. マネージャを信頼: マネージャの認証局証明書(rusuban manager windows-policy --authority FILE)を
   コンピューターの信頼されたルートへ登録:          certutil -addstore -f Root FILE
3. サーバ自身の証明書: コンピューターの個人ストア(LocalMachine\\My)に、拇印
   {thumbprint} の認証局が発行した、
   クライアント認証用(1.3.6.1.5.5.7.3.2)で、DNS 名がサーバ名の証明書を置きます。
4. 転送は NETWORK SERVICE で動作します。証明書の秘密キーの読み取り権
   (certlm.msc > すべてのタスク > 秘密キーの管理)と、Security ログを送る場合は次のグループへの追加が必要です:
                                                 net localgroup "Event Log Readers" "NT AUTHORITY\\NETWORK SERVICE" /add
5. Windows Remote Management (WinRM) サービスの起動(リスナーは不要):
                                                 sc config WinRM start= auto    続けて    sc start WinRM
6. ポリシーの反映:                               gpupdate /force
サーバ側の状況はログ Microsoft-Windows-Eventlog-ForwardingPlugin/Operational に出ます。
Kerberos(ドメインアカウント、HTTP 5985)には対応していません。証明書のないサーバからは受信できません。`,
  },
} as const satisfies Record<string, Text>;

interface Options {
  readonly name?: string;
  readonly issuer?: string;
  readonly authority?: string;
  readonly set?: readonly string[];
}

/** How often a server asks what to send, which also shows that it lives. */
const REFRESH_SECONDS = 60;

export function windowsPolicyCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "windows-policy",
    about: WORDS.about,
    options: [
      { flags: "--name <name>", about: WORDS.nameOption },
      { flags: "--issuer <file>", about: WORDS.issuerOption },
      { flags: "--authority <file>", about: WORDS.authorityOption },
      SET_OPTION,
    ],
    examples: [
      "rusuban manager windows-policy --issuer issuing-ca.pem",
      "rusuban manager windows-policy --name manager.example.org --authority rusuban-authority.cer",
    ],
    run,
  });
}

async function run(session: Session, options: Options): Promise<void> {
  const { managerFiles, reachableAddresses } = await import("../manager/manager-data.ts");
  const { COLLECTOR_PATH } = await import("../protocols/wsman/windows/collector.ts");
  const files = managerFiles(session.dataDirectory);
  const settings = loadSettings(MANAGER_SETTINGS, {
    flags: parseSetFlags(options.set),
    env: session.world.env,
    file: files.settings,
  });
  const issuerFile = options.issuer ?? settings["events.issuerFile"];
  if (issuerFile === "") {
    throw session.failure("no-issuer", WORDS.noIssuer, { hint: WORDS.giveIssuer, values: { file: files.settings } });
  }
  const { thumbprint } = readIssuers(
    options.issuer === undefined ? "events.issuerFile" : "issuer",
    resolve(issuerFile),
  );
  const port = portBookOf(settings, settings["jobs.concurrent"]).portOf("eventCollector");
  const names = reachableAddresses(settings["listen.host"], settings["listen.names"]);
  const name = options.name ?? names.find((each) => isIP(each) === 0) ?? names[0] ?? "localhost";
  if (!/^[A-Za-z0-9:][A-Za-z0-9:._-]{0,252}$/.test(name)) {
    throw new SettingsError("name", `${JSON.stringify(name)} is neither a name nor an address`);
  }
  const authorityFile = options.authority === undefined ? null : resolve(options.authority);
  if (authorityFile !== null) await writeAuthority(session, { directory: files.identity, file: authorityFile });
  const host = isIP(name) === 6 ? `[${name}]` : name;
  const subscriptionManager = `Server=https://${host}:${port}${COLLECTOR_PATH},Refresh=${REFRESH_SECONDS},IssuerCA=${thumbprint}`;
  const isCollecting = settings["events.collect"] === "on";
  session.result({ subscriptionManager, issuerThumbprint: thumbprint, name, port, isCollecting, authorityFile }, () => {
    session.tell(WORDS.untried);
    if (!isCollecting) session.tell(WORDS.isOff, { file: files.settings });
    if (!names.includes(name)) session.tell(WORDS.nameMissing, { name, file: files.settings });
    session.printText(session.say(WORDS.where));
    session.print("");
    session.print(`  ${subscriptionManager}`);
    session.print("");
    for (const line of session.say(WORDS.steps, { port, thumbprint }).split("\n")) session.printText(line);
  });
}

/** The certificate alone: the file of the authority itself holds its key. */
async function writeAuthority(
  session: Session,
  { directory, file }: { directory: string; file: string },
): Promise<void> {
  const identity = await loadIdentity(directory);
  if (identity === undefined) {
    throw session.failure("no-manager", WORDS.noManager, {
      hint: WORDS.initFirst,
      values: { directory: session.dataDirectory },
    });
  }
  try {
    await writeFile(file, identity.authority);
  } catch (error) {
    throw session.failure("not-writable", WORDS.notWritten, { values: { file, reason: reasonOf(error) } });
  }
}
