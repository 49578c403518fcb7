import { CimInstance } from "../cim/cim-instance.ts";
import type { CimValue } from "../cim/cim-type.ts";
import { ObjectPath } from "../cim/object-path.ts";
import { WsmanClient } from "../protocols/wsman/client.ts";
import type { Resource } from "../protocols/wsman/client-request.ts";
import { foreignTransport, type WsmanTransport } from "../protocols/wsman/client-transport.ts";
import { clientUriContext, referenceOf } from "../protocols/wsman/instance-codec.ts";
import { PeerError } from "../runtime/errors.ts";
import { systemRandom } from "../runtime/random.ts";
import type { Connection, ConnectionNeeds } from "./cim-connection.ts";

/** Classes that are Windows' own: its WMI has URIs of its own family for them, which carry the namespace. */
const WINDOWS_CLASS = /^(?:Win32|MSFT|Msvm|StdRegProv|MS[A-Za-z]*)_/i;

/** `rusuban cim` over WS-Management. */
export function createWsmanConnection(needs: ConnectionNeeds): Connection {
  const { agent, path, namespace, account, signal, timeoutMs } = needs;
  const { clock } = agent.options;
  const transport = shown(foreignTransport(agent, account), needs.onDocument);
  const client = new WsmanClient({
    transport,
    random: systemRandom,
    operationTimeoutMs: timeoutMs,
    ...(path === undefined ? {} : { path }),
  });

  function resourceOf(className: string, keys: ObjectPath["keys"] = null, at: string | null = null): Resource {
    const place = at ?? namespace;
    const family = WINDOWS_CLASS.test(className) ? { windowsNamespace: place } : { namespace: place };
    const uris = clientUriContext({ address: transport.origin });
    const named = new ObjectPath({ className, keys });
    return { className, ...family, keys: referenceOf(named, uris).selectors };
  }

  return {
    async identify() {
      const { vendor, version, protocolVersion, securityProfiles } = await client.identify({ signal });
      const facts = [
        ["vendor", vendor],
        ["version", version],
        ["protocol", protocolVersion],
        ...securityProfiles.map((profile) => ["security profile", profile]),
      ] as [string, string][];
      return facts.filter(([, value]) => value !== "");
    },
    async get(instance, properties) {
      const found = await client.get(resourceOf(instance.className, instance.keys, instance.namespace), { signal });
      return found.withPath(instance).pick(properties ?? null);
    },
    async *enumerate(className, properties) {
      const items = client.enumerate(resourceOf(className), { mode: "both", signal });
      for await (const { instance } of items) if (instance !== undefined) yield instance.pick(properties ?? null);
    },
    async *enumerateNames(className) {
      for await (const item of client.enumerate(resourceOf(className), { mode: "epr", signal })) {
        if (item.path !== undefined) yield item.path;
      }
    },
    async *query(language, query) {
      const [, from = ""] = /\bFROM\s+([A-Za-z_]\w*)/i.exec(query) ?? [];
      const all = WINDOWS_CLASS.test(from) ? { windowsNamespace: namespace } : { namespace };
      const filter = { dialect: dialectOf(language), query } as const;
      for await (const { instance } of client.enumerate({ className: "*", ...all }, { filter, signal })) {
        if (instance !== undefined) yield instance;
      }
    },
    follow: (language, query) =>
      client.followEvents(
        { className: "*", namespace },
        { filter: { dialect: dialectOf(language), query }, clock, signal },
      ),
    async invoke(instance, method, parameters) {
      const names = [...new Set(parameters.map(([name]) => name))];
      const properties = names.map((name) => {
        const values = parameters.filter(([each]) => each === name).map(([, text]) => text);
        const isArray = values.length > 1;
        // As text: on this wire a value looks the same whatever its type is.
        return { name, type: "string" as const, isArray, value: isArray ? values : (values[0] ?? null) };
      });
      const input = new CimInstance({ className: instance.className, properties });
      const resource = resourceOf(instance.className, instance.keys, instance.namespace);
      const { returnValue, output } = await client.invoke(resource, method, input, { signal });
      const results: [string, CimValue][] = output.properties.map(({ name, value }) => [name, value]);
      return { returnValue, output: Object.fromEntries(results) };
    },
  };
}

function dialectOf(language: string): "wql" | "cql" {
  if (/^WQL$/i.test(language)) return "wql";
  if (/CQL$/i.test(language)) return "cql";
  throw new PeerError("language", `${language} is no query language of WS-Management: use WQL or DMTF:CQL`);
}

function shown(transport: WsmanTransport, onDocument: ConnectionNeeds["onDocument"]): WsmanTransport {
  if (onDocument === undefined) return transport;
  return {
    origin: transport.origin,
    async exchange(exchange) {
      onDocument("sent", exchange.body);
      const reply = await transport.exchange(exchange);
      onDocument("received", reply.body);
      return reply;
    },
  };
}
