// Veritas Backup Exec: media server (Backup Exec server) and remote agent, after the product's port document.

import { type Profile, ROW_DEFAULTS, type Trap } from "./profile.ts";

const fromMediaServer = { initiator: "Media server", sourcePort: "not stated", from: "manager" } as const;
const fromRemoteAgent = {
  initiator: "Remote agent",
  source: "Remote server (agent: beremote.exe / beremote)",
  sourcePort: "not stated",
  from: "agent",
  to: "manager",
} as const;
/** The port table gives these neither a direction nor a peer (T15); `to` is where the process runs. */
const notStated = {
  initiator: "NOT STATED",
  sourcePort: "not stated",
  from: null,
  to: "manager",
  reply: "not stated",
  platform: "Windows",
} as const;
const fromConsole = {
  initiator: "Admin console",
  source: "Remote administration console",
  sourcePort: "not stated",
  destination: "Media server (Backup Exec server)",
  from: "console",
  to: "manager",
  reply: "same connection",
  platform: "Windows",
  changeable: "no",
  footnotes: ["inbound rule on the remote media server"],
} as const;
const noPort = {
  en: "It has no port: owning the storage is a part of the manager itself (src/store).",
  ja: "ポートはありません。ストレージの管理はマネージャ自身の一部です(src/store)。",
} as const;

const TRAPS: readonly Trap[] = [
  {
    id: "T14",
    claim:
      "Backup Exec: lower bound of the dynamic range is 1024 in one table and 1025 in the other and in the settings screen",
    rule: "one declared range with one bound; 1024-65535 would include 3527, 5633, 6101, 6106, 10000, 10082, 10102, 50104 and every other service",
  },
  {
    id: "T15",
    claim: "Backup Exec: the port table has no direction/initiator for 3527, 6106, 5633, 50104",
    rule: "initiator is a required field",
  },
  {
    id: "T16",
    claim:
      "Backup Exec: the dynamic range must be typed in the product AND in the firewall; the count (25) must follow concurrency (2 per job)",
    rule: "range size >= max(25, 2*jobs) checked when the map is loaded; listener picks only from the range and reports exhaustion",
  },
  {
    id: "T17",
    claim:
      "Backup Exec: 'benetns 6101' is advertisement agent->server while 10000 and data are server->agent: one-way firewalls break exactly one half, seen as missing selection list or 0xE0000F02/0xE0000F25",
    rule: "doctor reports per direction",
  },
  {
    id: "T18",
    claim:
      "dynamic ports collide with ephemeral source ports of the same host (Linux 32768-60999): a listener inside that range fails at random with EADDRINUSE",
    rule: "declare the range outside ip_local_port_range or reserve it with net.ipv4.ip_local_reserved_ports / 'netsh int ipv4 add excludedportrange'",
  },
  {
    id: "T19",
    claim: "10000/tcp is also the default of Webmin and of other NDMP servers",
    rule: "bind conflict must be reported with the owner process",
  },
];

