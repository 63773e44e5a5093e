import type { Message } from "~/api/client.ts";
import { daysAgo } from "~/format/times.svelte.ts";
import { locale, t } from "~/i18n/index.svelte.ts";

/** Messages of one time, newest first, below one head. */
export interface Group {
  name: string;
  messages: Message[];
}

/** What is near by day, what is far by month. */
export function grouped(messages: Message[]): Group[] {
  const groups: Group[] = [];
  for (const message of messages) {
    const name = nameOf(new Date(message.created));
    const last = groups.at(-1);
    if (last?.name === name) last.messages.push(message);
    else groups.push({ name, messages: [message] });
  }
  return groups;
}

function nameOf(time: Date): string {
  const days = daysAgo(time);
  if (days === 0) return t("words.today");
  if (days === 1) return t("words.yesterday");
  if (days < 7) return t("search.thisWeek");
  const now = new Date();
  const sameYear = time.getFullYear() === now.getFullYear();
  const sameMonth = sameYear && time.getMonth() === now.getMonth();
  const format: Intl.DateTimeFormatOptions = { month: "long", ...(sameYear ? {} : { year: "numeric" }) };
  const month = new Intl.DateTimeFormat(locale(), format).format(time);
  return sameMonth ? t("search.earlierIn", { month }) : month;
}
