/** Shown of an id where it is unique: eight digits are a minute, thirteen a millisecond of a UUID version 7. */
const SHORT_ID_CHARACTERS = 8;

/** Each id cut to its shortest beginning that no other of the list shares, of at least eight characters. */
export function shortIds(ids: readonly string[]): string[] {
  return ids.map((id) => {
    for (let length = SHORT_ID_CHARACTERS; length < id.length; length++) {
      const beginning = id.slice(0, length);
      if (beginning.endsWith("-")) continue;
      if (ids.every((other) => other === id || !other.startsWith(beginning))) return beginning;
    }
    return id;
  });
}
