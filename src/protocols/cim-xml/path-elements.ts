import { type KeyBinding, type KeyValue, ObjectPath, tidyNamespace } from "../../cim/object-path.ts";
import type { XmlElement } from "../../wire/xml-element.ts";
import {
  anyText,
  attribute,
  child,
  children,
  choice,
  type ElementCodec,
  element,
  lazy,
  mapped,
  oneOfTexts,
  optionalAttribute,
  ownText,
  textElement,
} from "./element-codec.ts";

// Names of namespaces, classes and instances (DSP0201 §5.2.3 and §5.2.5). All of them become ObjectPaths: one without
// keys names a class, one without a namespace is local to the call's.

const Namespace = mapped(element("NAMESPACE", { name: attribute("NAME", anyText) }), {
  toValue: ({ name }) => name,
  fromValue: (name) => ({ name }),
});

/** `root/cimv2`. */
export const LocalNamespacePath: ElementCodec<string> = mapped(
  element("LOCALNAMESPACEPATH", { names: children(Namespace) }),
  {
    // One server writes a whole path into one NAME, another begins with an empty one.
    toValue: ({ names }, from) => tidyNamespace(names.join("/")) || from.refuse("no <NAMESPACE>"),
    fromValue: (namespace) => ({ names: namespace.split("/") }),
  },
);

const Host = mapped(textElement("HOST"), { toValue: (text) => text.trim(), fromValue: (text: string) => text });

const NamespacePath = element("NAMESPACEPATH", { host: child(Host), namespace: child(LocalNamespacePath) });

export const ClassName: ElementCodec<ObjectPath> = mapped(element("CLASSNAME", { name: attribute("NAME", anyText) }), {
  toValue: ({ name }) => new ObjectPath({ className: name }),
  fromValue: ({ className }) => ({ name: className }),
});

const ValueReferenceLater: ElementCodec<ObjectPath> = lazy(["VALUE.REFERENCE"], () => ValueReference);

const KeyValueElement: ElementCodec<KeyValue> = mapped(
  element("KEYVALUE", {
    valueType: optionalAttribute("VALUETYPE", oneOfTexts("string", "boolean", "numeric")),
    type: optionalAttribute("TYPE", anyText),
    text: ownText,
  }),
  {
    toValue: ({ valueType, type, text }, from) => readKey(valueType ?? kindOfType(type), text, from),
    fromValue: (value) => ({ valueType: kindOfKey(value), type: undefined, text: String(value) }),
  },
);

/** DSP0201 §5.2.5.6: without VALUETYPE it is a string; TYPE says more where it is there. */
function kindOfType(type: string | undefined): "string" | "boolean" | "numeric" {
  if (type === "boolean") return "boolean";
  return type !== undefined && /^(?:[us]int|real)/.test(type) ? "numeric" : "string";
}

function kindOfKey(value: KeyValue): "string" | "boolean" | "numeric" {
  if (typeof value === "boolean") return "boolean";
  return typeof value === "string" ? "string" : "numeric";
}

