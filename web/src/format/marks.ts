import { foldWithPlaces } from "./words.ts";

/** A part of a text, and whether it is what was searched for. */
export interface Part {
  text: string;
  hit: boolean;
}

const GAP = "[^\\p{L}\\p{N}]+";
const LONGEST = 20_000; // characters of a text in which hits are looked for

let last: { words: string[]; pattern: RegExp | null } = { words: [], pattern: null };

/** The words of a search as the server names them: folded, `disk full` for a phrase, `err*` for a beginning. */
function patternOf(words: string[]): RegExp | null {
  if (last.words === words) return last.pattern;
  const terms = words.filter((word) => /[\p{L}\p{N}]/u.test(word));
  const alternatives = terms
    .map((term) => {
      const goesOn = term.endsWith("*");
      const body = (goesOn ? term.slice(0, -1) : term).split(" ").join(GAP);
      // A beginning marks its whole word.
      return body + (goesOn ? "[\\p{L}\\p{N}]*" : "(?![\\p{L}\\p{N}])");
    })
    .sort((a, b) => b.length - a.length);
  const pattern = terms.length ? new RegExp(`(?<![\\p{L}\\p{N}])(?:${alternatives.join("|")})`, "gu") : null;
  last = { words, pattern };
  return pattern;
}

/** Where in the text the words are: pairs of begin and end. */
export function hits(text: string, words: string[]): [number, number][] {
  const pattern = patternOf(words);
  if (!pattern || !text) return [];
  const { folded, places } = foldWithPlaces(text.slice(0, LONGEST));
  const found: [number, number][] = [];
  for (const { index, 0: hit } of folded.matchAll(pattern))
    found.push([places[index] as number, places[index + hit.length] as number]);
  return found;
}

/** The text cut into what is a hit and what is not. */
export function marked(text: string, words: string[]): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const [begin, end] of hits(text, words)) {
    if (begin > at) parts.push({ text: text.slice(at, begin), hit: false });
    parts.push({ text: text.slice(begin, end), hit: true });
    at = end;
  }
  if (at < text.length) parts.push({ text: text.slice(at), hit: false });
  return parts;
}

const SEEN = 70; // characters of a text that surely stand in the lines of a card
const BEFORE = 30; // characters kept before the first hit
const ROOM = 400; // characters that the lines of a card may hold

/** What a card shows of a long text: its beginning, or where the first hit is if that would be out of sight. */
export function excerpt(text: string, words: string[]): string {
  const flat = text.replace(/\s+/g, " ").trim();
  const first = hits(flat, words)[0];
  if (!first || first[1] <= SEEN) return flat.slice(0, ROOM);
  const from = Math.max(0, first[0] - BEFORE);
  const word = flat.indexOf(" ", from) + 1;
  const begin = word > 0 && word <= first[0] ? word : from;
  return "… " + flat.slice(begin, begin + ROOM);
}
