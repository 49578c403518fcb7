import { WireError } from "../../runtime/errors.ts";
import { CimDateTime } from "../cim-date-time.ts";
import { CimInstance } from "../cim-instance.ts";
import type { CimScalar, CimValue } from "../cim-type.ts";
import { ObjectPath } from "../object-path.ts";
import { isLike } from "./like.ts";
import type { Comparison, Condition, Operand, PropertyOperand } from "./query.ts";

/** Whether a class is another or below it. */
export type IsSubclass = (className: string, ancestor: string) => boolean;

/** Whether an instance fits. What is NULL or of another type makes a comparison unknown, and NOT unknown is unknown. */
export function evaluate(condition: Condition, instance: CimInstance, isSubclass: IsSubclass): boolean {
  return judge(condition, instance, isSubclass) === true;
}

function judge(condition: Condition, instance: CimInstance, isSubclass: IsSubclass): boolean | null {
  switch (condition.kind) {
    case "and":
    case "or": {
      const decisive = condition.kind === "or";
      let open = false;
      for (const term of condition.terms) {
        const verdict = judge(term, instance, isSubclass);
        if (verdict === decisive) return decisive;
        if (verdict === null) open = true;
      }
      return open ? null : !decisive;
    }
    case "not": {
      const verdict = judge(condition.term, instance, isSubclass);
      return verdict === null ? null : !verdict;
    }
    case "compare":
      return anyOf(valuesOf(condition.left, instance), (left) =>
        anyOf(valuesOf(condition.right, instance), (right) =>
          compare(left, condition.comparison, right, condition.anyCase),
        ),
      );
    case "like":
      return anyOf(valuesOf(condition.operand, instance), (value) =>
        typeof value === "string" ? isLike(value, condition.pattern) : null,
      );
    case "isNull": {
      const { operand } = condition;
      if (operand.index === null) return propertyOf(operand, instance) === null;
      return valuesOf(operand, instance).every((value) => value === null);
    }
    case "isa": {
      const [value] = condition.operand.path.length === 0 ? [instance] : valuesOf(condition.operand, instance);
      const { className } = condition;
      return value instanceof CimInstance
        ? value.className.toLowerCase() === className.toLowerCase() || isSubclass(value.className, className)
        : null;
    }
  }
}

/** True when one is true, unknown when none is and one is unknown. */
function anyOf<T>(values: readonly T[], verdictOf: (value: T) => boolean | null): boolean | null {
  let open = values.length === 0;
  for (const value of values) {
    const verdict = verdictOf(value);
    if (verdict === true) return true;
    if (verdict === null) open = true;
  }
  return open ? null : false;
}

/** One value; several for ANY; none where there is no such property. An array without an index is no value to compare. */
function valuesOf(operand: Operand, instance: CimInstance): readonly (CimScalar | null)[] {
  if (operand.kind === "literal") return [operand.value];
  const value = propertyOf(operand, instance);
  if (!Array.isArray(value)) return [value as CimScalar | null];
  const elements = value as readonly (CimScalar | null)[];
  if (operand.index === "any") return elements;
  return operand.index === null ? [] : [elements[operand.index] ?? null];
}

function propertyOf({ path }: PropertyOperand, instance: CimInstance): CimValue {
  let value: CimValue = instance;
  for (const step of path) {
    if (!(value instanceof CimInstance)) return null;
    value = /^__CLASS$/i.test(step) ? value.className : (value.get(step) ?? null);
  }
  return value;
}

function compare(
  left: CimScalar | null,
  comparison: Comparison,
  right: CimScalar | null,
  anyCase: boolean,
): boolean | null {
  if (left === null || right === null) return null;
  const order = orderOf(left, right, anyCase);
  if (order === null || Number.isNaN(order)) return null;
  switch (comparison) {
    case "=":
      return order === 0;
    case "<>":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

/** Below, at or above 0; null for values that cannot be compared. Numbers of 64 bits stay exact. */
function orderOf(left: CimScalar, right: CimScalar, anyCase: boolean): number | null {
  if (left instanceof CimDateTime || right instanceof CimDateTime) return timeOrder(left, right);
  if (left instanceof ObjectPath || right instanceof ObjectPath) return pathOrder(left, right);
  if (left instanceof CimInstance || right instanceof CimInstance) return null;
  if (typeof left === "string" && typeof right === "string")
    return anyCase ? textOrder(left.toLowerCase(), right.toLowerCase()) : textOrder(left, right);
  if (typeof left === "boolean" || typeof right === "boolean")
    return typeof left === typeof right ? Number(left) - Number(right) : null;
  if (typeof left === "string" || typeof right === "string") return numberInText(left, right);
  return numberOrder(left, right);
}

function numberOrder(left: number | bigint, right: number | bigint): number {
  if (left < right) return -1;
  if (left > right) return 1;
  return Number.isNaN(Number(left)) || Number.isNaN(Number(right)) ? Number.NaN : 0;
}

function textOrder(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

/** WMI takes `ProcessId = '4'`: a number in quotes counts as one beside a number. */
function numberInText(left: CimScalar, right: CimScalar): number | null {
  const [one, other] = [left, right].map((value) => {
    if (typeof value === "number" || typeof value === "bigint") return value;
    return typeof value === "string" && /^\s*-?\d+\s*$/.test(value) ? BigInt(value) : null;
  });
  return one === undefined || one === null || other === undefined || other === null ? null : numberOrder(one, other);
}

function timeOrder(left: CimScalar, right: CimScalar): number | null {
  const [one, other] = [left, right].map((value) => {
    if (value instanceof CimDateTime) return value;
    if (typeof value !== "string") return null;
    try {
      return CimDateTime.parseAny(value);
    } catch (error) {
      if (error instanceof WireError) return null;
      throw error;
    }
  });
  if (one === undefined || one === null || other === undefined || other === null || one.kind !== other.kind)
    return null;
  const [from, to] = [one.milliseconds, other.milliseconds];
  return from === null || to === null ? null : from - to;
}

/** Paths are the same or not; which is greater has no meaning, and the left one is said to be. */
function pathOrder(left: CimScalar, right: CimScalar): number | null {
  const [one, other] = [left, right].map((value) => {
    if (value instanceof ObjectPath) return value.identity;
    if (typeof value !== "string") return null;
    try {
      return ObjectPath.parse(value).identity;
    } catch (error) {
      if (error instanceof WireError) return null;
      throw error;
    }
  });
  if (one === undefined || one === null || other === undefined || other === null) return null;
  return one === other ? 0 : 1;
}
