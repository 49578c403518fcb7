import type { CimInstance } from "../../cim/cim-instance.ts";
import type { CimType } from "../../cim/cim-type.ts";
import type { ObjectPath } from "../../cim/object-path.ts";
import { WireError } from "../../runtime/errors.ts";
import type { XmlElement } from "../../wire/xml-element.ts";
import { XmlWriter } from "../../wire/xml-writer.ts";
import { Class, ClassWithPath, QualifierDeclaration } from "./class-elements.ts";
import {
  anyText,
  attribute,
  child,
  children,
  choice,
  countText,
  type Decoded,
  type ElementCodec,
  element,
  mapped,
  optionalAttribute,
  optionalChild,
} from "./element-codec.ts";
import {
  Instance,
  typeText,
  ValueInstanceWithLocalPath,
  ValueInstanceWithPath,
  ValueNamedInstance,
} from "./instance-elements.ts";
import {
  ClassName,
  InstanceName,
  InstancePath,
  LocalClassPath,
  LocalInstancePath,
  LocalNamespacePath,
  ObjectPathElement,
} from "./path-elements.ts";
import { AnyValue, type RawValue } from "./value-elements.ts";

// Messages (DSP0201 §5.2.6): CIM > MESSAGE > a request or a response of an operation or an export.

/** Parameters of intrinsic methods: names of classes and instances beside values. */
const IParamValue = element("IPARAMVALUE", {
  name: attribute("NAME", anyText),
  value: optionalChild(
    choice({
      value: AnyValue,
      className: ClassName,
      instanceName: InstanceName,
      qualifierDeclaration: QualifierDeclaration,
      class: Class,
      instance: Instance,
      namedInstance: ValueNamedInstance,
    }),
  ),
});
export type IParamValue = Decoded<typeof IParamValue>;

/** Parameters of extrinsic methods, in both directions; and what the pull operations give back beside their objects. */
const ParamValue = element("PARAMVALUE", {
  name: attribute("NAME", anyText),
  type: optionalAttribute("PARAMTYPE", typeText),
  embedded: optionalAttribute("EmbeddedObject", anyText),
  value: optionalChild(
    choice({
      value: AnyValue,
      className: ClassName,
      instanceName: InstanceName,
      class: Class,
      instance: Instance,
      namedInstance: ValueNamedInstance,
    }),
  ),
});
export type ParamValue = Decoded<typeof ParamValue>;

const IMethodCall = element("IMETHODCALL", {
  name: attribute("NAME", anyText),
  namespace: child(LocalNamespacePath),
  parameters: children(IParamValue),
});
export type IMethodCall = Decoded<typeof IMethodCall>;

const LocalPath: ElementCodec<ObjectPath> = mapped(choice({ class: LocalClassPath, instance: LocalInstancePath }), {
  toValue: ({ value }) => value,
  fromValue: (value) => ({ kind: value.keys === null ? ("class" as const) : ("instance" as const), value }),
});

const MethodCall = element("METHODCALL", {
  name: attribute("NAME", anyText),
  path: child(LocalPath),
  parameters: children(ParamValue),
});
export type MethodCall = Decoded<typeof MethodCall>;

const ExpMethodCall = element("EXPMETHODCALL", {
  name: attribute("NAME", anyText),
  parameters: children(element("EXPPARAMVALUE", { name: attribute("NAME", anyText), value: optionalChild(Instance) })),
});

const ErrorElement = element("ERROR", {
  code: attribute("CODE", countText),
  description: optionalAttribute("DESCRIPTION", anyText),
  /** Instances of CIM_Error. */
  details: children(Instance),
});
export type ErrorElement = Decoded<typeof ErrorElement>;

const ObjectWithPath = choice({
  instance: mapped(element("VALUE.OBJECTWITHPATH", { path: child(InstancePath), instance: child(Instance) }), {
    toValue: ({ path, instance }): CimInstance => instance.withPath(path),
    fromValue: (instance) => ({ path: pathOfResult(instance), instance }),
  }),
});

function pathOfResult({ path }: CimInstance): ObjectPath {
  if (path === null) throw new WireError("VALUE.OBJECTWITHPATH", "an instance without a path");
  return path;
}

/** An instance, or a class, behind its whole name. One element for both: its first child tells which it is. */
export const ValueObjectWithPath = {
  names: ["VALUE.OBJECTWITHPATH"],
  read: (from: XmlElement) =>
    from.child("CLASSPATH") === undefined
      ? ObjectWithPath.read(from)
      : ({ kind: "class", value: ClassWithPath.read(from) } as const),
  write(
    writer: XmlWriter,
    value: Decoded<typeof ObjectWithPath> | { kind: "class"; value: Decoded<typeof ClassWithPath> },
  ) {
    if (value.kind === "class") ClassWithPath.write(writer, value.value);
    else ObjectWithPath.write(writer, value);
  },
} satisfies ElementCodec<
  Decoded<typeof ObjectWithPath> | { readonly kind: "class"; readonly value: Decoded<typeof ClassWithPath> }
>;

/** VALUE.OBJECT of ExecQuery: a class or an instance without a name. */
const ValueObject = mapped(element("VALUE.OBJECT", { object: child(choice({ instance: Instance, class: Class })) }), {
  toValue: ({ object }) => object,
  fromValue: (object) => ({ object }),
});

