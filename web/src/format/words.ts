/**
 * What counts as a word and when two are the same: the reader's half of what the server searches by. A word is a run
 * of letters and digits; capitals, the marks of Latin letters and the two ways to write an ß make no difference.
 */

const MARKS = /[\u0300-\u0304\u0306-\u030c\u030f\u0311\u031b\u0323-\u0328\u032d\u032e\u0330\u0331]/g;
const ASCII = /^[\0-\x7f]*$/; // eslint-disable-line no-control-regex

/** One character as it is compared. It may become several, or none. */
function bare(letter: string): string {
  const without = letter.normalize("NFD").replace(MARKS, "");
  return (ASCII.test(without) ? without : letter.toLowerCase().replaceAll("ß", "ss")).toLowerCase();
}

/** The text as it is compared. */
export function fold(text: string): string {
  return ASCII.test(text) ? text.toLowerCase() : Array.from(text, bare).join("");
}

/** The text as it is compared, and of each of its UTF-16 units where in the text it came from; one more for the end. */
export function foldWithPlaces(text: string): { folded: string; places: number[] } {
  let folded = "";
  let place = 0;
  const places: number[] = [];
  for (const letter of text) {
    const part = bare(letter);
    for (let unit = 0; unit < part.length; unit++) places.push(place);
    folded += part;
    place += letter.length;
  }
  places.push(place);
  return { folded, places };
}

/** Folded, in their order. */
export function words(text: string): string[] {
  return fold(text).match(/[\p{L}\p{N}]+/gu) ?? [];
}
