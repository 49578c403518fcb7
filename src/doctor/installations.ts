// Programs that were there first and use ports of ours: openwsman, tog-pegasus, rpcbind, snmptrapd, Webmin. Found by
// their files, which tell where they listen; whoever else holds a declared port shows in the socket table (self-check.ts).

import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Text } from "../ports/flow.ts";
import { type FlowKey, flowOf } from "../ports/port-map.ts";
import { text } from "./words.ts";

export interface Installation {
  readonly name: string;
  /** The file by which it was found, as this host has it. */
  readonly path: string;
  /** As its settings say, or by its own default; null where the program has none that matters here. */
  readonly port: number | null;
  /** The flow of ours whose default port it uses. */
  readonly flow: FlowKey | null;
  readonly advice: Text;
}

/** Looks below `root`. A program whose files cannot be read counts as not there. */
export async function findInstallations(root = "/"): Promise<Installation[]> {
  const found = await Promise.all([openwsman(root), pegasus(root), rpcbind(root), snmptrapd(root), webmin(root)]);
  return found.flatMap((each) => each ?? []);
}

async function openwsman(root: string): Promise<Installation | undefined> {
  const path = "/etc/openwsman/openwsman.conf";
  const conf = await read(root, path);
  if (conf === undefined) return undefined;
  const port = Number(iniValue(conf, "server", "ssl_port") ?? flowOf("wsmanHttps").port);
  return {
    name: "openwsman",
    path,
    port,
    flow: "wsmanHttps",
    advice: text(
      `openwsmand listens on ssl_port ${port}: one of the two must move. Change ssl_port in ${path} [server] and restart openwsmand, or set ports.wsmanHttps; rules of the firewall follow the port that is used`,
      `openwsmand は ssl_port ${port} を使用します。${path} [server] の ssl_port を変更して openwsmand を再起動するか、ports.wsmanHttps を変更してください。ファイアウォールの規則も使用するポートに合わせます`,
    ),
  };
}

async function pegasus(root: string): Promise<Installation | undefined> {
  const path = await firstOf(root, ["/usr/sbin/cimserver", "/opt/tog-pegasus/sbin/cimserver", "/etc/Pegasus"]);
  if (path === undefined) return undefined;
  return {
    name: "tog-pegasus",
    path,
    port: flowOf("cimXml").port,
    flow: "cimXml",
    advice: text(
      "its port cannot be changed: set ports.cimXml to another port where both run, and keep its plain HTTP port on the loopback",
      "tog-pegasus のポート番号は変更できません。併用する場合は ports.cimXml を別のポートにし、平文 HTTP はループバックに限定してください",
    ),
  };
}

async function rpcbind(root: string): Promise<Installation | undefined> {
  const path = await firstOf(root, ["/usr/sbin/rpcbind", "/sbin/rpcbind"]);
  if (path === undefined) return undefined;
  return {
    name: "rpcbind",
    path,
    port: null,
    flow: null,
    advice: text(
      "used by the original agent inside the computer only (esm-13, esm-14): no rule between hosts; its port cannot be changed",
      "元のエージェントがコンピュータ内部でのみ使用します(esm-13、esm-14)。ホスト間の規則は不要で、ポート番号は変更できません",
    ),
  };
}

async function snmptrapd(root: string): Promise<Installation | undefined> {
  const path = await firstOf(root, ["/usr/sbin/snmptrapd", "/etc/snmp/snmptrapd.conf"]);
  if (path === undefined) return undefined;
  return {
    name: "snmptrapd",
    path,
    port: flowOf("snmpTrap").port,
    flow: "snmpTrap",
    advice: text(
      "where it runs it has the trap port: stop it (systemctl disable --now snmptrapd), let it forward to another port and set ports.snmpTrap, or leave the traps to it",
      "動作中はトラップのポートを使用します。停止する(systemctl disable --now snmptrapd)、別ポートへ転送して ports.snmpTrap を変更する、またはトラップ受信を任せるかを選んでください",
    ),
  };
}

async function webmin(root: string): Promise<Installation | undefined> {
  const path = "/etc/webmin/miniserv.conf";
  const conf = await read(root, path);
  if (conf === undefined) return undefined;
  const port = Number(/^port=(\d+)\s*$/m.exec(conf)?.[1] ?? flowOf("backupControl").port);
  return {
    name: "Webmin",
    path,
    port,
    flow: port === flowOf("backupControl").port ? "backupControl" : null,
    advice: text(
      `Webmin listens on ${port}: change port= in ${path} and restart Webmin, or set ports.backupControl on this host's agent`,
      `Webmin はポート ${port} を使用します。${path} の port= を変更して再起動するか、このホストのエージェントの ports.backupControl を変更してください`,
    ),
  };
}

/** `key = value` in a section of an INI file; a line that begins with # or ; is a comment. */
function iniValue(conf: string, section: string, key: string): string | undefined {
  let isInside = false;
  for (const line of conf.split("\n").map((each) => each.trim())) {
    const [, name] = /^\[(.+)\]$/.exec(line) ?? [];
    if (name !== undefined) isInside = name.trim() === section;
    const [, found, value] = /^([^#;=]+?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (isInside && found === key && value !== undefined && /^\d+$/.test(value)) return value;
  }
  return undefined;
}

async function read(root: string, path: string): Promise<string | undefined> {
  return readFile(join(root, path), "utf8").catch(() => undefined);
}

async function firstOf(root: string, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const isThere = await access(join(root, path)).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
