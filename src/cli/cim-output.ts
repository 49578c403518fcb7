import { CimInstance } from "../cim/cim-instance.ts";
import type { CimValue } from "../cim/cim-type.ts";
import { ObjectPath } from "../cim/object-path.ts";
import { bold } from "./output.ts";
import type { Session } from "./session.ts";
import { visible } from "./visible.ts";

/** A value as JSON has it: whole numbers beyond 53 bits as text, paths and datetimes as CIM writes them. */
export function valueJson(value: CimValue): unknown {
  if (Array.isArray(value)) return value.map((each) => valueJson(each as CimValue));
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof CimInstance) return instanceJson(value);
  if (value instanceof ObjectPath) return value.toCimObject();
  if (value !== null && typeof value === "object") return String(value);
  return value;
}

export interface InstanceJson {
  readonly class: string;
  readonly path: string | null;
  readonly properties: Readonly<Record<string, unknown>>;
}

export function instanceJson({ className, path, properties }: CimInstance): InstanceJson {
  return {
    class: className,
    path: path === null ? null : path.toCimObject(),
    properties: Object.fromEntries(properties.map(({ name, value }) => [name, valueJson(value)])),
  };
}

/** A value in one line; undefined for NULL. */
export function valueText(value: CimValue): string | undefined {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map((each) => valueText(each as CimValue) ?? "").join(", ");
  if (value instanceof ObjectPath) return value.toCimObject();
  if (value instanceof CimInstance) return JSON.stringify(instanceJson(value));
  return String(value);
}

/** The path, then every property that is not NULL under it. */
export function printInstance(session: Session, instance: CimInstance): void {
  const { path, className, properties } = instance;
  session.print(bold(session.world.output, visible(path === null ? className : path.toCimObject())));
  const rows = properties.flatMap(({ name, value }) => {
    const text = valueText(value);
    return text === undefined ? [] : [[`  ${name}`, text] as const];
  });
  if (rows.length > 0) session.facts(rows);
}
