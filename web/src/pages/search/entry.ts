/** What stands in the search field: filters as chips, and the text that is being written. All of it is the query. */

import { runs, type Piece } from "./query.ts";

export interface Entry {
  /** Filters as they are written. */
  chips: string[];
  text: string;
}

/** A query as the field shows it: what is right of its filters in chips, everything else as text. */
export function entryOf(query: string): Entry {
  const chips: string[] = [];
  const rest: string[] = [];
  for (const { start, end, piece, fault } of runs(query))
    (piece?.kind === "filter" && !fault ? chips : rest).push(query.slice(start, end));
  return { chips: [...new Set(chips)], text: rest.join(" ") };
}

export function queryOf({ chips, text }: Entry): string {
  return [...chips, text.trim()].filter(Boolean).join(" ");
}

/** Takes the filters that are complete from the text to the chips: those with a space or a closing quote behind. */
export function settled(entry: Entry, all = false): Entry {
  const chips = [...entry.chips];
  let text = "";
  let kept = 0;
  for (const { start, end, piece, fault } of runs(entry.text)) {
    const complete = all || /\s/.test(entry.text[end] ?? "") || /:".*"$/.test(entry.text.slice(start, end));
    if (piece?.kind !== "filter" || fault || !complete) continue;
    chips.push(entry.text.slice(start, end));
    text += entry.text.slice(kept, start);
    kept = end;
  }
  text += entry.text.slice(kept);
  return kept ? { chips: [...new Set(chips)], text: text.trimStart() } : entry;
}

/** The query without the filter that is just being written at the end of the text. */
export function soFar(entry: Entry): string {
  const last = runs(entry.text).at(-1);
  const open = last && last.end === entry.text.length && (last.fault || last.piece?.kind === "filter");
  return queryOf(open ? { ...entry, text: entry.text.slice(0, last.start) } : entry);
}

/** The filters of a query. */
export function filtersOf(query: string): Piece[] {
  return runs(query).flatMap(({ piece, fault }) => (piece?.kind === "filter" && !fault ? [piece] : []));
}

/** The query with another text at the place of a filter, or of some; "" leaves it out. */
export function replaced(query: string, gone: (piece: Piece) => boolean, by = ""): string {
  const parts: string[] = [];
  for (const { start, end, piece } of runs(query)) if (!piece || !gone(piece)) parts.push(query.slice(start, end));
  return queryOf({ chips: [], text: [by, ...parts].filter(Boolean).join(" ") });
}

/** Shorter queries, each without one of the filters or words: where to look when nothing was found. */
export function wider(query: string): string[] {
  const found = runs(query).filter(({ piece }) => piece);
  if (found.length < 2) return [];
  const without = (left: (typeof found)[number]): string =>
    found
      .filter((one) => one !== left)
      .map(({ start, end }) => query.slice(start, end))
      .join(" ");
  const filters = found.filter(({ piece }) => piece?.kind === "filter");
  const words = found.filter(({ piece }) => piece?.kind !== "filter");
  const bare = words.map(({ start, end }) => query.slice(start, end)).join(" ");
  const wishes = [...filters.toReversed().map(without), ...(filters.length > 1 ? [bare] : []), ...words.map(without)];
  return [...new Set(wishes.filter(Boolean))];
}
