/** Parts of a page that are written by hand around generated ones: name of the part to what it must hold. */
export type Parts = Readonly<Record<string, () => string>>;

const PART = /(<!-- generated: ([\w. -]+) -->)[\s\S]*?(<!-- end -->)/g;

/**
 * The page with each `<!-- generated: NAME -->` … `<!-- end -->` filled anew; the rest is left as it is.
 * Throws where a part has no place in the page, or a place no part.
 */
export function fillDocument(path: string, page: string | null, parts: Parts): string {
  const left = new Set(Object.keys(parts));
  const filled = (page ?? "").replaceAll(PART, (_, begin: string, name: string, end: string) => {
    const render = parts[name];
    if (render === undefined) throw new Error(`${path}: nothing generates "${name}"`);
    left.delete(name);
    return `${begin}\n${render()}\n${end}`;
  });
  if (left.size > 0) throw new Error(`${path}: no place for ${[...left].join(", ")}`);
  return filled;
}
