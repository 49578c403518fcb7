/** How the value of a setting is read from text (flag, environment) or from a file's typed value. */
export interface SettingKind<T> {
  /** For people, after "expected": `a whole number from 1 to 65535`. */
  readonly expected: string;
  /** The value, or undefined where it is not of this kind. */
  parse(raw: unknown): T | undefined;
}

export function integer({ min, max }: { min: number; max: number }): SettingKind<number> {
  return {
    expected: `a whole number from ${min} to ${max}`,
    parse(raw) {
      const value = typeof raw === "string" && /^-?\d{1,15}$/.test(raw.trim()) ? Number(raw) : raw;
      return typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max
        ? value
        : undefined;
    },
  };
}

export function ratio(): SettingKind<number> {
  return {
    expected: "a number from 0 to 1, or a percentage such as 85%",
    parse(raw) {
      const match = typeof raw === "string" ? /^(\d{1,3}(?:\.\d{1,6})?)\s*(%?)$/.exec(raw.trim()) : null;
      const value = match ? Number(match[1]) / (match[2] === "%" ? 100 : 1) : raw;
      return typeof value === "number" && value >= 0 && value <= 1 ? value : undefined;
    },
  };
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Seconds, from a number or from text such as `90s`, `5m`, `12h`, `30d`. */
export function seconds({ min, max }: { min: number; max: number }): SettingKind<number> {
  return {
    expected: `a time from ${min} to ${max} seconds, such as 90s, 5m, 12h or 30d`,
    parse(raw) {
      const match = typeof raw === "string" ? /^(\d{1,9})\s*([smhd]?)$/.exec(raw.trim()) : null;
      const value = match ? Number(match[1]) * (UNIT_SECONDS[match[2] || "s"] as number) : raw;
      return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
    },
  };
}

export function string({ lengthMax = 1_024 }: { lengthMax?: number } = {}): SettingKind<string> {
  return {
    expected: `text of at most ${lengthMax} characters`,
    parse: (raw) => (typeof raw === "string" && raw.length <= lengthMax && !raw.includes("\0") ? raw : undefined),
  };
}

export function choice<const C extends readonly string[]>(choices: C): SettingKind<C[number]> {
  return {
    expected: `one of ${choices.join(", ")}`,
    parse: (raw) => (typeof raw === "string" && choices.includes(raw) ? raw : undefined),
  };
}

/** A list in a file; commas between the items in a flag or the environment. */
export function strings({ countMax = 256 }: { countMax?: number } = {}): SettingKind<readonly string[]> {
  return {
    expected: `a list of at most ${countMax} texts (in the environment: separated by commas)`,
    parse(raw) {
      const items =
        typeof raw === "string"
          ? raw
              .split(",")
              .map((item) => item.trim())
              .filter(Boolean)
          : raw;
      if (!Array.isArray(items) || items.length > countMax) return undefined;
      return items.every((item) => typeof item === "string" && item.length > 0) ? items : undefined;
    },
  };
}

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** `20000-20063`, both ends included. */
export function portRange(): SettingKind<PortRange> {
  return {
    expected: "a range of ports such as 20000-20063",
    parse(raw) {
      const match = typeof raw === "string" ? /^(\d{1,5})-(\d{1,5})$/.exec(raw.trim()) : null;
      if (!match) return undefined;
      const range = { from: Number(match[1]), to: Number(match[2]) };
      return range.from >= 1 && range.from <= range.to && range.to <= 65_535 ? range : undefined;
    },
  };
}
