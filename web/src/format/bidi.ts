/** Letters that are written from right to left, and the marks that turn what follows them around. */
const TURNS =
  /[\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const ISOLATES = /[\u2066-\u2069]/g;
const [FIRST_STRONG, POP] = ["\u2068", "\u2069"];

/** A foreign text as it may stand in a sentence of ours: it runs in its own direction, and turns nothing around it. */
export function apart(text: string): string {
  return TURNS.test(text) ? FIRST_STRONG + text.replace(ISOLATES, "") + POP : text;
}
