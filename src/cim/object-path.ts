import { WireError } from "../runtime/errors.ts";

/** What a key may be on the wire: datetimes are text there; integers are exact. */
export type KeyValue = string | boolean | bigint | number | ObjectPath;

export interface KeyBinding {
  readonly name: string;
  readonly value: KeyValue;
}

/** Characters of a path as text. */
export const OBJECT_PATH_TEXT_MAX = 32_768;
/** Keys of one path: the deepest class of the schema has eleven. */
export const OBJECT_PATH_KEYS_MAX = 32;
/** References inside the keys of references. */
export const OBJECT_PATH_DEPTH_MAX = 8;

const CLASS_NAME = /^[A-Za-z_\u0080-\uffef][\w\u0080-\uffef]*$/;

/** Whether a text can be the name of a class, property or method (DSP0004 §5.1, annex A: IDENTIFIER). */
export function isCimName(text: string): boolean {
  return text.length <= 256 && CLASS_NAME.test(text);
}

/** `/root//CIMV2/` and `root/CIMV2` are one namespace; its case is kept. Windows writes backslashes. */
export function tidyNamespace(text: string): string {
  return text
    .replaceAll("\\", "/")
    .split("/")
    .filter((part) => part !== "")
    .join("/");
}

/**
 * The name of a class or an instance: host and namespace may be left out where the context says them. Without keys it
 * names the class, or the one instance of a class that has no keys.
 */
export class ObjectPath {
  readonly host: string | null;
  readonly namespace: string | null;
  readonly className: string;
  /** In the order given; null for the path of a class. */
  readonly keys: readonly KeyBinding[] | null;

  constructor({
    host = null,
    namespace = null,
    className,
    keys = null,
  }: {
    readonly host?: string | null;
    readonly namespace?: string | null;
    readonly className: string;
    readonly keys?: readonly KeyBinding[] | Readonly<Record<string, KeyValue>> | null;
  }) {
    this.host = host;
    this.namespace = namespace;
    this.className = className;
    this.keys =
      keys === null || isBindings(keys) ? keys : Object.entries(keys).map(([name, value]) => ({ name, value }));
  }

  /** The value of a key, by its name in any case. */
  key(name: string): KeyValue | undefined {
    const lower = name.toLowerCase();
    return this.keys?.find((binding) => binding.name.toLowerCase() === lower)?.value;
  }

  /** The same object, named in this namespace and without a host. */
  within(namespace: string): ObjectPath {
    return new ObjectPath({ namespace, className: this.className, keys: this.keys });
  }

  /** Equal exactly for two paths of one object: names in lower case, keys in order, integers however they were written. */
  get identity(): string {
    return identityOf(this, 0);
  }

  /**
   * The untyped form of DSP0207 §5: `//host/root/cimv2:CIM_Foo.Key="text",Number=5`. Without a host
   * `/root/cimv2:CIM_Foo…`, without a namespace `CIM_Foo…`.
   */
  toString(): string {
    const authority = this.host === null ? "" : `//${this.host}`;
    const place = this.namespace === null ? authority : `${authority}/${this.namespace}:`;
    return `${place}${this.#local()}`;
  }

  /** As the CIMObject header and openwsman write it: `root/cimv2:CIM_Foo.Key="text"`, without the slash before. */
  toCimObject(): string {
    return `${this.namespace === null ? "" : `${this.namespace}:`}${this.#local()}`;
  }

  toJSON(): string {
    return this.toString();
  }

  #local(): string {
    if (this.keys === null) return this.className;
    if (this.keys.length === 0) return `${this.className}=@`; // DSP0004 §8.2.5: the one instance of a keyless class.
    return `${this.className}.${this.keys.map(({ name, value }) => `${name}=${formatKey(value)}`).join(",")}`;
  }

  /** Reads what `toString` and `toCimObject` write, also with a scheme (`https://host/…`). Throws WireError. */
  static parse(text: string): ObjectPath {
    return parsePath(text, 0);
  }
}

function isBindings(keys: readonly KeyBinding[] | Readonly<Record<string, KeyValue>>): keys is readonly KeyBinding[] {
  return Array.isArray(keys);
}

