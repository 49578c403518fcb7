/** Finds one string in a text from places that only grow, so that all searches together look at each character once. */
export class XmlFinder {
  readonly #sought: string;
  #text = "";
  #found = 0;

  constructor(sought: string) {
    this.#sought = sought;
  }

  /** Starts on another text. */
  begin(text: string): void {
    this.#text = text;
    this.#found = -1;
  }

  /** Where it is found at or after `at`; the length of the text where it is not. */
  from(at: number): number {
    if (this.#found < at) {
      const found = this.#text.indexOf(this.#sought, at);
      this.#found = found === -1 ? this.#text.length : found;
    }
    return this.#found;
  }
}

/** Line and column of places that only grow, in a text that comes part by part with its lines ended by `\n`. */
export class XmlPlace {
  readonly #newline = new XmlFinder("\n");
  #lineStart = 0;
  #length = 0;
  /** From 1. */
  line = 1;
  /** From 0, in units of UTF-16. */
  column = 0;

  /** The first `passed` characters of the text are gone, the rest goes on as `text`. */
  begin(text: string, passed: number): void {
    this.moveTo(passed);
    this.#lineStart -= passed;
    this.#length = text.length;
    this.#newline.begin(text);
  }

  moveTo(index: number): void {
    for (;;) {
      const newline = this.#newline.from(Math.max(this.#lineStart, 0));
      if (newline >= index || newline >= this.#length) break;
      this.line += 1;
      this.#lineStart = newline + 1;
    }
    this.column = index - this.#lineStart;
  }
}
