/** At most three candidates that a person who typed `text` may have meant, best first: "did you mean …". */
export function closest(text: string, candidates: readonly string[]): string[] {
  const wanted = text.toLowerCase();
  return candidates
    .map((candidate) => ({ candidate, distance: distanceTo(candidate.toLowerCase(), wanted) }))
    .filter(({ candidate, distance }) => distance <= Math.max(2, Math.floor(candidate.length / 4)))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** A part of the name counts as one slip, so that `report` finds `manager-report`. */
function distanceTo(candidate: string, wanted: string): number {
  const whole = editDistance(candidate, wanted);
  return wanted.length >= 3 && candidate.includes(wanted) ? Math.min(1, whole) : whole;
}

/** Levenshtein: single characters put in, taken out or changed. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const change = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(change, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
