import type { Statistics } from "~/api/client.ts";
import { locale, t } from "~/i18n/index.svelte.ts";

/** Days, of which one is drawn as the last 24 hours; the year is one of whole weeks. */
export const PERIODS = [1, 14, 90, 364] as const;
export type Period = (typeof PERIODS)[number];

/** Days above which weeks are drawn: more columns could not be told apart. */
const MOST = 100;

/** Messages in a column from which on it may be called an outlier. */
const NOTABLE = 10;

/** Days above which a number alone does not say which one is meant. */
const MONTH = 31;

/** A column of the chart over time, from `at`. `label` stands below it, `name` tells it in full, `when` within a
 * sentence. */
export interface Column {
  at: string;
  label: string;
  name: string;
  when: string;
  levels: number[];
  total: number;
}

type Span = Statistics["spans"][number];

export const sum = (numbers: number[]): number => numbers.reduce((all, one) => all + one, 0);

/** Hours, days, or weeks. */
export function columns({ unit, spans }: Statistics): Column[] {
  if (unit === "hour") return spans.map(ofHour);
  if (spans.length > MOST) return weeks(spans);
  return spans.map((span, at, { length }) => {
    if (at === length - 1) return { ...ofDay(span), label: t("words.today").toLocaleLowerCase(locale()) };
    return ofDay(span, at === 0 || length > MONTH);
  });
}

/** Which column is labelled whatever room there is: today, or the hour with which today begins. */
export function anchor({ unit, spans }: Statistics): number {
  if (unit === "day") return spans.length > MOST ? spans.length / 7 - 1 : spans.length - 1;
  const dates = spans.map(({ at }) => new Date(at).getDate());
  return dates.findIndex((date) => date === dates.at(-1));
}

function ofHour({ at, levels }: Span): Column {
  const begin = new Date(at);
  const name = format({ weekday: "long", hour: "2-digit", minute: "2-digit" }, begin);
  const when = t("statistics.at", { time: format({ hour: "2-digit", minute: "2-digit" }, begin) });
  return { at, label: hourLabel(begin), name, when, levels, total: sum(levels) };
}

/** "14", in half a zone "14:30", and "3 pm" where people count to twelve. */
function hourLabel(begin: Date): string {
  const half: Intl.DateTimeFormatOptions = begin.getMinutes() ? { minute: "2-digit" } : {};
  const parts = new Intl.DateTimeFormat(locale(), { hour: "numeric", ...half }).formatToParts(begin);
  // German writes "14 Uhr", for which there is no room.
  const bare = parts.filter(
    ({ type }, at) => type !== "literal" || ["minute", "dayPeriod"].includes(parts[at + 1]?.type ?? ""),
  );
  return bare
    .map(({ value }) => value)
    .join("")
    .toLocaleLowerCase(locale());
}

function ofDay({ at, levels }: Span, withMonth = false): Column {
  const day = localDay(at);
  const name = format({ weekday: "long", day: "numeric", month: "long" }, day);
  const month = withMonth || day.getDate() === 1;
  const label = format(month ? { day: "numeric", month: "short" } : { day: "numeric" }, day);
  return { at, label, name, when: t("statistics.on", { date: name }), levels, total: sum(levels) };
}

/** Of seven days each, of which the last ends today. */
function weeks(days: Span[]): Column[] {
  const found: Column[] = [];
  for (let end = days.length; end > 0; end -= 7) {
    const week = days.slice(Math.max(0, end - 7), end);
    const at = week[0]?.at ?? "";
    const levels = [0, 1, 2, 3, 4].map((band) => sum(week.map((day) => day.levels[band] ?? 0)));
    const name = format({ day: "numeric", month: "long", year: "numeric" }, localDay(at));
    const label = format({ day: "numeric", month: "short" }, localDay(at));
    found.unshift({ at, label, name, when: t("statistics.weekOf", { date: name }), levels, total: sum(levels) });
  }
  return found;
}

/** One plain sentence about the highest column, and how much it stands out. */
export function sentence(found: Column[], count: (n: number) => string): string {
  const all = sum(found.map(({ total }) => total));
  if (!all) return t("statistics.quiet");
  const most = found.reduce((best, one) => (one.total > best.total ? one : best));
  const some = found.filter(({ total }) => total);
  if (some.length === 1) return t("statistics.one", { count: count(most.total), when: most.when });
  // What is still going on is no measure of the others.
  const whole = some.filter((one) => one !== found.at(-1));
  const sorted = whole.map(({ total }) => total).sort((a, b) => a - b);
  const usual = sorted[Math.floor((sorted.length - 1) / 2)] as number;
  const times = Math.round((most.total / usual) * 10) / 10;
  const { when } = most;
  if (times >= 2 && most.total >= NOTABLE)
    return t("statistics.outlier", { count: count(most.total), when, times: count(times), usual: count(usual) });
  const least = whole.length < found.length - 1 ? 0 : (sorted[0] as number);
  return t("statistics.even", { least: count(least), most: count(most.total), when });
}

/** Round numbers from 0 to above the highest, five at most. */
export function ticks(highest: number): number[] {
  const rough = Math.max(1, highest / 4);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, ([1, 2, 2.5, 5, 10].find((one) => one * power >= rough) ?? 10) * power);
  const whole = Number.isInteger(step) ? step : Math.ceil(step);
  return Array.from({ length: Math.max(1, Math.ceil(highest / whole)) + 1 }, (_, at) => at * whole);
}

/** "03:00" or "3 AM" */
export function hourName(hour: number): string {
  return format({ hour: "2-digit", minute: "2-digit" }, new Date(2026, 0, 1, hour));
}

/** Of Monday 0 to Sunday 6. */
export function weekdayName(weekday: number, width: "short" | "long"): string {
  return format({ weekday: width }, new Date(2026, 0, 5 + weekday)); // the 5th was a Monday
}

/** Weekdays in the order of the language, Monday being 0. */
export function weekOrder(): number[] {
  const info = new Intl.Locale(locale()) as Intl.Locale & {
    weekInfo?: { firstDay: number };
    getWeekInfo?: () => { firstDay: number };
  };
  const first = (info.getWeekInfo?.() ?? info.weekInfo)?.firstDay ?? 1;
  return Array.from({ length: 7 }, (_, at) => (first - 1 + at) % 7);
}

function localDay(date: string): Date {
  const [year = 1970, month = 1, day = 1] = date.split("-").map(Number);
  return new Date(year, month - 1, day);
}

function format(options: Intl.DateTimeFormatOptions, time: Date): string {
  return new Intl.DateTimeFormat(locale(), options).format(time);
}