function readKey(kind: "string" | "boolean" | "numeric", text: string, from: XmlElement): KeyValue {
  if (kind === "string") return text;
  const trimmed = text.trim();
  if (kind === "boolean") {
    if (!/^(?:true|false)$/i.test(trimmed)) from.refuse(`${JSON.stringify(trimmed.slice(0, 20))} is no boolean`);
    return trimmed.toLowerCase() === "true";
  }
  if (/^[+-]?\d{1,40}$/.test(trimmed)) return BigInt(trimmed.replace("+", ""));
  if (/^0[xX][0-9a-fA-F]{1,16}$/.test(trimmed)) return BigInt(trimmed);
  if (!/^[+-]?\d{0,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?$/.test(trimmed) || trimmed === "")
    from.refuse(`${JSON.stringify(trimmed.slice(0, 40))} is no number`);
  return Number(trimmed);
}

const AnyKey = choice({ value: KeyValueElement, reference: ValueReferenceLater });

const KeyBindingElement: ElementCodec<KeyBinding> = mapped(
  element("KEYBINDING", { name: attribute("NAME", anyText), key: child(AnyKey) }),
  {
    toValue: ({ name, key }) => ({ name, value: key.value }),
    fromValue: ({ name, value }) => ({ name, key: keyChoice(value) }),
  },
);

function keyChoice(value: KeyValue) {
  return value instanceof ObjectPath ? ({ kind: "reference", value } as const) : ({ kind: "value", value } as const);
}

const AnyBinding = choice({ binding: KeyBindingElement, bare: AnyKey });

/** A single key may stand without its name (§5.2.5.4); its name is then empty, and whoever knows the class fills it in. */
export const InstanceName: ElementCodec<ObjectPath> = mapped(
  element("INSTANCENAME", { className: attribute("CLASSNAME", anyText), keys: children(AnyBinding) }),
  {
    toValue: ({ className, keys }, from) => {
      if (keys.some(({ kind }) => kind === "bare") && keys.length > 1) from.refuse("more than one key without a name");
      const bindings = keys.map((key) => (key.kind === "binding" ? key.value : { name: "", value: key.value.value }));
      return new ObjectPath({ className, keys: bindings });
    },
    fromValue: ({ className, keys }) => ({
      className,
      keys: (keys ?? []).map((value) => ({ kind: "binding", value }) as const),
    }),
  },
);

/** Host and namespace, then the name: CLASSPATH and INSTANCEPATH. */
function fullPath(name: string, inner: ElementCodec<ObjectPath>): ElementCodec<ObjectPath> {
  return mapped(element(name, { place: child(NamespacePath), name: child(inner) }), {
    toValue: ({ place: { host, namespace }, name: { className, keys } }) =>
      new ObjectPath({ host, namespace, className, keys }),
    // A path of ours has no host: which of this computer's names the client used is not known here.
    fromValue: (path) => ({ place: { host: path.host ?? "localhost", namespace: path.namespace ?? "" }, name: path }),
  });
}

/** The namespace, then the name: LOCALCLASSPATH and LOCALINSTANCEPATH. */
function localPath(name: string, inner: ElementCodec<ObjectPath>): ElementCodec<ObjectPath> {
  return mapped(element(name, { namespace: child(LocalNamespacePath), name: child(inner) }), {
    toValue: ({ namespace, name: { className, keys } }) => new ObjectPath({ namespace, className, keys }),
    fromValue: (path) => ({ namespace: path.namespace ?? "", name: path }),
  });
}

export const ClassPath = fullPath("CLASSPATH", ClassName);
export const InstancePath = fullPath("INSTANCEPATH", InstanceName);
export const LocalClassPath = localPath("LOCALCLASSPATH", ClassName);
export const LocalInstancePath = localPath("LOCALINSTANCEPATH", InstanceName);

const AnyPath = choice({
  classPath: ClassPath,
  localClassPath: LocalClassPath,
  className: ClassName,
  instancePath: InstancePath,
  localInstancePath: LocalInstancePath,
  instanceName: InstanceName,
});

function pathChoice(path: ObjectPath) {
  const { host, namespace, keys } = path;
  if (keys === null) {
    if (namespace === null) return { kind: "className", value: path } as const;
    return { kind: host === null ? "localClassPath" : "classPath", value: path } as const;
  }
  if (namespace === null) return { kind: "instanceName", value: path } as const;
  return { kind: host === null ? "localInstancePath" : "instancePath", value: path } as const;
}

/** A reference as a value, with as much of its place as is known. */
export const ValueReference: ElementCodec<ObjectPath> = mapped(element("VALUE.REFERENCE", { path: child(AnyPath) }), {
  toValue: ({ path }) => path.value,
  fromValue: (path) => ({ path: pathChoice(path) }),
});

/** What Associators and References by name answer: always with host and namespace. */
export const ObjectPathElement: ElementCodec<ObjectPath> = mapped(
  element("OBJECTPATH", { path: child(choice({ instance: InstancePath, class: ClassPath })) }),
  {
    toValue: ({ path }) => path.value,
    fromValue: (path) => ({ path: { kind: path.keys === null ? "class" : "instance", value: path } as const }),
  },
);
