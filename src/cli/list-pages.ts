import { API_LIMITS } from "../api/limits.ts";

export interface Page<T> {
  readonly items: readonly T[];
  /** Null on the last page. */
  readonly next: string | null;
}

/** Up to `limit` items of a list that the manager gives in pages, beginning behind `after`; `next` says where more are. */
export async function listPages<T>(
  fetchPage: (query: { limit: number; after: string | undefined }) => Promise<Page<T>>,
  { limit, after }: { limit: number; after?: string | undefined },
): Promise<{ items: T[]; next: string | null }> {
  const items: T[] = [];
  let next: string | null = after ?? null;
  do {
    const page: Page<T> = await fetchPage({
      limit: Math.min(limit - items.length, API_LIMITS.pageItems),
      after: next ?? undefined,
    });
    items.push(...page.items);
    // A page that brings nothing and promises more would be asked for without end.
    next = page.items.length === 0 ? null : page.next;
  } while (next !== null && items.length < limit);
  return { items, next };
}