/** What an intrinsic method may give back; one call's items are all of one kind. */
export const ReturnItem = choice({
  value: AnyValue,
  className: ClassName,
  instanceName: InstanceName,
  instancePath: InstancePath,
  objectPath: ObjectPathElement,
  instance: Instance,
  namedInstance: ValueNamedInstance,
  instanceWithPath: ValueInstanceWithPath,
  objectWithPath: ValueObjectWithPath,
  objectWithLocalPath: ValueInstanceWithLocalPath,
  object: ValueObject,
  class: Class,
  qualifierDeclaration: QualifierDeclaration,
});
export type ReturnItem = Decoded<typeof ReturnItem>;

const IReturnValue = mapped(element("IRETURNVALUE", { items: children(ReturnItem) }), {
  toValue: ({ items }) => items,
  fromValue: (items: readonly ReturnItem[]) => ({ items }),
});

const ReturnValue = element("RETURNVALUE", {
  type: optionalAttribute("PARAMTYPE", typeText),
  embedded: optionalAttribute("EmbeddedObject", anyText),
  value: optionalChild(AnyValue),
});

const answered = {
  name: attribute("NAME", anyText),
  error: optionalChild(ErrorElement),
} as const;
const IMethodResponse = element("IMETHODRESPONSE", {
  ...answered,
  returned: optionalChild(IReturnValue),
  parameters: children(ParamValue),
});
export type IMethodResponse = Decoded<typeof IMethodResponse>;
const MethodResponse = element("METHODRESPONSE", {
  ...answered,
  returned: optionalChild(ReturnValue),
  parameters: children(ParamValue),
});
export type MethodResponse = Decoded<typeof MethodResponse>;
const ExpMethodResponse = element("EXPMETHODRESPONSE", { ...answered, returned: optionalChild(IReturnValue) });

function simple<T>(name: string, call: ElementCodec<T>): ElementCodec<T> {
  return mapped(element(name, { call: child(call) }), {
    toValue: ({ call: value }) => value,
    fromValue: (value) => ({ call: value }),
  });
}

function multiple<T>(name: string, one: ElementCodec<T>): ElementCodec<readonly T[]> {
  return mapped(element(name, { calls: children(one) }), {
    toValue: ({ calls }) => calls,
    fromValue: (calls: readonly T[]) => ({ calls }),
  });
}

const SimpleReq = simple("SIMPLEREQ", choice({ intrinsic: IMethodCall, extrinsic: MethodCall }));
const SimpleRsp = simple("SIMPLERSP", choice({ intrinsic: IMethodResponse, extrinsic: MethodResponse }));
const SimpleExpReq = simple("SIMPLEEXPREQ", ExpMethodCall);
const SimpleExpRsp = simple("SIMPLEEXPRSP", ExpMethodResponse);
export type SimpleRequest = Decoded<typeof SimpleReq>;
export type SimpleResponse = Decoded<typeof SimpleRsp>;
export type ExportRequest = Decoded<typeof SimpleExpReq>;
export type ExportResponse = Decoded<typeof SimpleExpRsp>;

const Message = element("MESSAGE", {
  id: attribute("ID", anyText),
  protocolVersion: attribute("PROTOCOLVERSION", anyText),
  body: child(
    choice({
      request: SimpleReq,
      requests: multiple("MULTIREQ", SimpleReq),
      response: SimpleRsp,
      responses: multiple("MULTIRSP", SimpleRsp),
      exportRequest: SimpleExpReq,
      exportRequests: multiple("MULTIEXPREQ", SimpleExpReq),
      exportResponse: SimpleExpRsp,
      exportResponses: multiple("MULTIEXPRSP", SimpleExpRsp),
    }),
  ),
});
export type Message = Decoded<typeof Message>;

/** The root of every document. The versions are looked at before the rest is read. */
const Cim = element("CIM", {
  cimVersion: attribute("CIMVERSION", anyText),
  dtdVersion: attribute("DTDVERSION", anyText),
  message: child(Message),
});
export type Cim = Decoded<typeof Cim>;

// DSP0201 2.4 and DSP0200 1.4 are backward compatible within the major version, and every client knows 2.0 and 1.0.
const CIM_VERSION = "2.0";
const DTD_VERSION = "2.0";
export const PROTOCOL_VERSION = "1.0";

export function readMessage(root: XmlElement): Message {
  if (root.name !== "CIM") root.refuse("expected <CIM>");
  return Cim.read(root).message;
}

export function writeMessage(id: string, body: Message["body"]): Buffer {
  const writer = new XmlWriter();
  const message: Message = { id, protocolVersion: PROTOCOL_VERSION, body };
  Cim.write(writer, { cimVersion: CIM_VERSION, dtdVersion: DTD_VERSION, message });
  return writer.document();
}

/** What stands before and after the items of an answer that is written piece by piece. */
export function frameOfResponse(id: string, name: string): { readonly head: string; readonly tail: string } {
  const value = { name, error: undefined, returned: [], parameters: [] };
  const whole = writeMessage(id, { kind: "response", value: { kind: "intrinsic", value } }).toString("utf8");
  // Nothing that a peer chose can look like this: in attributes `<` is escaped.
  const [head = "", tail = ""] = whole.split("</IRETURNVALUE>");
  return { head, tail: `</IRETURNVALUE>${tail}` };
}

/** A parameter of a known type, as PARAMVALUE. */
export function paramValue(name: string, type: CimType, raw: RawValue | undefined): ParamValue {
  return { name, type, embedded: undefined, value: raw === undefined ? undefined : { kind: "value", value: raw } };
}
