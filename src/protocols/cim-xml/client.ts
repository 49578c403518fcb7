import type { CimClass, CimQualifierDeclaration } from "../../cim/cim-class.ts";
import { CimError } from "../../cim/cim-error.ts";
import type { CimInstance } from "../../cim/cim-instance.ts";
import type { CimType, CimValue } from "../../cim/cim-type.ts";
import { ObjectPath, tidyNamespace } from "../../cim/object-path.ts";
import { PeerError, WireError } from "../../runtime/errors.ts";
import { cimErrorOf, type ExchangeTarget, exchange } from "./exchange.ts";
import { rawValue } from "./instance-elements.ts";
import { CLIENT_PULL_OBJECTS, COLLECTED_OBJECTS_MAX } from "./limits.ts";
import { type IMethodResponse, type IParamValue, paramValue, type ReturnItem } from "./message-elements.ts";
import { classOf, contextOf, instanceOf, outputOf, pathOf, qualifierOf, valueOfAnswer } from "./reply-items.ts";

// A client of anybody's CIM server. Enumerations come by the pull operations where the server has them, so that neither
// side holds all of a big one, and else in one piece.

export interface CallOptions {
  readonly namespace: string;
  readonly signal?: AbortSignal | undefined;
  /** Of each exchange. */
  readonly timeoutMs?: number | undefined;
}

export interface AssociationCall extends CallOptions {
  readonly path: ObjectPath;
  readonly assocClass?: string | undefined;
  readonly resultClass?: string | undefined;
  readonly role?: string | undefined;
  readonly resultRole?: string | undefined;
  readonly propertyList?: readonly string[] | undefined;
}

export interface EnumerateCall extends CallOptions {
  readonly className: string;
  readonly propertyList?: readonly string[] | undefined;
}

export interface MethodParameter {
  readonly name: string;
  readonly type: CimType;
  readonly value: CimValue;
}

export interface MethodResult {
  readonly returnValue: CimValue;
  readonly output: Readonly<Record<string, CimValue>>;
}

export interface CimXmlClient {
  /** Instances come with their paths, namespace included. */
  enumerateInstances(call: EnumerateCall): AsyncIterable<CimInstance>;
  enumerateInstanceNames(call: EnumerateCall): AsyncIterable<ObjectPath>;
  associators(call: AssociationCall): AsyncIterable<CimInstance>;
  associatorNames(call: AssociationCall): AsyncIterable<ObjectPath>;
  references(call: AssociationCall): AsyncIterable<CimInstance>;
  referenceNames(call: AssociationCall): AsyncIterable<ObjectPath>;
  execQuery(call: CallOptions & { readonly language: string; readonly query: string }): AsyncIterable<CimInstance>;
  getInstance(
    call: CallOptions & { readonly path: ObjectPath; readonly propertyList?: readonly string[] | undefined },
  ): Promise<CimInstance>;
  /** Take the path that comes back: servers put in keys of their own. */
  createInstance(call: CallOptions & { readonly instance: CimInstance }): Promise<ObjectPath>;
  modifyInstance(
    call: CallOptions & {
      readonly path: ObjectPath;
      readonly instance: CimInstance;
      readonly propertyList?: readonly string[] | undefined;
    },
  ): Promise<void>;
  deleteInstance(call: CallOptions & { readonly path: ObjectPath }): Promise<void>;
  getClass(call: CallOptions & { readonly className: string }): Promise<CimClass>;
  enumerateClasses(call: CallOptions & { readonly className?: string; readonly deep?: boolean }): Promise<CimClass[]>;
  enumerateClassNames(call: CallOptions & { readonly className?: string; readonly deep?: boolean }): Promise<string[]>;
  enumerateQualifiers(call: CallOptions): Promise<CimQualifierDeclaration[]>;
  getQualifier(call: CallOptions & { readonly name: string }): Promise<CimQualifierDeclaration>;
  invokeMethod(
    call: CallOptions & {
      readonly path: ObjectPath;
      readonly method: string;
      readonly parameters: readonly MethodParameter[];
    },
  ): Promise<MethodResult>;
  /** The namespace of profiles and subscriptions, by trying its usual names. Throws what the last one answered. */
  findInterop(options?: Omit<CallOptions, "namespace">): Promise<string>;
  /** Names of all namespaces, as far as the server tells them. */
  namespaces(options?: Omit<CallOptions, "namespace">): Promise<string[]>;
}

