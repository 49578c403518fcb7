import type { CimMethodDeclaration } from "../cim/cim-class.ts";
import { type CimValue, parseCimText } from "../cim/cim-type.ts";
import type { ObjectPath } from "../cim/object-path.ts";
import { createCimXmlClient, type MethodParameter } from "../protocols/cim-xml/client.ts";
import { ensureSubscription, removeSubscription } from "../protocols/cim-xml/subscribe.ts";
import { PeerError } from "../runtime/errors.ts";
import type { Connection, ConnectionNeeds } from "./cim-connection.ts";

const PATH = "/cimom";

export function createCimXmlConnection(needs: ConnectionNeeds): Connection {
  const { agent, path = PATH, namespace, account, signal, timeoutMs, onDocument } = needs;
  const client = createCimXmlClient({ agent, path, account, onDocument });
  const options = { namespace, signal, timeoutMs };
  const listOf = (propertyList: readonly string[] | undefined) => (propertyList === undefined ? {} : { propertyList });

  /** What the class says of a method; nothing where the server does not tell classes. */
  async function declarationOf(className: string, method: string): Promise<CimMethodDeclaration | undefined> {
    try {
      const { methods } = await client.getClass({ ...options, className });
      return methods.find(({ name }) => name.toLowerCase() === method.toLowerCase());
    } catch (error) {
      if (error instanceof PeerError && error.code !== "unauthorized") return undefined;
      throw error;
    }
  }

  return {
    async identify() {
      const interop = await client.findInterop({ signal, timeoutMs });
      const facts: [string, string][] = [["interop namespace", interop]];
      const place = { ...options, namespace: interop };
      for await (const server of client.enumerateInstances({ ...place, className: "CIM_ObjectManager" })) {
        for (const name of ["ElementName", "Name", "Description", "Version"]) {
          const value = server.get(name);
          if (typeof value === "string" && value !== "") facts.push([name, value]);
        }
      }
      for (const name of await client.namespaces({ signal, timeoutMs })) facts.push(["namespace", name]);
      return facts;
    },
    get: (instance, properties) => client.getInstance({ ...options, path: instance, ...listOf(properties) }),
    enumerate: (className, properties) => client.enumerateInstances({ ...options, className, ...listOf(properties) }),
    enumerateNames: (className) => client.enumerateInstanceNames({ ...options, className }),
    query: (language, query) => client.execQuery({ ...options, language, query }),
    async invoke(instance: ObjectPath, method, parameters) {
      const declared = parameters.length === 0 ? undefined : await declarationOf(instance.className, method);
      const typed = typedParameters(parameters, declared);
      return client.invokeMethod({ ...options, path: instance, method, parameters: typed });
    },
    subscriptions: {
      async ensure({ name, destination, query, language }) {
        const wanted = { name, destination, query, sourceNamespace: namespace, systemName: agent.options.host };
        const languages = language === undefined ? {} : { languages: [language] };
        const made = await ensureSubscription(client, { ...wanted, ...languages }, { signal, timeoutMs });
        return { subscription: made.subscription.toCimObject(), isNew: made.isNew };
      },
      remove: (name) => removeSubscription(client, name, { signal, timeoutMs }),
    },
  };
}

/** `name=value` by the class's word; a name that stands several times is an array. */
export function typedParameters(
  parameters: readonly (readonly [name: string, value: string])[],
  declared: Pick<CimMethodDeclaration, "parameters"> | undefined,
): MethodParameter[] {
  const names = [...new Set(parameters.map(([name]) => name))];
  return names.map((name) => {
    const known = declared?.parameters.find((each) => each.name.toLowerCase() === name.toLowerCase());
    const type = known?.type ?? "string";
    const values = parameters.filter(([each]) => each === name).map(([, text]) => parseCimText(type, text));
    const isArray = known?.isArray ?? values.length > 1;
    const value: CimValue = isArray ? values : (values[0] ?? null);
    return { name: known?.name ?? name, type, value };
  });
}
