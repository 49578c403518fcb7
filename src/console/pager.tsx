import { Button } from "@mantine/core";
import { useState } from "react";

export interface Pages {
  readonly after: string | undefined;
  readonly isFirst: boolean;
  readonly forth: (next: string) => void;
  readonly back: () => void;
}

/** Where one is in a list that the manager pages; back at the start whenever `filter` changes. */
export function usePages(filter: string): Pages {
  const [place, setPlace] = useState<{ readonly filter: string; readonly trail: readonly string[] }>({
    filter,
    trail: [],
  });
  const trail = place.filter === filter ? place.trail : [];
  return {
    after: trail.at(-1),
    isFirst: trail.length === 0,
    forth: (next) => setPlace({ filter, trail: [...trail, next] }),
    back: () => setPlace({ filter, trail: trail.slice(0, -1) }),
  };
}

/** Nothing where everything is on one page. */
export function Pager({
  pages,
  next,
  newer,
  older,
}: {
  readonly pages: Pages;
  readonly next: string | null;
  readonly newer: string;
  readonly older: string;
}) {
  if (pages.isFirst && next === null) return null;
  return (
    <nav className="pager">
      <Button size="xs" variant="default" disabled={pages.isFirst} onClick={pages.back}>
        {newer}
      </Button>
      <Button size="xs" variant="default" disabled={next === null} onClick={() => next !== null && pages.forth(next)}>
        {older}
      </Button>
    </nav>
  );
}
