import { WireError } from "../runtime/errors.ts";

// datetime of CIM (DSP0004 2.8 §5.2.4): a point in time or an interval, always 25 characters, digits replaced by
// asterisks from the right where they do not matter.

const TIMESTAMP = /^(\d{4}|\*{4})(\d\d|\*\*)(\d\d|\*\*)(\d\d|\*\*)(\d\d|\*\*)(\d\d|\*\*)\.([\d*]{6})([+-])(\d{3})$/;
const INTERVAL = /^(\d{8}|\*{8})(\d\d|\*\*)(\d\d|\*\*)(\d\d|\*\*)\.([\d*]{6}):000$/;
// xs:dateTime and xs:duration (XML Schema part 2 §3.2.7, §3.2.6), as WS-CIM maps them (DSP0230 §7.2.4).
const ISO_TIME = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?$/;
const ISO_DURATION = /^P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,12})(?:\.(\d{1,9}))?S)?)?$/;
const MICROSECONDS = /^(?:\d{6}|\d{5}\*|\d{4}\*{2}|\d{3}\*{3}|\d{2}\*{4}|\d\*{5}|\*{6})$/;
const DAY_MS = 86_400_000;
/** Eight digits of days. */
const DAYS_MAX = 99_999_999;

/** A value of type datetime. Two are equal when their texts are. */
export class CimDateTime {
  readonly kind: "timestamp" | "interval";
  /** The 25 characters of DSP0004. */
  readonly text: string;

  private constructor(kind: "timestamp" | "interval", text: string) {
    this.kind = kind;
    this.text = text;
  }

  /** Of milliseconds since 1970; `offsetMinutes` east of UTC is only how it is written. */
  static at(epochMs: number, offsetMinutes = 0): CimDateTime {
    const local = new Date(epochMs + offsetMinutes * 60_000);
    if (Number.isNaN(local.getTime()) || local.getUTCFullYear() < 0 || local.getUTCFullYear() > 9999)
      throw new WireError("", `${epochMs} ms is no time that CIM can write`);
    const digits = local.toISOString().replace(/[-:TZ]/g, ""); // yyyymmddhhmmss.mmm
    const sign = offsetMinutes < 0 ? "-" : "+";
    return new CimDateTime("timestamp", `${digits}000${sign}${pad(Math.abs(Math.trunc(offsetMinutes)), 3)}`);
  }

  /** A length of time, fractions of microseconds cut off. */
  static interval(durationMs: number): CimDateTime {
    const days = Math.floor(durationMs / DAY_MS);
    if (!(durationMs >= 0) || days > DAYS_MAX)
      throw new WireError("", `${durationMs} ms is no interval that CIM can write`);
    const rest = durationMs - days * DAY_MS;
    const seconds = Math.floor(rest / 1000);
    const [hour, minute, second] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    const micros = Math.floor((rest - seconds * 1000) * 1000);
    return new CimDateTime(
      "interval",
      `${pad(days, 8)}${pad(hour, 2)}${pad(minute, 2)}${pad(second, 2)}.${pad(micros, 6)}:000`,
    );
  }

  /** Of the 25 characters. Throws WireError. */
  static parse(text: string): CimDateTime {
    const kind = TIMESTAMP.test(text) ? "timestamp" : INTERVAL.test(text) ? "interval" : undefined;
    if (kind === undefined || !MICROSECONDS.test(text.slice(15, 21)) || !asterisksFromTheRight(text.slice(0, 21)))
      throw new WireError("", `${JSON.stringify(text.slice(0, 40))} is not a datetime of CIM`);
    if (kind === "timestamp") checkCalendar(text);
    else checkFields([text.slice(8, 10), text.slice(10, 12), text.slice(12, 14)], text);
    return new CimDateTime(kind, text);
  }

