import type { LikePattern } from "./like.ts";
import type { QueryLanguage } from "./query-language.ts";

/** A parsed query: `SELECT … FROM Class WHERE …`. */
export interface Query {
  readonly language: QueryLanguage;
  /** Names of properties; null for all (`*`). */
  readonly select: readonly string[] | null;
  readonly from: string;
  /** Null where every instance fits. */
  readonly where: Condition | null;
  /** WQL's `WITHIN`: how often a client wants it looked for, in seconds. */
  readonly withinSeconds: number | null;
}

export type Literal = string | number | bigint | boolean;

/** A property by its path through embedded instances: `SourceInstance.State`, `OperationalStatus[0]`. */
export interface PropertyOperand {
  readonly kind: "property";
  readonly path: readonly string[];
  /** One element of an array, or any of them; null for the whole. */
  readonly index: number | "any" | null;
}
export type Operand = PropertyOperand | { readonly kind: "literal"; readonly value: Literal };

export const COMPARISONS = ["=", "<>", "<", "<=", ">", ">="] as const;
export type Comparison = (typeof COMPARISONS)[number];

export type Condition =
  | { readonly kind: "and" | "or"; readonly terms: readonly Condition[] }
  | { readonly kind: "not"; readonly term: Condition }
  | {
      readonly kind: "compare";
      readonly comparison: Comparison;
      readonly left: Operand;
      readonly right: Operand;
      /** WMI compares text without regard to case, CQL with. */
      readonly anyCase: boolean;
    }
  | { readonly kind: "like"; readonly operand: PropertyOperand; readonly pattern: LikePattern }
  | { readonly kind: "isNull"; readonly operand: PropertyOperand }
  | { readonly kind: "isa"; readonly operand: PropertyOperand; readonly className: string };
