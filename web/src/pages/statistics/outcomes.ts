import type { Statistics } from "~/api/client.ts";
import { locale } from "~/i18n/index.svelte.ts";

export interface Tally {
  sent: number;
  failed: number;
  retried: number;
}
export interface Outcomes {
  /** `at`: a day (2026-11-22), or a moment. */
  deliveries: (Tally & { at: string })[];
  services: (Tally & { id: number; name: string; kind: string })[];
}

/** What the answer says about deliveries, if it says something and there were any. */
export function outcomesOf(report: Statistics): Outcomes | null {
  const { deliveries, services } = report as Partial<Outcomes>;
  return deliveries?.length && services?.length ? { deliveries, services } : null;
}

/** Each with a name for people. */
export function moments(list: Outcomes["deliveries"]): (Tally & { at: string; name: string })[] {
  return list.map((one) => ({ ...one, name: nameOf(one.at) }));
}

function nameOf(at: string): string {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(at);
  const time = new Date(day ? `${at}T12:00` : at);
  if (Number.isNaN(time.getTime())) return at;
  const options: Intl.DateTimeFormatOptions = day
    ? { dateStyle: "medium" }
    : { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(locale(), options).format(time);
}
