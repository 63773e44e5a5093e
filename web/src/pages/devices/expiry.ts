import { t } from "~/i18n/index.svelte.ts";

const DAY = 86_400; // s
/** After how many seconds without use a device may end; 0: never. */
const USUAL = [0, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY];

/** What can be chosen: the usual, and what it is now. */
export function choices(now: number): number[] {
  return [...new Set([...USUAL, now])].sort((one, other) => (one || -1) - (other || -1));
}

/** "never", "after 30 days without use" */
export function words(seconds: number): string {
  if (!seconds) return t("devices.never");
  const days = seconds / DAY;
  return days < 1
    ? t("devices.afterHours", { n: Math.ceil(seconds / 3600) })
    : t("devices.afterDays", { n: Math.round(days) });
}