export const BACKUP_EXEC: Profile = {
  name: "backup-exec",
  product: "Veritas Backup Exec",
  sourceFile: "backup-exec-ports.ja.txt",
  variants: [],
  rows: [
    {
      ...ROW_DEFAULTS,
      ...fromRemoteAgent,
      id: "be-01",
      feature: {
        en: "Agent advertisement (environment announcement)",
        ja: "アドバタイズ (環境情報通知) / Backup Exec Agent Browser",
      },
      destination: "Media server (Backup Exec server): benetns.exe (Backup Exec Agent Browser)",
      ports: [{ kind: "port", port: 6101 }],
      reply: "not stated",
      changeable: "not stated",
      flows: ["agentBrowser"],
    },
    {
      ...ROW_DEFAULTS,
      id: "be-02",
      feature: { en: "Device and Media Service", ja: "Device and Media Service" },
      initiator: "none",
      source: "-",
      sourcePort: "-",
      destination: "pvlsvr.exe",
      from: null,
      to: "manager",
      ports: [{ kind: "none" }],
      transport: "none",
      reply: "-",
      platform: "Windows",
      footnotes: ["listed with port None / protocol None"],
      flows: [],
      unserved: noPort,
    },
    {
      ...ROW_DEFAULTS,
      ...notStated,
      id: "be-03",
      feature: { en: "Backup Exec server", ja: "Backup Exec サーバー" },
      source: "not stated",
      destination: "Media server (Backup Exec server): beserver.exe",
      ports: [
        { kind: "port", port: 3527 },
        { kind: "port", port: 6106 },
      ],
      changeable: "not stated",
      footnotes: ["the table gives no direction or peer"],
      flows: ["managerPeer", "administration"],
    },
    {
      ...ROW_DEFAULTS,
      ...notStated,
      id: "be-04",
      feature: {
        en: "Job Engine (used by the Oracle agent)",
        ja: "Backup Exec Job Engine 5633 変更可能 Oracle エージェントで使用",
      },
      source: "not stated (Oracle agent)",
      destination: "Media server (Backup Exec server): bengine.exe",
      ports: [{ kind: "port", port: 5633 }],
      changeable: "yes",
      footnotes: ["changeable; used by the Oracle agent"],
      inferred: ["initiator is probably the agent's host (Oracle DBA-side jobs)"],
      flows: ["jobEngine"],
    },
    {
      ...ROW_DEFAULTS,
      ...fromMediaServer,
      id: "be-05",
      feature: {
        en: "Control connection",
        ja: "コントロール: メディア サーバーからリモートサーバーへのコントロール接続は、常に TCP ポート 10000",
      },
      source: "Media server (Backup Exec server): Job Engine",
      destination: "Remote server (agent: beremote.exe / beremote)",
      to: "agent",
      ports: [{ kind: "port", port: 10000 }],
      application: "NDMP (name not in the text)",
      reply: "same connection",
      platform: "Agent for Windows / Agent for Linux and Unix",
      changeable:
        "'always 10000' in the example; the service table marks the cell 変更可能 (changeable) next to the dynamic range",
      footnotes: ["connection type table: 10000 = control"],
      inferred: ["NDMP"],
      flows: ["backupControl"],
    },
    {
      ...ROW_DEFAULTS,
      ...fromMediaServer,
      id: "be-06",
      feature: {
        en: "Data connection (dynamic)",
        ja: "データ: バックアップのためのデータ接続は、動的ポート範囲内でリモートサーバーに対して行われます",
      },
      source: "Media server (Backup Exec server): Job Engine",
      destination: "Remote server (agent: beremote.exe / beremote)",
      to: "agent",
      ports: [
        { kind: "range", range: { from: 1025, to: 65535 }, statedIn: "connection table and settings screen" },
        { kind: "range", range: { from: 1024, to: 65535 }, statedIn: "service table" },
      ],
      reply: "same connection; the data itself flows agent to media server for backup",
      platform: "Agent for Windows / Agent for Linux and Unix",
      changeable: "yes",
      changeWhere:
        "console: [構成と設定][Backup Exec の設定][ネットワークとセキュリティ] (Configuration and Settings > Backup Exec Settings > Network and Security); the same range must be opened in the firewall",
      footnotes: [
        "*1 dynamic ports belong to no protocol permanently; at least 2 ports per backup job through a firewall; keep at least 25 open on the remote system; more when several jobs run at once",
        "Symantec Endpoint Protection or other antivirus acting as firewall: free 25 dynamic ports",
        "minimum 2 ports per job; recommended at least 25; more for concurrent backup/restore jobs",
      ],
      flows: ["backupData"],
    },
    {
      ...ROW_DEFAULTS,
      ...notStated,
      id: "be-07",
      feature: { en: "Management Service", ja: "Backup Exec Management Service" },
      source: "not stated",
      destination: "Media server (Backup Exec server): BackupExecManagementService.exe",
      ports: [{ kind: "port", port: 50104 }],
      changeable: "not stated",
      flows: ["console"],
    },
    {
      ...ROW_DEFAULTS,
      ...fromRemoteAgent,
      id: "be-08",
      feature: {
        en: "Client-side deduplication: engine",
        ja: "クライアント側の重複排除 Deduplication Engine ( spoold )",
      },
      destination: "Media server (Backup Exec server): Spoold.exe",
      ports: [{ kind: "port", port: 10082 }],
      reply: "same connection",
      changeable: "not stated",
      footnotes: ["only for client-side deduplication"],
      flows: ["dedupEngine"],
    },
    {
      ...ROW_DEFAULTS,
      ...fromRemoteAgent,
      id: "be-09",
      feature: {
        en: "Client-side deduplication: manager",
        ja: "クライアント側の重複排除 Deduplication Manager ( spad )",
      },
      destination: "Media server (Backup Exec server): Spad.exe",
      ports: [{ kind: "port", port: 10102 }],
      reply: "same connection",
      changeable: "not stated",
      footnotes: ["only for client-side deduplication"],
      flows: ["dedupManager"],
    },
    {
      ...ROW_DEFAULTS,
      ...fromMediaServer,
      id: "be-10",
      feature: { en: "Microsoft 365 workload (Exchange Online)", ja: "M365 ワークロード Exchange Online" },
      source: "Media server (Backup Exec server)",
      destination: "M365 endpoints",
      to: "microsoft-365",
      ports: [
        { kind: "port", port: 80 },
        { kind: "port", port: 443 },
      ],
      application: "HTTP/HTTPS",
      reply: "same connection",
      footnotes: ["restrict to the published M365 endpoints"],
      flows: ["exchangeOnline"],
    },
    {
      ...ROW_DEFAULTS,
      ...fromConsole,
      id: "be-11",
      feature: {
        en: "Remote admin console: find and manage services on a remote media server",
        ja: "リモート管理コンソールのためのファイアウォール設定 Remote Service Management (RPC-EPMAP)",
      },
      ports: [{ kind: "windows-rule", rule: "Remote Service Management (RPC-EPMAP)", group: true }],
      application: "RPC endpoint mapper",
      inferred: ["135/tcp plus dynamic RPC"],
      flows: ["administration"],
    },
    {
      ...ROW_DEFAULTS,
      ...fromConsole,
      id: "be-12",
      feature: { en: "Remote admin console: WMI", ja: "Windows Management Instrumentation (WMI-In)" },
      ports: [{ kind: "windows-rule", rule: "Windows Management Instrumentation (WMI-In)", group: false }],
      application: "DCOM/WMI",
      inferred: ["dynamic RPC range 49152-65535 on svchost"],
      flows: ["administration"],
    },
  ],
  traps: TRAPS,
  sampleRules: [],
  notes: [],
  errorCodes: [
    { code: "UMI V-370-59792-00041", meaning: "listed, no text" },
    { code: "UMI V-79-57344-3842", meaning: "= 0xE0000F02" },
    { code: "UMI V-79-57344-3877", meaning: "= 0xE0000F25" },
    { code: "0xE0000F02", meaning: "could not connect from the Backup Exec server to the remote computer" },
    {
      code: "0xE0000F25",
      meaning:
        "communication failure while trying to connect: wrong computer name, computer off, agent not installed, wrong network settings",
    },
  ],
  symptoms: ["selection list is not shown", "backup or restore fails with the errors above"],
  diagnosisTools: [
    "Veritas Quick Assist run on BOTH the media server and the failing remote server, then read its log, tells whether a port is closed",
  ],
};
