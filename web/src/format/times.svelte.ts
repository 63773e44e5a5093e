import { locale, t } from "~/i18n/index.svelte.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let now = $state(Date.now());
setInterval(() => (now = Date.now()), MINUTE);

/** This minute: what depends on it is drawn anew when it passes, all together. In milliseconds, as Date.now(). */
export function minute(): number {
  return now;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const name = locale() + JSON.stringify(options);
  let found = formats.get(name);
  if (!found) formats.set(name, (found = new Intl.DateTimeFormat(locale(), options)));
  return found;
}

/** How many midnights lie between a time and now. */
export function daysAgo(time: Date): number {
  const midnight = new Date(minute()).setHours(0, 0, 0, 0);
  return Math.max(0, Math.ceil((midnight - time.getTime()) / DAY));
}

/** "now", "12 min", "10:31", "Sat 22:47", "12 Nov" or "12 Nov 2025". */
export function short(time: Date): string {
  const age = Math.max(minute(), Date.now()) - time.getTime();
  if (age < MINUTE) return t("words.now");
  if (age < 60 * MINUTE) return t("words.minutes", { n: Math.floor(age / MINUTE) });
  const days = daysAgo(time);
  if (days === 0) return format({ hour: "2-digit", minute: "2-digit" }).format(time);
  if (days < 7) return format({ weekday: "short", hour: "2-digit", minute: "2-digit" }).format(time);
  const sameYear = time.getFullYear() === new Date(minute()).getFullYear();
  return format({ day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) }).format(time);
}

/** "Sunday 22 November 2026, 11:52:07" */
export function full(time: Date): string {
  return format({ dateStyle: "full", timeStyle: "medium" }).format(time);
}

/** "11:52:07" */
export function clock(time: Date): string {
  return format({ hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(time);
}

/** "22 Nov 2026" */
export function date(time: Date): string {
  return format({ dateStyle: "medium" }).format(time);
}

/** "22 Nov 2026, 11:52" */
export function moment(time: Date): string {
  return format({ dateStyle: "medium", timeStyle: "short" }).format(time);
}

/** The head of a day's messages: "Today" or "Yesterday" (else empty), and "Sunday 22 November". */
export function day(time: Date): { near: string; name: string } {
  const days = daysAgo(time);
  const near = days === 0 ? t("words.today") : days === 1 ? t("words.yesterday") : "";
  const sameYear = time.getFullYear() === new Date(minute()).getFullYear();
  const name = format({ weekday: "long", day: "numeric", month: "long", ...(sameYear ? {} : { year: "numeric" }) });
  return { near, name: name.format(time) };
}

/** Whose days are meant: the name of the browser's time zone, such as "Europe/Berlin". */
export function zone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";
}

/** A time to come, as short as it is clear: "16:30", "Mon 08:00", "22 Nov 2026". */
export function until(time: Date): string {
  const ahead = Math.ceil((time.getTime() - new Date(minute()).setHours(24, 0, 0, 0)) / DAY);
  if (ahead <= 0) return format({ hour: "2-digit", minute: "2-digit" }).format(time);
  if (ahead < 7) return format({ weekday: "short", hour: "2-digit", minute: "2-digit" }).format(time);
  return date(time);
}
