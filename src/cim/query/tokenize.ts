import { CimError } from "../cim-error.ts";

/** Characters of a query: the longest of group policies for event logs have about 4,000. */
export const QUERY_CHARACTERS_MAX = 16_384;

export interface Token {
  /** `word`: a name or keyword; `symbol`: an operator or a bracket. */
  readonly kind: "word" | "symbol" | "string" | "number" | "end";
  readonly text: string;
  /** Characters before it. */
  readonly at: number;
}

const TOKEN =
  /\s*(?:([A-Za-z_\u0080-\uffef][\w\u0080-\uffef]*)|([+-]?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?|\.\d+))|"((?:[^"\\]|\\[\s\S])*)"|'((?:[^'\\]|\\[\s\S]|'')*)'|(<>|<=|>=|!=|[=<>().,*[\]]))/y;

/** Throws INVALID_QUERY. */
export function tokenize(query: string): Token[] {
  if (query.length > QUERY_CHARACTERS_MAX)
    throw new CimError("INVALID_QUERY", `${query.length} characters, at most ${QUERY_CHARACTERS_MAX} are taken`);
  const tokens: Token[] = [];
  const end = query.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(query);
    if (match === null)
      throw new CimError("INVALID_QUERY", `${JSON.stringify(query.slice(from, from + 20))} at character ${from}`);
    const [whole, word, number, double, single, symbol] = match;
    const at = from + whole.length - whole.trimStart().length;
    const quoted = double ?? single?.replaceAll("''", "'");
    if (word !== undefined) tokens.push({ kind: "word", text: word, at });
    else if (number !== undefined) tokens.push({ kind: "number", text: number, at });
    else if (quoted !== undefined) tokens.push({ kind: "string", text: quoted, at });
    else tokens.push({ kind: "symbol", text: symbol === "!=" ? "<>" : (symbol ?? ""), at });
  }
  tokens.push({ kind: "end", text: "the end", at: end });
  return tokens;
}