/** Where servers have it, the most usual first (tog-pegasus: root/PG_InterOp). */
const INTEROP_NAMES = ["root/interop", "interop", "root/PG_InterOp", "root"] as const;

/** What a server without the pull operations answers: sfcb 1.3 with 1 or a 400, others with 7, some with 16 or 17. */
const NO_PULL: readonly string[] = ["NOT_SUPPORTED", "FAILED", "METHOD_NOT_AVAILABLE", "METHOD_NOT_FOUND"];
const NO_PULL_HTTP = ["http-400", "http-501"];

type Parameters = Readonly<Record<string, IParamValue["value"]>>;

/** `objectsMax` bounds one enumeration, over all its pulls, of which each asks for `pullObjects`. */
export function createCimXmlClient(
  target: ExchangeTarget,
  {
    objectsMax: collectedMax = COLLECTED_OBJECTS_MAX,
    pullObjects = CLIENT_PULL_OBJECTS,
  }: { readonly objectsMax?: number; readonly pullObjects?: number } = {},
): CimXmlClient {
  let pulls: "unknown" | "served" | "not served" = "unknown";

  /** `reads`: doing it twice does no harm. */
  async function call(
    { namespace, signal, timeoutMs }: CallOptions,
    name: string,
    parameters: Parameters,
    { reads = true } = {},
  ): Promise<IMethodResponse> {
    const given = Object.entries(parameters).flatMap(([key, value]) =>
      value === undefined ? [] : [{ name: key, value }],
    );
    const value = { name, namespace: tidyNamespace(namespace), parameters: given };
    const body = await exchange(target, {
      ...{ family: "operation", method: name, object: value.namespace, isRepeatable: reads, signal, timeoutMs },
      body: { kind: "request", value: { kind: "intrinsic", value } },
    });
    if (body.kind !== "response" || body.value.kind !== "intrinsic")
      throw new WireError("MESSAGE", `no answer to ${name} in it`);
    const response = body.value.value;
    if (response.error !== undefined) throw cimErrorOf(response.error);
    return response;
  }

  async function* plainly(options: CallOptions, name: string, parameters: Parameters): AsyncGenerator<ReturnItem> {
    yield* (await call(options, name, parameters)).returned ?? [];
  }

  async function* pulled(
    options: CallOptions,
    { open, pull, parameters }: { open: string; pull: string; parameters: Parameters },
  ): AsyncGenerator<ReturnItem> {
    const objectsMax = textParameter(pullObjects);
    let response = await call(options, open, { ...parameters, MaxObjectCount: objectsMax });
    pulls = "served";
    let context: string | null = null;
    let count = 0;
    try {
      for (;;) {
        context = contextOf(response);
        for (const item of response.returned ?? []) {
          count += 1;
          if (count > collectedMax)
            throw new WireError(open, `more than ${collectedMax} objects, and no end: given up`);
          yield item;
        }
        if (context === null) return;
        response = await call(
          options,
          pull,
          { EnumerationContext: textParameter(context), MaxObjectCount: objectsMax },
          { reads: false },
        );
      }
    } finally {
      // Left early, by us or by whoever reads: the server need not keep it until its time is over.
      if (context !== null)
        await call({ ...options, signal: undefined }, "CloseEnumeration", {
          EnumerationContext: textParameter(context),
        }).catch(() => {});
    }
  }

  async function* enumerated(
    options: CallOptions,
    plain: { readonly name: string; readonly parameters: Parameters },
    pull: { readonly open: string; readonly pull: string; readonly parameters: Parameters },
  ): AsyncGenerator<ReturnItem> {
    if (pulls !== "not served") {
      try {
        yield* pulled(options, pull);
        return;
      } catch (error) {
        if (pulls === "served" || !lacksPulls(error)) throw error;
      }
    }
    yield* plainly(options, plain.name, plain.parameters);
    pulls = "not served";
  }

  async function* instances(items: AsyncIterable<ReturnItem>, namespace: string): AsyncGenerator<CimInstance> {
    for await (const item of items) yield instanceOf(item, namespace);
  }
  async function* names(items: AsyncIterable<ReturnItem>, namespace: string): AsyncGenerator<ObjectPath> {
    for await (const item of items) yield pathOf(item, namespace);
  }

  async function listed<T>(response: Promise<IMethodResponse>, pick: (item: ReturnItem) => T): Promise<T[]> {
    return ((await response).returned ?? []).map(pick);
  }

  async function one<T>(response: Promise<IMethodResponse>, name: string, pick: (item: ReturnItem) => T): Promise<T> {
    const [item] = (await response).returned ?? [];
    if (item === undefined) throw new WireError(name, "an answer without a value");
    return pick(item);
  }

  const associated = (
    { path, assocClass, resultClass, role, resultRole, propertyList, ...options }: AssociationCall,
    { plain, open, pull, ofAssociation }: { plain: string; open: string; pull: string; ofAssociation: boolean },
  ) => {
    const common = {
      ...(ofAssociation ? { AssocClass: classParameter(assocClass), ResultRole: textParameter(resultRole) } : {}),
      ...{ ResultClass: classParameter(resultClass), Role: textParameter(role) },
      ...(propertyList === undefined ? {} : { PropertyList: listParameter(propertyList) }),
    };
    const name = { kind: "instanceName", value: path } as const;
    return enumerated(
      options,
      { name: plain, parameters: { ObjectName: name, ...common } },
      { open, pull, parameters: { InstanceName: name, ...common } },
    );
  };

  const [withPath, paths] = ["PullInstancesWithPath", "PullInstancePaths"];
  const client: CimXmlClient = {
    enumerateInstances({ className, propertyList, ...options }) {
      const parameters = {
        ...{ ClassName: classParameter(className), DeepInheritance: textParameter(true) },
        PropertyList: listParameter(propertyList),
      };
      // LocalOnly is true where it is not said (§5.3.2.3), and then inherited properties are missing.
      const plain = { name: "EnumerateInstances", parameters: { ...parameters, LocalOnly: textParameter(false) } };
      const items = enumerated(options, plain, { open: "OpenEnumerateInstances", pull: withPath, parameters });
      return instances(items, options.namespace);
    },
    enumerateInstanceNames({ className, propertyList: _, ...options }) {
      const parameters = { ClassName: classParameter(className) };
      const plain = { name: "EnumerateInstanceNames", parameters };
      const items = enumerated(options, plain, { open: "OpenEnumerateInstancePaths", pull: paths, parameters });
      return names(items, options.namespace);
    },
    associators(given) {
      const how = { plain: "Associators", open: "OpenAssociatorInstances", pull: withPath, ofAssociation: true };
      return instances(associated(given, how), given.namespace);
    },
    associatorNames(given) {
      const how = { plain: "AssociatorNames", open: "OpenAssociatorInstancePaths", pull: paths, ofAssociation: true };
      return names(associated(given, how), given.namespace);
    },
    references(given) {
      const how = { plain: "References", open: "OpenReferenceInstances", pull: withPath, ofAssociation: false };
      return instances(associated(given, how), given.namespace);
    },
    referenceNames(given) {
      const how = { plain: "ReferenceNames", open: "OpenReferenceInstancePaths", pull: paths, ofAssociation: false };
      return names(associated(given, how), given.namespace);
    },
    execQuery({ language, query, ...options }) {
      const parameters = { QueryLanguage: textParameter(language), Query: textParameter(query) };
      return instances(plainly(options, "ExecQuery", parameters), options.namespace);
    },
    getInstance({ path, propertyList, ...options }) {
      const parameters = {
        InstanceName: { kind: "instanceName", value: path },
        LocalOnly: textParameter(false),
        PropertyList: listParameter(propertyList),
      } as const;
      return one(call(options, "GetInstance", parameters), "GetInstance", (item) =>
        instanceOf(item, options.namespace).withPath(path.within(options.namespace)),
      );
    },
    createInstance({ instance, ...options }) {
      const response = call(
        options,
        "CreateInstance",
        { NewInstance: { kind: "instance", value: instance } },
        { reads: false },
      );
      return one(response, "CreateInstance", (item) => pathOf(item, options.namespace));
    },
    async modifyInstance({ path, instance, propertyList, ...options }) {
      const value = instance.withPath(path);
      const parameters = {
        ModifiedInstance: { kind: "namedInstance", value },
        PropertyList: listParameter(propertyList),
      } as const;
      await call(options, "ModifyInstance", parameters, { reads: false });
    },
    async deleteInstance({ path, ...options }) {
      await call(options, "DeleteInstance", { InstanceName: { kind: "instanceName", value: path } }, { reads: false });
    },
    getClass({ className, ...options }) {
      const parameters = {
        ...{ ClassName: classParameter(className), LocalOnly: textParameter(false) },
        ...{ IncludeQualifiers: textParameter(true), IncludeClassOrigin: textParameter(true) },
      };
      return one(call(options, "GetClass", parameters), "GetClass", classOf);
    },
    enumerateClasses({ className, deep = false, ...options }) {
      const parameters = {
        ...{
          ClassName: classParameter(className),
          DeepInheritance: textParameter(deep),
          LocalOnly: textParameter(false),
        },
        IncludeQualifiers: textParameter(true),
      };
      return listed(call(options, "EnumerateClasses", parameters), classOf);
    },
    enumerateClassNames({ className, deep = false, ...options }) {
      const parameters = { ClassName: classParameter(className), DeepInheritance: textParameter(deep) };
      return listed(call(options, "EnumerateClassNames", parameters), (item) => pathOf(item, "").className);
    },
    enumerateQualifiers: (options) => listed(call(options, "EnumerateQualifiers", {}), qualifierOf),
    getQualifier({ name, ...options }) {
      return one(call(options, "GetQualifier", { QualifierName: textParameter(name) }), "GetQualifier", qualifierOf);
    },
    async invokeMethod({ path, method, parameters, namespace, signal, timeoutMs }) {
      const local = path.within(tidyNamespace(namespace));
      const given = parameters.map(({ name, type, value }) => paramValue(name, type, rawValue(value)));
      const body = await exchange(target, {
        ...{ family: "operation", method, object: local.toCimObject(), isRepeatable: false, signal, timeoutMs },
        body: {
          kind: "request",
          value: { kind: "extrinsic", value: { name: method, path: local, parameters: given } },
        },
      });
      if (body.kind !== "response" || body.value.kind !== "extrinsic")
        throw new WireError("MESSAGE", `no answer to ${method} in it`);
      const { error, returned, parameters: output } = body.value.value;
      if (error !== undefined) throw cimErrorOf(error);
      return {
        returnValue: valueOfAnswer("RETURNVALUE", returned?.type, returned?.value),
        output: Object.fromEntries(output.map((each) => [each.name, outputOf(each)])),
      };
    },
    async findInterop(options = {}) {
      let problem: unknown;
      for (const namespace of INTEROP_NAMES) {
        try {
          for await (const _ of client.enumerateInstanceNames({
            ...options,
            namespace,
            className: "CIM_ObjectManager",
          }))
            return namespace;
        } catch (error) {
          // Anything but a missing namespace or class is the server's own trouble, and not cured by another name.
          if (!(error instanceof CimError) || !["INVALID_NAMESPACE", "INVALID_CLASS", "NOT_FOUND"].includes(error.code))
            throw error;
          problem = error;
        }
      }
      throw problem ?? new CimError("INVALID_NAMESPACE", `none of ${INTEROP_NAMES.join(", ")} has an object manager`);
    },
    async namespaces(options = {}) {
      const interop = await client.findInterop(options);
      const found: string[] = [];
      try {
        const place = { ...options, namespace: interop, className: "CIM_Namespace" };
        for await (const path of client.enumerateInstanceNames(place)) {
          const name = path.key("Name");
          if (typeof name === "string") found.push(tidyNamespace(name));
        }
      } catch (error) {
        // Servers of before CIM 2.8 do not tell their namespaces: the one that was found is then all that is known.
        if (!(error instanceof CimError) || !["INVALID_CLASS", "NOT_FOUND"].includes(error.code)) throw error;
        found.push(interop);
      }
      return found;
    },
  };
  return client;
}

function lacksPulls(error: unknown): boolean {
  if (error instanceof CimError) return NO_PULL.includes(error.code);
  return error instanceof PeerError && NO_PULL_HTTP.includes(error.code);
}

function textParameter(value: string | number | boolean | undefined): IParamValue["value"] {
  return value === undefined ? undefined : { kind: "value", value: { kind: "text", value: String(value) } };
}

function classParameter(name: string | undefined): IParamValue["value"] {
  return name === undefined ? undefined : { kind: "className", value: new ObjectPath({ className: name }) };
}

function listParameter(names: readonly string[] | undefined): IParamValue["value"] {
  return names === undefined ? undefined : { kind: "value", value: { kind: "array", value: names } };
}
