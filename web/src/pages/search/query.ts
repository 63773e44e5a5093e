/**
 * The search language as the page reads it, to show filters as chips and to say what is wrong before the server is
 * asked. The server reads the same text by the same rules (core/query.py); both are tested by one table.
 */

import { words } from "~/format/words.ts";

export const LONGEST = 1000; // characters of a query
export const MOST = 30; // words, phrases and filters in it

export const NAMES = ["app", "priority", "since", "before", "on", "has", "is"] as const;
export type Name = (typeof NAMES)[number];
const TURNED_ROUND: readonly string[] = ["app", "has", "is"]; // the filters that take a minus
const BANDS = ["silent", "low", "normal", "high", "urgent"];

/** `text` is the word or phrase, or the value of the filter `name`. It stands from `start` to before `end`. */
export interface Piece {
  kind: "word" | "phrase" | "filter";
  text: string;
  start: number;
  end: number;
  name: string;
  negated: boolean;
  /** Words that only begin so are meant too. */
  prefix: boolean;
}

/** What the server calls them; that there is no such application is said by the page that knows them. */
export type Fault = "unknown" | "value" | "negated" | "long" | "many" | "application";

/** `piece` is the one at fault, `near` the filter or the application that is nearest to an unknown one. */
export class BadQuery extends Error {
  constructor(
    readonly fault: Fault,
    readonly piece?: Piece,
    readonly near = "",
  ) {
    super(fault);
  }
}

const PIECE = /\s*(-?)(?:"([^"]*)"?|([A-Za-z]+):(?!\/\/)(?:"([^"]*)"?|([^\s"]*))|([^\s"]+))/gu;

/** What stands between two spaces, or in quotes: a piece, nothing that is searched for, or something wrong. */
export interface Run {
  start: number;
  end: number;
  piece: Piece | null;
  fault: BadQuery | null;
}

/** All of a text, whatever is wrong with it. */
export function runs(text: string): Run[] {
  return [...text.matchAll(PIECE)].map((match) => {
    const end = match.index + match[0].length;
    const start = end - match[0].trimStart().length;
    try {
      const piece = pieceOf(match, start, end);
      const fault = piece?.kind === "filter" && !takes(piece) ? new BadQuery("value", piece) : null;
      return { start, end, piece, fault };
    } catch (error) {
      if (!(error instanceof BadQuery)) throw error;
      return { start, end, piece: null, fault: error };
    }
  });
}

/** In their order; of the values of filters nothing is said yet. Raises BadQuery. */
export function pieces(text: string): Piece[] {
  if ([...text].length > LONGEST) throw new BadQuery("long");
  const found: Piece[] = [];
  for (const { piece, fault } of runs(text)) {
    if (piece) found.push(piece);
    else if (fault) throw fault;
  }
  if (found.length > MOST) throw new BadQuery("many");
  const last = found.findLast((piece) => piece.kind === "word" && !piece.negated);
  if (last) last.prefix = true;
  return found;
}

/** What is wrong with a text, or null. */
export function faultOf(text: string): BadQuery | null {
  try {
    pieces(text);
  } catch (error) {
    if (error instanceof BadQuery) return error;
    throw error;
  }
  return runs(text).find(({ fault }) => fault)?.fault ?? null;
}

/** Raises BadQuery. */
function pieceOf(match: RegExpExecArray, start: number, end: number): Piece | null {
  const [, minus, phrase, name, quoted, value, plain] = match;
  const piece = { start, end, negated: Boolean(minus), name: "", prefix: false };
  if (phrase !== undefined) return words(phrase).length ? { ...piece, kind: "phrase", text: phrase } : null;
  if (plain !== undefined || !(quoted || value)) {
    // What ends with a colon is the word before it, unless it is about to become a filter.
    const word = plain ?? `${name}:`;
    if (name && isName(name.toLowerCase()))
      throw new BadQuery("value", { ...piece, kind: "filter", name: name.toLowerCase(), text: "" });
    const kept = words(word).length ? word.replace(/[*:]+$/, "") : "";
    return kept ? { ...piece, kind: "word", text: kept, prefix: word.endsWith("*") } : null;
  }
  const filter: Piece = {
    ...piece,
    kind: "filter",
    name: (name as string).toLowerCase(),
    text: (quoted || value || "").trim(),
  };
  if (!isName(filter.name)) throw new BadQuery("unknown", filter, nearest(filter.name, NAMES));
  if (filter.negated && !TURNED_ROUND.includes(filter.name)) throw new BadQuery("negated", filter);
  return filter;
}

function isName(name: string): name is Name {
  return (NAMES as readonly string[]).includes(name);
}

const PRIORITY = /^(>=|<=|>|<|)([0-9]{1,2})$/;
const SPAN = /^[0-9]{1,6}[mhdw]$/;
const DAY = /^\d{4}-\d\d-\d\d$/;
const TIME = /^\d{4}-\d\d-\d\d(?:t\d\d:\d\d(?::\d\d(?:\.\d{3}|\.\d{6})?)?(?:z|[+-]\d\d:\d\d)?)?$/;

/** Whether the filter takes this value. Which applications there are, only the server knows. */
function takes({ name, text }: Piece): boolean {
  const value = text.toLowerCase();
  if (name === "app") return true;
  if (name === "priority") return BANDS.includes(value.replace(/\+$/, "")) || PRIORITY.test(value);
  if (name === "has") return value === "link" || value === "image";
  if (name === "is") return value === "unread" || value === "read" || value === "pinned";
  if (name === "on") return DAY.test(value) && moment(value) !== null;
  return SPAN.test(value) || (TIME.test(value) && moment(value) !== null);
}

/** The time that a day, or a day and time, stands for; without a zone of its own in that of the reader. */
export function moment(value: string): Date | null {
  const [day = "", clock = "00:00"] = value.toUpperCase().split("T");
  const [year, month, date] = day.split("-").map(Number) as [number, number, number];
  const time = new Date(`${day}T${clock}`);
  const there = year > 0 && new Date(Date.UTC(year, month - 1, date)).getUTCDate() === date;
  return there && !Number.isNaN(time.getTime()) ? time : null;
}

const COMPARED = 50; // characters of two names

/** One that begins so, else the one with the fewest letters to change; of several the first. */
export function nearest<T extends string>(name: string, names: readonly T[]): T {
  const start = name.slice(0, COMPARED).toLowerCase();
  const far = (one: string): number =>
    one.toLowerCase().startsWith(start) ? 0 : 1 + distance(start, one.slice(0, COMPARED).toLowerCase());
  return names.reduce((best, one) => (far(one) < far(best) ? one : best));
}

/** Letters to put in, to leave out or to replace. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [at, letter] of [...one].entries()) {
    const next = [at + 1];
    for (let place = 0; place < other.length; place++)
      next.push(
        Math.min(
          (row[place + 1] as number) + 1,
          (next[place] as number) + 1,
          (row[place] as number) + (letter === other[place] ? 0 : 1),
        ),
      );
    row = next;
  }
  return row.at(-1) as number;
}

/** A filter as it is written, its value in quotes where it needs them. */
export function written(name: Name, value: string, negated = false): string {
  const clean = value.replaceAll('"', " ").trim();
  return `${negated ? "-" : ""}${name}:${/\s/.test(clean) ? `"${clean}"` : clean}`;
}
