export const LINES = 12;
export const CHARACTERS = 900;

/** A long text, of which the beginning is shown first. */
export interface Folded {
  text: string;
  /** Of the whole. */
  lines: number;
  characters: number;
  /** Whether there is more than `text`. */
  long: boolean;
}

/** The first 12 lines or 900 characters, cut between words. A fence of code that is cut open is closed again. */
export function fold(text: string): Folded {
  const whole = text.trimEnd();
  const all = whole.split("\n");
  const characters = whole.length;
  let part = all.slice(0, LINES).join("\n");
  if (part.length > CHARACTERS) part = cut(part);
  const long = part.length < whole.length;
  if (long && (part.match(/^ {0,3}```/gm)?.length ?? 0) % 2) part += "\n```";
  return { text: long ? part : whole, lines: all.length, characters, long };
}

function cut(text: string): string {
  const part = text.slice(0, CHARACTERS);
  const space = part.search(/\s\S*$/);
  const whole = space > CHARACTERS / 2 ? part.slice(0, space) : part;
  return whole.replace(/[\ud800-\udbff]$/, ""); // half of a pair
}
