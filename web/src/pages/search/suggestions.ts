import { fold } from "~/format/words.ts";
import { t, type Key } from "~/i18n/index.svelte.ts";
import { spoken } from "./labels.ts";
import { NAMES, pieces, written, type Name } from "./query.ts";

/** What could stand where one is writing. */
export interface Suggestion {
  /** What it becomes. A name of a filter ends with a colon: its value is chosen next. */
  text: string;
  /** What that means. */
  says: string;
}

const MOST = 8;
const VALUES: Record<Exclude<Name, "app" | "on">, string[]> = {
  priority: ["urgent", "high+", "high", "normal+", "normal", "low", "silent"],
  since: ["1h", "24h", "7d", "30d", "365d"],
  before: ["24h", "7d", "30d", "365d"],
  has: ["link", "image"],
  is: ["unread", "read", "pinned"],
};
const HELP: Record<Name, Key> = {
  app: "search.writeApp",
  priority: "search.writePriority",
  since: "search.writeSince",
  before: "search.writeSince",
  on: "search.exampleOn",
  has: "search.writeHas",
  is: "search.writeIs",
};

/** Where in the text the run begins that the caret stands behind. */
export function beginOf(text: string, caret: number): number {
  const before = text.slice(0, caret);
  return before.length - (/(?:[^\s"]|"[^"]*(?:"|$))*$/.exec(before)?.[0].length ?? 0);
}

/** For the run at the end of what is being written. `names` are those of the applications. */
export function suggested(run: string, names: string[]): Suggestion[] {
  const [, minus = "", name = "", colon = "", value = ""] = /^(-?)([A-Za-z]*)(:?)"?([^"]*)$/.exec(run) ?? [];
  if (!colon) return name.length > 1 ? namesOf(minus, name, names) : [];
  const filter = NAMES.find((one) => one === name.toLowerCase());
  if (!filter) return [];
  const wished = fold(value);
  const fits = valuesOf(filter, names).filter((one) => fold(one).includes(wished));
  const first = fits.filter((one) => fold(one).startsWith(wished));
  return [...new Set([...first, ...fits])].slice(0, MOST).map((one) => suggestion(filter, one, Boolean(minus)));
}

function namesOf(minus: string, start: string, names: string[]): Suggestion[] {
  const filters = NAMES.filter((name) => name.startsWith(start.toLowerCase()));
  const applications = names.filter((name) => fold(name).startsWith(fold(start)));
  return [
    ...filters.map((name) => ({ text: `${minus}${name}:`, says: t(HELP[name]) })),
    ...applications.map((name) => suggestion("app", name, Boolean(minus))),
  ].slice(0, MOST);
}

function valuesOf(name: Name, applications: string[]): string[] {
  if (name === "app") return applications;
  if (name === "on") return [0, 1, 2].map(dayAgo);
  return VALUES[name];
}

/** "2026-11-22" */
export function dayAgo(days: number): string {
  const time = new Date();
  time.setDate(time.getDate() - days);
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

function suggestion(name: Name, value: string, negated: boolean): Suggestion {
  const text = written(name, value, negated);
  const piece = pieces(text)[0];
  return { text, says: piece ? spoken(piece) : value };
}
