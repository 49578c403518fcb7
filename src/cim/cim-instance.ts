import type { CimType, CimValue } from "./cim-type.ts";
import type { ObjectPath } from "./object-path.ts";

/** One property with its value; the type is known also where no class declaration is, as in a client. */
export interface CimProperty {
  readonly name: string;
  readonly type: CimType;
  readonly isArray: boolean;
  readonly value: CimValue;
  /** The class that a reference points to, where the sender says it. */
  readonly referenceClass?: string;
  /** A string that holds an instance (EmbeddedInstance) or an instance or class (EmbeddedObject). */
  readonly embedded?: "instance" | "object";
}

/** An instance of a class, properties in the order of the class. Names are found in any case (DSP0004 §5.1). */
export class CimInstance {
  readonly className: string;
  /** Null for embedded instances, and for one that is yet to be created. */
  readonly path: ObjectPath | null;
  /** In the order of the class. */
  readonly properties: readonly CimProperty[];
  /** By names in lower case; made at the first question, since most instances are only written out. */
  #byName: ReadonlyMap<string, CimProperty> | undefined;

  constructor({
    className,
    path = null,
    properties,
  }: {
    readonly className: string;
    readonly path?: ObjectPath | null;
    readonly properties: readonly CimProperty[];
  }) {
    this.className = className;
    this.path = path;
    this.properties = properties;
  }

  property(name: string): CimProperty | undefined {
    this.#byName ??= new Map(this.properties.map((property) => [property.name.toLowerCase(), property]));
    return this.#byName.get(name.toLowerCase());
  }

  /** The value of a property; undefined where the instance has no such property. */
  get(name: string): CimValue | undefined {
    return this.property(name)?.value;
  }

  /** Only these properties; names that are no properties are passed over (DSP0200 §5.3.2.3). Null means all. */
  pick(names: readonly string[] | null): CimInstance {
    if (names === null) return this;
    const wanted = new Set(names.map((name) => name.toLowerCase()));
    const properties = this.properties.filter(({ name }) => wanted.has(name.toLowerCase()));
    return new CimInstance({ className: this.className, path: this.path, properties });
  }

  withPath(path: ObjectPath | null): CimInstance {
    return new CimInstance({ className: this.className, path, properties: this.properties });
  }
}
