import { CimError } from "../cim-error.ts";
import { parseLike } from "./like.ts";
import {
  COMPARISONS,
  type Comparison,
  type Condition,
  type Operand,
  type PropertyOperand,
  type Query,
} from "./query.ts";
import type { QueryLanguage } from "./query-language.ts";
import { type Token, tokenize } from "./tokenize.ts";

/** Brackets and NOTs inside one another. */
export const QUERY_DEPTH_MAX = 64;
/** Comparisons of one query. */
export const QUERY_TERMS_MAX = 512;
/** Steps of a property's path. */
const PATH_STEPS_MAX = 8;

/**
 * Query := SELECT (`*` | Name {, Name}) FROM Class [[AS] Alias] [WITHIN seconds] [WHERE Or]; Or := And {OR And};
 * And := Not {AND Not}; Not := NOT Not | ( Or ) | Term; Term := Operand Comparison Operand | Property [NOT] LIKE text |
 * Property IS [NOT] NULL | Property ISA Class | ANY Property[*] …
 * Throws INVALID_QUERY with the place.
 */
export function parseQuery(text: string, language: QueryLanguage): Query {
  return new Parser(text, language).query();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #language: QueryLanguage;
  #next = 0;
  #terms = 0;
  /** The class and its alias, in lower case: both may stand before a property. */
  #sources: readonly string[] = [];

  constructor(text: string, language: QueryLanguage) {
    this.#tokens = tokenize(text);
    this.#language = language;
  }

  query(): Query {
    this.#expectWord("SELECT");
    const selected = this.#selectList();
    this.#expectWord("FROM");
    const from = this.#name("a class");
    const alias = this.#alias();
    this.#sources = [from, ...(alias === null ? [] : [alias])].map((name) => name.toLowerCase());
    const withinSeconds = this.#takeWord("WITHIN") ? this.#number() : null;
    const where = this.#takeWord("WHERE") ? this.#or(0) : null;
    if (this.#peek().kind !== "end") this.#refuse("more than this part of the language");
    const select = selected?.map((path) => this.#withoutSource(path)[0] ?? "") ?? null;
    return { language: this.#language, select: select?.includes("*") ? null : select, from, where, withinSeconds };
  }

  #selectList(): string[][] | null {
    if (this.#takeSymbol("*")) return null;
    const paths: string[][] = [];
    do {
      const path = [this.#name("a property")];
      while (this.#takeSymbol(".")) path.push(this.#takeSymbol("*") ? "*" : this.#name("a property"));
      paths.push(path);
      if (paths.length > QUERY_TERMS_MAX) this.#refuse(`more than ${QUERY_TERMS_MAX} properties`);
    } while (this.#takeSymbol(","));
    return paths;
  }

  #alias(): string | null {
    if (this.#takeWord("AS")) return this.#name("an alias");
    const token = this.#peek();
    return token.kind === "word" && !/^(WHERE|WITHIN)$/i.test(token.text) ? this.#name("an alias") : null;
  }

  #or(depth: number): Condition {
    return this.#chain("OR", "or", () => this.#and(depth));
  }

  #and(depth: number): Condition {
    return this.#chain("AND", "and", () => this.#not(depth));
  }

  #chain(word: string, kind: "and" | "or", part: () => Condition): Condition {
    const first = part();
    const terms = [first];
    while (this.#takeWord(word)) terms.push(part());
    return terms.length === 1 ? first : { kind, terms };
  }

  #not(depth: number): Condition {
    if (depth > QUERY_DEPTH_MAX) this.#refuse(`more than ${QUERY_DEPTH_MAX} deep`);
    if (this.#takeWord("NOT")) return { kind: "not", term: this.#not(depth + 1) };
    if (!this.#takeSymbol("(")) return this.#term();
    const inside = this.#or(depth + 1);
    this.#expectSymbol(")");
    return inside;
  }

  #term(): Condition {
    this.#terms += 1;
    if (this.#terms > QUERY_TERMS_MAX) this.#refuse(`more than ${QUERY_TERMS_MAX} comparisons`);
    const left = this.#operand();
    const comparison = this.#comparison();
    if (comparison !== null) {
      // WQL writes `= NULL` for IS NULL (WQL reference, "IS operator").
      const isNull = left.kind === "property" && (comparison === "=" || comparison === "<>") && this.#takeWord("NULL");
      if (isNull && left.kind === "property") return negatedIf(comparison === "<>", { kind: "isNull", operand: left });
      const right = this.#operand();
      return { kind: "compare", comparison, left, right, anyCase: this.#language === "WQL" };
    }
    if (left.kind !== "property") return this.#refuse("a property is wanted before it");
    if (this.#takeWord("IS")) {
      const negated = this.#takeWord("NOT");
      this.#expectWord("NULL");
      return negatedIf(negated, { kind: "isNull", operand: left });
    }
    if (this.#takeWord("ISA") || this.#takeWord("__ISA"))
      return { kind: "isa", operand: left, className: this.#className() };
    const negated = this.#takeWord("NOT");
    this.#expectWord("LIKE");
    const pattern = parseLike(this.#string(), this.#language);
    return negatedIf(negated, { kind: "like", operand: left, pattern });
  }

  #operand(): Operand {
    const token = this.#peek();
    if (token.kind === "string") return { kind: "literal", value: this.#string() };
    if (token.kind === "number") {
      this.#next += 1;
      return { kind: "literal", value: numberOf(token.text) };
    }
    if (this.#takeWord("TRUE")) return { kind: "literal", value: true };
    if (this.#takeWord("FALSE")) return { kind: "literal", value: false };
    return this.#property(this.#takeWord("ANY"));
  }

  #property(any: boolean): PropertyOperand {
    const path = [this.#name("a property")];
    while (this.#takeSymbol(".")) {
      path.push(this.#name("a property"));
      if (path.length > PATH_STEPS_MAX) this.#refuse(`more than ${PATH_STEPS_MAX} steps`);
    }
    let index: PropertyOperand["index"] = any ? "any" : null;
    if (this.#takeSymbol("[")) {
      if (this.#takeSymbol("*")) {
        if (!any) this.#refuse("[*] is for ANY");
      } else index = this.#number();
      this.#expectSymbol("]");
    }
    return { kind: "property", path: this.#withoutSource(path), index };
  }

  /** `CIM_Fan.Name` and `f.Name` mean Name; an instance's own class stands as an empty path. */
  #withoutSource(path: readonly string[]): readonly string[] {
    return this.#sources.includes(path[0]?.toLowerCase() ?? "") ? path.slice(1) : path;
  }

  #comparison(): Comparison | null {
    const token = this.#peek();
    const found = COMPARISONS.find((each) => token.kind === "symbol" && token.text === each);
    if (found === undefined) return null;
    this.#next += 1;
    return found;
  }

  /** CQL writes the name of a class bare, WQL as text. */
  #className(): string {
    return this.#peek().kind === "string" ? this.#string() : this.#name("a class");
  }

  #name(what: string): string {
    const token = this.#peek();
    if (token.kind !== "word") return this.#refuse(`${what} is wanted`);
    this.#next += 1;
    return token.text;
  }

  /** A backslash takes the next character as it is, outside of patterns too. */
  #string(): string {
    const token = this.#peek();
    if (token.kind !== "string") return this.#refuse("a text in quotes is wanted");
    this.#next += 1;
    return token.text.replace(/\\([\\'"])/g, "$1");
  }

  #number(): number {
    const token = this.#peek();
    const value = Number(token.text);
    if (token.kind !== "number" || !(value >= 0)) return this.#refuse("a number is wanted");
    this.#next += 1;
    return value;
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: "end", text: "the end", at: 0 };
  }

  #takeWord(word: string): boolean {
    const token = this.#peek();
    if (token.kind !== "word" || token.text.toUpperCase() !== word) return false;
    this.#next += 1;
    return true;
  }

  #takeSymbol(symbol: string): boolean {
    const token = this.#peek();
    if (token.kind !== "symbol" || token.text !== symbol) return false;
    this.#next += 1;
    return true;
  }

  #expectWord(word: string): void {
    if (!this.#takeWord(word)) this.#refuse(`${word} is wanted`);
  }

  #expectSymbol(symbol: string): void {
    if (!this.#takeSymbol(symbol)) this.#refuse(`${symbol} is wanted`);
  }

  #refuse(problem: string): never {
    const { text, at } = this.#peek();
    throw new CimError("INVALID_QUERY", `${JSON.stringify(text.slice(0, 40))} at character ${at}: ${problem}`);
  }
}

function negatedIf(negated: boolean, term: Condition): Condition {
  return negated ? { kind: "not", term } : term;
}

function numberOf(text: string): number | bigint {
  if (/^[+-]?\d+$/.test(text)) return BigInt(text.replace("+", ""));
  if (!/x/i.test(text)) return Number(text);
  return text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text.replace("+", ""));
}
