import { CimError } from "../../cim/cim-error.ts";
import { CimInstance, type CimProperty } from "../../cim/cim-instance.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import type { CallOptions, CimXmlClient } from "./client.ts";

// Subscribing to somebody's server (DSP1054): a filter, a destination and what ties them, found again by their names, so
// that doing it twice changes nothing and what was damaged is repaired.

export interface WantedSubscription {
  /** Of filter and destination: `OrgID:LocalID` (DSP1054 §8.2), one for each purpose. */
  readonly name: string;
  /** `https://host:port/path` of the listener. */
  readonly destination: string;
  readonly query: string;
  /** Tried in this order: servers differ in what they call what they speak. */
  readonly languages?: readonly string[];
  /** Of what is told about. */
  readonly sourceNamespace: string;
  /** SystemName of the keys, which most servers replace by their own. */
  readonly systemName: string;
}

type Options = Omit<CallOptions, "namespace">;

/** OpenPegasus wants DMTF:CQL where it is no WQL; sfcb before 1.4 knows only CIM:CQL and CQL. */
const LANGUAGES = ["WQL", "DMTF:CQL", "CIM:CQL", "CQL"] as const;
const FILTER = "CIM_IndicationFilter";
const SUBSCRIPTION = "CIM_IndicationSubscription";
/** The second is what servers had before CIM 2.22. */
const DESTINATIONS = ["CIM_ListenerDestinationCIMXML", "CIM_IndicationHandlerCIMXML"] as const;

export interface Subscribed {
  readonly subscription: ObjectPath;
  /** False where it was there already, and as wanted. */
  readonly isNew: boolean;
}

/** Makes sure of a subscription. Throws CimError, PeerError, ConnectError, WireError. */
export async function ensureSubscription(
  client: CimXmlClient,
  wanted: WantedSubscription,
  options: Options = {},
): Promise<Subscribed> {
  const place = { ...options, namespace: await client.findInterop(options) };
  const present = await findNamed(client, wanted.name, place);
  const isAsWanted =
    present.filter?.get("Query") === wanted.query &&
    present.destination?.get("Destination") === wanted.destination &&
    present.subscription?.get("SubscriptionState") === 2;
  if (isAsWanted && present.subscription?.path) return { subscription: present.subscription.path, isNew: false };
  await removeAll(client, present, place);
  const filter = await createFilter(client, wanted, place);
  const destination = await createDestination(client, wanted, place);
  const properties: CimProperty[] = [
    reference("Filter", FILTER, filter),
    reference("Handler", destination.className, destination),
    { name: "SubscriptionState", type: "uint16", isArray: false, value: 2 },
  ];
  const instance = new CimInstance({ className: SUBSCRIPTION, properties });
  return { subscription: await client.createInstance({ ...place, instance }), isNew: true };
}

/** Takes subscription, destination and filter of this name away; false where there was none of them. */
export async function removeSubscription(client: CimXmlClient, name: string, options: Options = {}): Promise<boolean> {
  const place = { ...options, namespace: await client.findInterop(options) };
  return removeAll(client, await findNamed(client, name, place), place);
}

interface Present {
  readonly filter: CimInstance | undefined;
  readonly destination: CimInstance | undefined;
  readonly subscription: CimInstance | undefined;
}

async function findNamed(client: CimXmlClient, name: string, place: CallOptions): Promise<Present> {
  const named = (instance: CimInstance) => instance.get("Name") === name;
  const filter = await find(client, FILTER, place, named);
  let destination: CimInstance | undefined;
  for (const className of DESTINATIONS) destination ??= await find(client, className, place, named);
  const points = (value: unknown, target: CimInstance | undefined) =>
    value instanceof ObjectPath && target !== undefined && value.key("Name") === target.get("Name");
  // By the names in its references: how a server spells the rest of them differs from what it gave back.
  const subscription = await find(
    client,
    SUBSCRIPTION,
    place,
    (instance) => points(instance.get("Filter"), filter) && points(instance.get("Handler"), destination),
  );
  return { filter, destination, subscription };
}

async function find(
  client: CimXmlClient,
  className: string,
  place: CallOptions,
  isMeant: (instance: CimInstance) => boolean,
): Promise<CimInstance | undefined> {
  try {
    for await (const instance of client.enumerateInstances({ ...place, className }))
      if (isMeant(instance)) return instance;
  } catch (error) {
    // A server without the class has no instance of it.
    if (!(error instanceof CimError) || !["INVALID_CLASS", "NOT_FOUND", "NOT_SUPPORTED"].includes(error.code))
      throw error;
  }
  return undefined;
}

/** What ties the others goes first: a server keeps what is in use. */
async function removeAll(client: CimXmlClient, present: Present, place: CallOptions): Promise<boolean> {
  const paths = [present.subscription, present.destination, present.filter].flatMap((each) => each?.path ?? []);
  for (const path of paths) await client.deleteInstance({ ...place, path });
  return paths.length > 0;
}

async function createFilter(client: CimXmlClient, wanted: WantedSubscription, place: CallOptions): Promise<ObjectPath> {
  const { name, query, sourceNamespace, languages = LANGUAGES } = wanted;
  const common = [...keys(FILTER, wanted), text("Query", query)];
  const namespaces: CimProperty = { name: "SourceNamespaces", type: "string", isArray: true, value: [sourceNamespace] };
  // Old servers know only the deprecated twin, and some refuse what they do not know.
  const sources = [[text("SourceNamespace", sourceNamespace), namespaces], [text("SourceNamespace", sourceNamespace)]];
  let problem: unknown;
  for (const language of languages) {
    for (const source of sources) {
      const properties = [...common, text("QueryLanguage", language), ...source];
      try {
        return await client.createInstance({ ...place, instance: new CimInstance({ className: FILTER, properties }) });
      } catch (error) {
        problem = error;
        const code = error instanceof CimError ? error.code : undefined;
        if (code === "QUERY_LANGUAGE_NOT_SUPPORTED" || code === "INVALID_QUERY") break;
        if (code !== "NO_SUCH_PROPERTY" && code !== "INVALID_PARAMETER") throw error;
      }
    }
  }
  throw problem ?? new CimError("QUERY_LANGUAGE_NOT_SUPPORTED", `${name}: no language to ask in`);
}

async function createDestination(
  client: CimXmlClient,
  wanted: WantedSubscription,
  place: CallOptions,
): Promise<ObjectPath> {
  let problem: unknown;
  for (const className of DESTINATIONS) {
    const properties: CimProperty[] = [
      ...keys(className, wanted),
      text("Destination", wanted.destination),
      { name: "PersistenceType", type: "uint16", isArray: false, value: 2 },
    ];
    try {
      return await client.createInstance({ ...place, instance: new CimInstance({ className, properties }) });
    } catch (error) {
      if (!(error instanceof CimError) || !["INVALID_CLASS", "NOT_FOUND"].includes(error.code)) throw error;
      problem = error;
    }
  }
  throw problem;
}

function keys(className: string, { name, systemName }: WantedSubscription): CimProperty[] {
  return [
    text("SystemCreationClassName", "CIM_ComputerSystem"),
    text("SystemName", systemName),
    text("CreationClassName", className),
    text("Name", name),
  ];
}

function text(name: string, value: string): CimProperty {
  return { name, type: "string", isArray: false, value };
}

function reference(name: string, referenceClass: string, value: ObjectPath): CimProperty {
  return { name, type: "reference", isArray: false, referenceClass, value };
}
