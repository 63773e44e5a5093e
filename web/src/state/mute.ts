import { answer, api } from "~/api/client.ts";
import { minute, until } from "~/format/times.svelte.ts";
import { t, type Key } from "~/i18n/index.svelte.ts";
import { applications } from "./applications.svelte.ts";

/** "For good": the last time that can be written. */
export const FOR_GOOD = "9999-12-31T23:59:59Z";
const GOOD = 9000; // the year from which on nobody waits for the end
const MORNING = 8; // o'clock
const HOUR = 3_600_000; // ms

/** For how long one may mute an application: the name of it, and the time it ends. */
export function lengths(now: Date): [Key, string][] {
  const morning = (days: number): string => {
    const then = new Date(now);
    then.setDate(then.getDate() + days);
    then.setHours(MORNING, 0, 0, 0);
    return then.toISOString();
  };
  const monday = (8 - now.getDay()) % 7 || 7;
  return [
    ["mute.hour", new Date(now.getTime() + HOUR).toISOString()],
    ["mute.eight", new Date(now.getTime() + 8 * HOUR).toISOString()],
    ["mute.tomorrow", morning(1)],
    ...(monday > 1 ? ([["mute.monday", morning(monday)]] as [Key, string][]) : []),
    ["mute.good", FOR_GOOD],
  ];
}

/** Whether an application is mute now; a time that has passed mutes nothing. */
export function isMuted(mutedUntil: string | null | undefined): boolean {
  return Boolean(mutedUntil) && new Date(mutedUntil as string).getTime() > minute();
}

/** "Muted until Mon 08:00", "Muted for good", or nothing. */
export function mutedWords(mutedUntil: string | null | undefined): string {
  if (!isMuted(mutedUntil)) return "";
  const end = new Date(mutedUntil as string);
  return end.getFullYear() > GOOD ? t("mute.mutedForGood") : t("mute.mutedUntil", { time: until(end) });
}

/** Lets an application ring for the user only from then on; null: at once. Raises Refused and Unreachable. */
export async function mute(id: number, mutedUntil: string | null): Promise<void> {
  const body = { muted_until: mutedUntil };
  applications.keep(await answer(api.PATCH("/api/1/applications/{id}", { params: { path: { id } }, body })));
}
