import { CimDateTime } from "../../../cim/cim-date-time.ts";
import type { CimInstance } from "../../../cim/cim-instance.ts";
import type { ClassDeclaration, InstanceOf } from "../../../cim/class-declaration.ts";
import { type ClassProvider, provide } from "../../../cim/provider.ts";

/** The instances of one class told as another: what was read once, in another schema's words. */
export function view<D extends ClassDeclaration>(
  declaration: D,
  source: ClassProvider,
  translate: (facts: Facts) => InstanceOf<D>,
  rest: Pick<ClassProvider, "methods"> = {},
): ClassProvider {
  return provide(declaration, {
    timeoutMs: source.timeoutMs,
    async *instances(context) {
      for await (const batch of source.instances(context))
        yield batch.map((instance) => translate(new Facts(instance)));
    },
    ...rest,
  });
}

/** Properties of an instance by type; null where they are NULL or of another type. */
export class Facts {
  readonly #instance: CimInstance;
  constructor(instance: CimInstance) {
    this.#instance = instance;
  }

  text(name: string): string | null {
    const value = this.#instance.get(name);
    return typeof value === "string" ? value : null;
  }

  number(name: string): number | null {
    const value = this.#instance.get(name);
    return typeof value === "number" ? value : null;
  }

  big(name: string): bigint | null {
    const value = this.#instance.get(name);
    return typeof value === "bigint" ? value : null;
  }

  flag(name: string): boolean | null {
    const value = this.#instance.get(name);
    return typeof value === "boolean" ? value : null;
  }

  time(name: string): CimDateTime | null {
    const value = this.#instance.get(name);
    return value instanceof CimDateTime ? value : null;
  }

  list(name: string): readonly unknown[] {
    const value = this.#instance.get(name);
    return Array.isArray(value) ? value : [];
  }

  /** Status of Windows' classes (CIM_ManagedSystemElement.Status of CIM 2.2) for the OperationalStatus of ours. */
  get status(): string {
    const [status] = this.list("OperationalStatus");
    return (typeof status === "number" ? STATUS[status] : undefined) ?? "Unknown";
  }
}

const STATUS: Readonly<Record<number, string>> = {
  2: "OK",
  3: "Degraded",
  4: "Stressed",
  5: "Pred Fail",
  6: "Error",
  8: "Starting",
  9: "Stopping",
  10: "OK",
  12: "No Contact",
  13: "Lost Comm",
  15: "OK",
};