function identityOf(path: ObjectPath, depth: number): string {
  if (depth > OBJECT_PATH_DEPTH_MAX) throw new WireError("", "references inside references, too deep for a path");
  const keys = path.keys
    ?.map(({ name, value }) => `${name.toLowerCase()}=${keyIdentity(value, depth)}`)
    .sort()
    .join(",");
  return `${path.namespace?.toLowerCase() ?? ""}:${path.className.toLowerCase()}${keys === undefined ? "" : `.${keys}`}`;
}

function keyIdentity(value: KeyValue, depth: number): string {
  if (value instanceof ObjectPath) return `(${identityOf(value, depth + 1)})`;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function formatKey(value: KeyValue): string {
  if (value instanceof ObjectPath) return quote(value.toString());
  if (typeof value === "string") return quote(value);
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  return String(value);
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

function parsePath(text: string, depth: number): ObjectPath {
  if (text.length > OBJECT_PATH_TEXT_MAX) refuse(text, `longer than ${OBJECT_PATH_TEXT_MAX} characters`);
  if (depth > OBJECT_PATH_DEPTH_MAX) refuse(text, `references more than ${OBJECT_PATH_DEPTH_MAX} deep`);
  const match = /^(?:(?:[A-Za-z][A-Za-z0-9+.-]*:)?\/\/([^/]*))?(?:(\/?[^:."=]*):)?([^.:="/]+)(.*)$/s.exec(text);
  if (match === null) refuse(text, "not an object path");
  const [, host = null, place, className = "", rest = ""] = match;
  if (!isCimName(className)) refuse(text, `${JSON.stringify(className.slice(0, 40))} is not the name of a class`);
  const namespace = place === undefined ? null : tidyNamespace(place);
  return new ObjectPath({ host, namespace, className, keys: parseKeys(text, rest, depth) });
}

function parseKeys(text: string, rest: string, depth: number): KeyBinding[] | null {
  if (rest === "") return null;
  if (rest === "=@") return [];
  if (!rest.startsWith(".")) refuse(text, "keys begin with a full stop");
  const keys: KeyBinding[] = [];
  const binding =
    /([A-Za-z_\u0080-\uffef][\w\u0080-\uffef]*)=(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^",]*))(?:,|$)/sy;
  binding.lastIndex = 1;
  while (binding.lastIndex < rest.length) {
    const from = binding.lastIndex;
    const found = binding.exec(rest);
    if (found === null) refuse(text, `no key at character ${from}`);
    const [whole, name = "", double, single, bare] = found;
    const quoted = double ?? single;
    const value = quoted === undefined ? bareValue(text, bare ?? "") : quotedValue(unquote(quoted), depth);
    if (keys.some((other) => other.name.toLowerCase() === name.toLowerCase())) refuse(text, `key ${name} twice`);
    keys.push({ name, value });
    if (keys.length > OBJECT_PATH_KEYS_MAX) refuse(text, `more than ${OBJECT_PATH_KEYS_MAX} keys`);
    if (whole.endsWith(",") && binding.lastIndex === rest.length) refuse(text, "ends with a comma");
  }
  if (keys.length === 0) refuse(text, "no keys after the full stop");
  return keys;
}

function unquote(text: string): string {
  return text.replace(/\\(.)/gs, "$1");
}

/** In the untyped form nothing but its looks tells a reference from a string: what reads as a path with keys is one. */
function quotedValue(text: string, depth: number): KeyValue {
  if (!/^(?:\/\/?[^:"]*:|[\w/]*:)?[A-Za-z]+_\w+\.\w+=/.test(text)) return text;
  try {
    return parsePath(text, depth + 1);
  } catch (error) {
    if (error instanceof WireError) return text;
    throw error;
  }
}

function bareValue(text: string, bare: string): KeyValue {
  if (/^true$/i.test(bare)) return true;
  if (/^false$/i.test(bare)) return false;
  if (/^[+-]?\d{1,40}$/.test(bare)) return BigInt(bare.replace("+", ""));
  if (/^0x[0-9a-f]{1,16}$/i.test(bare)) return BigInt(bare);
  if (/^[+-]?\d{0,40}\.\d{1,40}(?:e[+-]?\d{1,3})?$/i.test(bare)) return Number(bare);
  return refuse(text, `${JSON.stringify(bare.slice(0, 40))} is no value of a key`);
}

function refuse(text: string, problem: string): never {
  throw new WireError(JSON.stringify(text.slice(0, 80)), problem);
}
