import type { Command } from "commander";
import type { CimInstance } from "../cim/cim-instance.ts";
import { ObjectPath } from "../cim/object-path.ts";
import type { Text } from "../ports/flow.ts";
import { reasonOf } from "../runtime/errors.ts";
import { cimFollowCommand } from "./cim-follow.ts";
import { cimListenCommand } from "./cim-listen.ts";
import { instanceJson, printInstance, valueJson, valueText } from "./cim-output.ts";
import { cimSubscribeCommand, cimUnsubscribeCommand } from "./cim-subscribe.ts";
import { ADDRESS_ARGUMENT, TARGET_OPTIONS, type TargetOptions, withConnection } from "./cim-target.ts";
import { defineCommand, defineGroup } from "./define-command.ts";
import { EXIT } from "./output.ts";
import type { Cli, Session } from "./session.ts";
import { jsonText } from "./visible.ts";

const WORDS = {
  about: {
    en: "any CIM server, over CIM-XML or WS-Management: ours or anybody's",
    ja: "CIM サーバ(CIM-XML・WS-Management)の参照と操作",
  },
  identify: { en: "what a server says of itself", ja: "サーバの情報を表示" },
  get: { en: "one instance by its path", ja: "インスタンスを 1 つ取得" },
  enumerate: { en: "all instances of a class and its subclasses", ja: "クラスのインスタンスを一覧表示" },
  query: { en: "the instances that a query chooses", ja: "クエリに合うインスタンスを表示" },
  invoke: { en: "call a method of an instance or a class", ja: "インスタンスまたはクラスのメソッドを呼び出す" },
  path: {
    en: 'the instance: CLASS.KEY="VALUE",KEY=NUMBER',
    ja: 'インスタンスのパス: クラス名.キー="値",キー=数値',
  },
  className: { en: "name of the class", ja: "クラス名" },
  properties: { en: "only these properties, separated by commas", ja: "表示するプロパティ(カンマ区切り)" },
  names: { en: "only the paths", ja: "パスだけを表示" },
  queryText: { en: "the query, such as SELECT * FROM CIM_Fan", ja: "クエリ(例: SELECT * FROM CIM_Fan)" },
  language: { en: "WQL or DMTF:CQL", ja: "クエリ言語(WQL または DMTF:CQL)" },
  method: { en: "name of the method", ja: "メソッド名" },
  parameters: { en: "NAME=VALUE; a name given again makes a list", ja: "名前=値(同じ名前を繰り返すと配列)" },
  returned: { en: "return value", ja: "戻り値" },
  noParameter: { en: "{text} is not NAME=VALUE", ja: "{text} は「名前=値」の形式ではありません" },
  notAPath: { en: "{text}: {problem}", ja: "{text}: {problem}" },
  nothing: { en: "No instances.", ja: "インスタンスはありません。" },
} as const satisfies Record<string, Text>;

interface Options extends TargetOptions {
  readonly properties?: string;
  readonly names?: boolean;
  readonly language?: string;
}

const PROPERTIES = { flags: "--properties <names>", about: WORDS.properties } as const;

/** `rusuban cim …`. The protocols are loaded only when a command runs. */
export function cimCommand(cli: Cli): Command {
  return defineGroup(cli, "cim", WORDS.about, [
    defineCommand(cli, {
      name: "identify",
      about: WORDS.identify,
      arguments: [ADDRESS_ARGUMENT],
      options: TARGET_OPTIONS,
      examples: ["rusuban cim identify https://ops@web1.example"],
      run: identify,
    }),
    defineCommand(cli, {
      name: "get",
      about: WORDS.get,
      arguments: [ADDRESS_ARGUMENT, ["<path>", WORDS.path]],
      options: [PROPERTIES, ...TARGET_OPTIONS],
      examples: [`rusuban cim get https://ops@web1.example 'CIM_Processor.DeviceID="cpu0",…'`],
      run: get,
    }),
    defineCommand(cli, {
      name: "enumerate",
      about: WORDS.enumerate,
      arguments: [ADDRESS_ARGUMENT, ["<class>", WORDS.className]],
      options: [PROPERTIES, { flags: "--names", about: WORDS.names }, ...TARGET_OPTIONS],
      examples: [
        "rusuban cim enumerate https://ops@web1.example CIM_FileSystem --properties Name,AvailableSpace",
        "rusuban cim enumerate https://ops@bmc.example CIM_NumericSensor --pin 9f86d081…0f00a08 --json",
      ],
      run: enumerate,
    }),
    defineCommand(cli, {
      name: "query",
      about: WORDS.query,
      arguments: [ADDRESS_ARGUMENT, ["<query>", WORDS.queryText]],
      options: [{ flags: "--language <name>", about: WORDS.language }, ...TARGET_OPTIONS],
      examples: [`rusuban cim query https://ops@web1.example "SELECT * FROM CIM_Service WHERE Started = FALSE"`],
      run: query,
    }),
    defineCommand(cli, {
      name: "invoke",
      about: WORDS.invoke,
      arguments: [
        ADDRESS_ARGUMENT,
        ["<path>", WORDS.path],
        ["<method>", WORDS.method],
        ["[parameters...]", WORDS.parameters],
      ],
      options: TARGET_OPTIONS,
      examples: [`rusuban cim invoke https://ops@web1.example 'CIM_Service.Name="sshd",…' StartService`],
      run: invoke,
    }),
    cimSubscribeCommand(cli),
    cimUnsubscribeCommand(cli),
    cimListenCommand(cli),
    cimFollowCommand(cli),
  ]);
}

