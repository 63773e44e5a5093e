import { locale } from "~/i18n/index.svelte.ts";

const SPACE = "\u00a0"; // between a number and its unit

/** "12,840" */
export function count(number: number): string {
  return new Intl.NumberFormat(locale()).format(number);
}

/** "214 MB": powers of 1000, one decimal under 10. */
export function size(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) {
    bytes /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && bytes < 10 ? 1 : 0;
  const number = new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(bytes);
  return number + SPACE + units[unit];
}

/** "64 KiB" where it is a round one, else as `size`: what a limit of so many bytes is called. */
export function limit(bytes: number): string {
  const round = [1024 ** 2, 1024].find((unit) => bytes >= unit && bytes % unit === 0);
  return round ? `${count(bytes / round)}${SPACE}${round === 1024 ? "KiB" : "MiB"}` : size(bytes);
}

/** "240 ms", "1.4 s", "6 min 12 s", "3 h 12 min" */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)}${SPACE}ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${count(Math.round(seconds * 10) / 10)}${SPACE}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}${SPACE}min ${Math.round(seconds % 60)}${SPACE}s`;
  return `${count(Math.floor(minutes / 60))}${SPACE}h ${minutes % 60}${SPACE}min`;
}
