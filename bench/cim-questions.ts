import { Agent, request } from "node:https";

// Enumerations as bytes over TLS, the same for every server, and nothing of the answer read but what the next question
// needs: so what is measured is the server.

export type Protocol = "cim-xml" | "wsman";

export interface Server {
  readonly name: string;
  readonly protocol: Protocol;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly account: string | undefined;
  /** Of the process that answers, whose processor time counts; undefined where it is not known. */
  readonly pid: number | undefined;
}

export interface Asked {
  readonly bytes: number;
  readonly instances: number;
}

const NAMESPACE = ["root", "cimv2"];
/** All of it in as few envelopes as the server allows. */
const ELEMENTS = 5_000;
const ENVELOPE_BYTES = 4 * 1024 * 1024;

/** Asks one server over at most `connections` connections, which stay open. */
export function createQuestions(server: Server, connections: number) {
  // Nothing but this machine is asked; whose certificate it is changes nothing of the time.
  const agent = new Agent({ keepAlive: true, maxSockets: connections, rejectUnauthorized: false });
  const authorization =
    server.account === undefined ? {} : { authorization: `Basic ${Buffer.from(server.account).toString("base64")}` };

  function post(body: string, headers: Readonly<Record<string, string>>): Promise<string> {
    const { host, port, path } = server;
    return new Promise((resolve, reject) => {
      const asked = request(
        {
          ...{ agent, host, port, path, method: "POST" },
          headers: { ...headers, ...authorization, "content-length": Buffer.byteLength(body) },
        },
        (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part: Buffer) => parts.push(part));
          response.on("error", reject);
          response.on("end", () => {
            const text = Buffer.concat(parts).toString("latin1");
            if (response.statusCode === 200) resolve(text);
            else reject(new Error(`${server.name}: HTTP ${response.statusCode}: ${text.slice(0, 600)}`));
          });
        },
      );
      asked.on("error", reject);
      asked.end(body);
    });
  }

  async function cimXml(className: string): Promise<Asked> {
    const text = await post(enumerateInstances(className), {
      "content-type": 'application/xml; charset="utf-8"',
      cimoperation: "MethodCall",
      cimmethod: "EnumerateInstances",
      cimobject: NAMESPACE.join("%2F"),
    });
    if (text.includes("<ERROR ")) throw new Error(`${server.name}: ${text.slice(0, 600)}`);
    return { bytes: text.length, instances: occurrences(text, "<INSTANCE ") };
  }

  async function wsman(className: string): Promise<Asked> {
    const headers = { "content-type": "application/soap+xml;charset=UTF-8" };
    let text = await post(enumerate(className, server), headers);
    let [bytes, instances] = [text.length, instancesOf(text, className)];
    for (;;) {
      const [, context] = /EnumerationContext>([^<]+)</.exec(text) ?? [];
      if (context === undefined || text.includes("EndOfSequence")) return { bytes, instances };
      text = await post(pull(className, context, server), headers);
      bytes += text.length;
      instances += instancesOf(text, className);
    }
  }

  return {
    ask: (className: string) => (server.protocol === "cim-xml" ? cimXml(className) : wsman(className)),
    close: () => agent.destroy(),
  };
}

function occurrences(text: string, part: string): number {
  return text.split(part).length - 1;
}

/** Each instance ends with its own class's name, which belongs to the family of the class that was asked for. */
function instancesOf(text: string, className: string): number {
  const family = className.replace(/^CIM_/, "");
  return (text.match(new RegExp(`</(?:\\w+:)?\\w+_\\w*${family}>`, "g")) ?? []).length;
}

function enumerateInstances(className: string): string {
  const flag = (name: string, value: boolean) =>
    `<IPARAMVALUE NAME="${name}"><VALUE>${String(value).toUpperCase()}</VALUE></IPARAMVALUE>`;
  return `<?xml version="1.0" encoding="utf-8"?><CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLEREQ><IMETHODCALL NAME="EnumerateInstances"><LOCALNAMESPACEPATH>${NAMESPACE.map((name) => `<NAMESPACE NAME="${name}"/>`).join("")}</LOCALNAMESPACEPATH><IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="${className}"/></IPARAMVALUE>${flag("DeepInheritance", true)}${flag("LocalOnly", false)}</IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>`;
}

const ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";
let lastMessage = 0;

function envelope(action: string, className: string, { host, port, path }: Server, body: string): string {
  lastMessage += 1;
  const id = lastMessage.toString(16).padStart(12, "0");
  return `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:wsman="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:wsen="${ENUMERATION}"><s:Header><wsa:Action s:mustUnderstand="true">${ENUMERATION}/${action}</wsa:Action><wsa:To s:mustUnderstand="true">https://${host}:${port}${path}</wsa:To><wsman:ResourceURI s:mustUnderstand="true">http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/${className}</wsman:ResourceURI><wsa:MessageID s:mustUnderstand="true">uuid:00000000-0000-4000-8000-${id}</wsa:MessageID><wsa:ReplyTo><wsa:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</wsa:Address></wsa:ReplyTo><wsman:MaxEnvelopeSize s:mustUnderstand="true">${ENVELOPE_BYTES}</wsman:MaxEnvelopeSize><wsman:SelectorSet><wsman:Selector Name="__cimnamespace">${NAMESPACE.join("/")}</wsman:Selector></wsman:SelectorSet></s:Header><s:Body>${body}</s:Body></s:Envelope>`;
}

function enumerate(className: string, server: Server): string {
  const body = `<wsen:Enumerate><wsman:OptimizeEnumeration/><wsman:MaxElements>${ELEMENTS}</wsman:MaxElements></wsen:Enumerate>`;
  return envelope("Enumerate", className, server, body);
}

function pull(className: string, context: string, server: Server): string {
  const body = `<wsen:Pull><wsen:EnumerationContext>${context}</wsen:EnumerationContext><wsen:MaxElements>${ELEMENTS}</wsen:MaxElements></wsen:Pull>`;
  return envelope("Pull", className, server, body);
}