function identify(session: Session, address: string, options: Options) {
  return withConnection(session, address, options, async (connection) => {
    const facts = await connection.identify();
    session.result({ facts: facts.map(([name, value]) => ({ name, value })) }, () => session.facts(facts));
  });
}

function get(session: Session, address: string, path: string, options: Options) {
  return withConnection(session, address, options, async (connection) => {
    const instance = await connection.get(pathOf(session, path), listOf(options.properties));
    session.result(instanceJson(instance), () => printInstance(session, instance));
  });
}

function enumerate(session: Session, address: string, className: string, options: Options) {
  return withConnection(session, address, options, async (connection) => {
    const properties = listOf(options.properties);
    if (!options.names) return show(session, connection.enumerate(className, properties), properties);
    const paths: string[] = [];
    for await (const path of connection.enumerateNames(className)) {
      paths.push(path.toCimObject());
      if (!session.json) session.printText(path.toCimObject());
    }
    session.result({ paths }, () => {});
  });
}

function query(session: Session, address: string, text: string, options: Options) {
  return withConnection(session, address, options, (connection) =>
    show(session, connection.query(options.language ?? "WQL", text), undefined),
  );
}

/** A table where properties were named; else one block an instance, each as soon as it is there. */
async function show(
  session: Session,
  instances: AsyncIterable<CimInstance>,
  properties: readonly string[] | undefined,
): Promise<void> {
  const all: CimInstance[] = [];
  let count = 0;
  for await (const instance of instances) {
    count += 1;
    if (session.json || properties !== undefined) all.push(instance);
    else printInstance(session, instance);
  }
  session.result({ instances: all.map(instanceJson) }, () => {
    if (count === 0) return session.tell(WORDS.nothing);
    if (properties === undefined) return;
    const head = properties.map((name) => ({ en: name, ja: name }));
    session.table(
      head,
      all.map((instance) => properties.map((name) => valueText(instance.get(name) ?? null) ?? "")),
    );
  });
}

function invoke(
  session: Session,
  address: string,
  path: string,
  method: string,
  given: readonly string[],
  options: Options,
) {
  const parameters = given.map((text) => {
    const at = text.indexOf("=");
    if (at < 1) throw session.failure("usage", WORDS.noParameter, { values: { text }, exit: EXIT.usage });
    return [text.slice(0, at), text.slice(at + 1)] as const;
  });
  return withConnection(session, address, options, async (connection) => {
    const { returnValue, output } = await connection.invoke(pathOf(session, path), method, parameters);
    const entries = Object.entries(output);
    const json = {
      returnValue: valueJson(returnValue),
      output: Object.fromEntries(entries.map(([name, value]) => [name, valueJson(value)])),
    };
    session.result(json, () =>
      session.facts([
        [WORDS.returned, valueText(returnValue) ?? "NULL"],
        ...entries.map(([name, value]) => [name, valueText(value) ?? "NULL"] as const),
      ]),
    );
  });
}

function listOf(properties: string | undefined): readonly string[] | undefined {
  return properties
    ?.split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function pathOf(session: Session, text: string): ObjectPath {
  try {
    return ObjectPath.parse(text);
  } catch (error) {
    const values = { text: jsonText(text), problem: reasonOf(error) };
    throw session.failure("usage", WORDS.notAPath, { values, exit: EXIT.usage });
  }
}
