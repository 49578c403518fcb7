import { isCharacter } from "./xml-characters.ts";

// References within text and attribute values (XML 1.0 §4.1, §4.6). Without document types there are no other entities.

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);
const HEXADECIMAL = /^#x[0-9a-fA-F]+$/;
const DECIMAL = /^#[0-9]+$/;

/** `text` with what its references mean in their place; `refuse` throws, with the index of the reference at fault. */
export function resolveReferences(text: string, refuse: (problem: string, index: number) => never): string {
  let resolved = "";
  let from = 0;
  for (let at = text.indexOf("&"); at !== -1; at = text.indexOf("&", from)) {
    const end = text.indexOf(";", at);
    if (end === -1) refuse("a reference without its end", at);
    const name = text.slice(at + 1, end);
    const meant = ENTITIES.get(name) ?? numbered(name) ?? refuse(problemOf(name), at);
    resolved += text.slice(from, at) + meant; // The short ones are joined first: half as many joints to remember.
    from = end + 1;
  }
  return resolved + text.slice(from);
}

function numbered(name: string): string | undefined {
  const point = HEXADECIMAL.test(name)
    ? Number.parseInt(name.slice(2), 16)
    : DECIMAL.test(name)
      ? Number.parseInt(name.slice(1), 10)
      : Number.NaN;
  return isCharacter(point) ? String.fromCodePoint(point) : undefined;
}

function problemOf(name: string): string {
  const shown = JSON.stringify(name.slice(0, 40));
  return name.startsWith("#") ? `malformed character entity ${shown}` : `undefined entity ${shown}`;
}
