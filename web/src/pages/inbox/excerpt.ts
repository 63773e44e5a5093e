/** A piece of a line of Markdown. */
export interface Span {
  text: string;
  kind?: "strong" | "code";
}

const READ = 1200; // characters looked at
const SHOWN = 320; // characters that two lines could hold, and then some

/** The beginning of a message for its card: one line, of whose Markdown only what is strong and what is code stays. */
export function excerpt(message: string, markdown: boolean): Span[] {
  const text = message.slice(0, READ);
  if (!markdown) return [{ text: text.replace(/\s+/g, " ").trim().slice(0, SHOWN) }];
  return spans(flat(text).slice(0, SHOWN));
}

/** Without the signs of blocks, pictures and links. */
function flat(text: string): string {
  return text
    .replace(/^ {0,3}(?:```|~~~)[^\n]*$/gm, " ")
    .replace(/^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t:|-]*)?$/gm, " ") // the line below a table's head, and rules
    .replace(/^[ \t]*(?:#{1,6}|>+|[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?/gm, "")
    .replace(/<[a-zA-Z/!][^<>\n]{0,300}>/g, " ")
    .replace(/!\[([^[\]\n]{0,200})\]\([^()\s]{0,2000}(?:\s"[^"\n]{0,200}")?\)/g, "$1")
    .replace(/\[([^[\]\n]{0,300})\]\([^()\s]{0,2000}(?:\s"[^"\n]{0,200}")?\)/g, "$1")
    .replace(/[ \t]*\|[ \t]*/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

function spans(text: string): Span[] {
  const found: Span[] = [];
  let at = 0;
  for (const match of text.matchAll(/\*\*([^*]{1,300})\*\*|__([^_]{1,300})__|`([^`]{1,300})`/g)) {
    if (match.index > at) found.push({ text: plain(text.slice(at, match.index)) });
    const strong = match[1] ?? match[2];
    if (strong !== undefined) found.push({ text: plain(strong), kind: "strong" });
    else found.push({ text: match[3] as string, kind: "code" });
    at = match.index + match[0].length;
  }
  if (at < text.length) found.push({ text: plain(text.slice(at)) });
  return found;
}

/** Without what makes words slanted or struck, and without escapes. */
function plain(text: string): string {
  return text
    .replace(/(^|[\s(])[*_]([^*_\s][^*_]{0,200})[*_](?=[\s).,:;!?]|$)/g, "$1$2")
    .replace(/~~([^~]{1,200})~~/g, "$1")
    .replace(/\\([\\`*_{}[\]()#+\-.!|~])/g, "$1");
}
