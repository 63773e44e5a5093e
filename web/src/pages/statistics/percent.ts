import { locale } from "~/i18n/index.svelte.ts";

/** "12 %"; one decimal from 99 up, but for all of it, and below 1. */
export function percent(part: number): string {
  const value = part * 100;
  const digits = (value >= 99 && value < 100) || (value > 0 && value < 1) ? 1 : 0;
  const number = new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value);
  return `${number}\u00a0%`;
}