  /** Of xs:dateTime, xs:date or xs:duration; without a time zone it counts as UTC. Throws WireError. */
  static parseIso(text: string): CimDateTime {
    const time = ISO_TIME.exec(text);
    if (time !== null) {
      const [, year, month, day, hour = "00", minute = "00", second = "00", fraction = "", zone = "Z"] = time;
      const offset = zone === "Z" ? 0 : Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4));
      const written = `${year}${month}${day}${hour}${minute}${second}.${fraction.slice(0, 6).padEnd(6, "0")}`;
      return CimDateTime.parse(`${written}${zone.startsWith("-") ? "-" : "+"}${pad(offset, 3)}`);
    }
    const duration = ISO_DURATION.exec(text);
    if (duration === null || /[PT]$/.test(text))
      throw new WireError("", `${JSON.stringify(text.slice(0, 40))} is neither a date nor a duration`);
    const [days, hours, minutes, seconds] = duration.slice(1, 5).map((part) => Number(part ?? 0)) as [
      number,
      number,
      number,
      number,
    ];
    const total = days * 86_400 + hours * 3_600 + minutes * 60 + seconds;
    const whole = CimDateTime.interval(total * 1000);
    const micros = (duration[5] ?? "").slice(0, 6).padEnd(6, "0");
    return new CimDateTime("interval", `${whole.text.slice(0, 15)}${micros}:000`);
  }

  /** In either form: 25 characters can be both, and only CIM's has a full stop after the seconds. Throws WireError. */
  static parseAny(text: string): CimDateTime {
    return text.length === 25 && text[14] === "." ? CimDateTime.parse(text) : CimDateTime.parseIso(text);
  }

  /** Whether asterisks leave something open. */
  get isPartial(): boolean {
    return this.text.includes("*");
  }

  /** Since 1970, or the length of the interval; null where asterisks leave it open. */
  get milliseconds(): number | null {
    if (this.isPartial) return null;
    const micros = Number(this.text.slice(15, 21));
    if (this.kind === "interval") {
      const seconds = Number(this.text.slice(8, 10)) * 3600 + Number(this.text.slice(10, 12)) * 60;
      return (
        Number(this.text.slice(0, 8)) * DAY_MS + (seconds + Number(this.text.slice(12, 14))) * 1000 + micros / 1000
      );
    }
    const offset = Number(this.text.slice(21));
    return utcOf(this.text) - offset * 60_000 + micros / 1000;
  }

  /** xs:dateTime or xs:duration; null where asterisks leave something open, which XML Schema cannot say. */
  get iso(): string | null {
    if (this.isPartial) return null;
    const fraction = this.text.slice(15, 21).replace(/0+$/, "");
    const tail = fraction === "" ? "" : `.${fraction}`;
    if (this.kind === "interval") {
      const [days, hours, minutes, seconds] = [
        this.text.slice(0, 8),
        this.text.slice(8, 10),
        this.text.slice(10, 12),
        this.text.slice(12, 14),
      ].map(Number);
      return `P${days}DT${hours}H${minutes}M${seconds}${tail}S`;
    }
    const [sign, offset] = [this.text.slice(21, 22), Number(this.text.slice(22))];
    const zone = offset === 0 ? "Z" : `${sign}${pad(Math.floor(offset / 60), 2)}:${pad(offset % 60, 2)}`;
    const [date, time] = [this.text.slice(0, 8), this.text.slice(8, 14)];
    return `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}${tail}${zone}`;
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }
}

function pad(number: number, digits: number): string {
  return String(number).padStart(digits, "0");
}

/** After the first asterisk nothing but asterisks: a day without its month says nothing. */
function asterisksFromTheRight(text: string): boolean {
  const digits = text.replace(".", "");
  const first = digits.indexOf("*");
  return first < 0 || /^\*+$/.test(digits.slice(first));
}

function checkCalendar(text: string): void {
  checkFields([text.slice(8, 10), text.slice(10, 12), text.slice(12, 14)], text);
  const [month, day] = [text.slice(4, 6), text.slice(6, 8)];
  const monthFits = month === "**" || (Number(month) >= 1 && Number(month) <= 12);
  const dayFits = day === "**" || (Number(day) >= 1 && Number(day) <= 31);
  const exact = !text.slice(0, 8).includes("*");
  if (!monthFits || !dayFits || (exact && new Date(utcOf(`${text.slice(0, 8)}000000`)).getUTCDate() !== Number(day)))
    throw new WireError("", `${JSON.stringify(text)} is no day of the calendar`);
}

function checkFields(hourMinuteSecond: readonly [string, string, string], text: string): void {
  const most = [23, 59, 59];
  if (hourMinuteSecond.every((field, index) => field === "**" || Number(field) <= (most[index] ?? 0))) return;
  throw new WireError("", `${JSON.stringify(text)} is no time of day`);
}

/** Milliseconds of the first 14 digits taken as UTC. Years below 100 mean themselves. */
function utcOf(text: string): number {
  const [year, month, day] = [text.slice(0, 4), text.slice(4, 6), text.slice(6, 8)].map(Number) as [
    number,
    number,
    number,
  ];
  const [hour, minute, second] = [text.slice(8, 10), text.slice(10, 12), text.slice(12, 14)].map(Number) as [
    number,
    number,
    number,
  ];
  return new Date(0).setUTCFullYear(year, month - 1, day) + ((hour * 60 + minute) * 60 + second) * 1000;
}
