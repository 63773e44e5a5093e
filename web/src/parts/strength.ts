/** "short" is not taken. */
export const STRENGTHS = ["short", "weak", "fair", "good", "strong"] as const;
export type Strength = (typeof STRENGTHS)[number];

export const SHORTEST = 8; // characters

/** What everybody tries first. */
const USUAL = [
  ..."password passwort admin carillon gotify qwerty qwertz letmein welcome willkommen secret geheim".split(" "),
  ..."iloveyou dragon monkey sunshine princess football hallo schatz master abc123 changeme default".split(" "),
];
const POOLS: [RegExp, number][] = [
  [/[a-z]/, 26],
  [/[A-Z]/, 26],
  [/[0-9]/, 10],
  [/[^a-zA-Z0-9]/, 33],
];

/** How hard a password is to guess, roughly: what repeats, runs on or is in everybody's list counts little. */
export function strength(password: string, name = ""): Strength {
  if ([...password].length < SHORTEST) return "short";
  const bits = worth(known(password.toLowerCase(), name.toLowerCase()), password);
  if (bits < 36) return "weak";
  if (bits < 56) return "fair";
  return bits < 76 ? "good" : "strong";
}

/** Without the words that everybody knows. */
function known(password: string, name: string): string {
  return [name, ...USUAL].reduce((rest, word) => (word.length > 2 ? rest.replaceAll(word, "\0") : rest), password);
}

function worth(rest: string, password: string): number {
  const pool = POOLS.reduce((sum, [kind, size]) => (kind.test(password) ? sum + size : sum), 0);
  let signs = 0;
  [...rest].forEach((sign, at, all) => {
    const step = at ? sign.charCodeAt(0) - (all[at - 1] ?? "").charCodeAt(0) : 2;
    signs += sign === "\0" ? 0.5 : Math.abs(step) <= 1 ? 0.25 : 1; // "aaa", "123"
  });
  return signs * Math.log2(pool);
}
