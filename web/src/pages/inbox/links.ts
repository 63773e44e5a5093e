/** A piece of plain text; with an address if it is a link. */
export interface Piece {
  text: string;
  href?: string;
}

const MOST = 400; // links in a text; what is beyond stays text

// Every repetition is bounded or of one class of characters, so that no text takes long.
const LINK =
  /(?<![\p{L}\p{N}@.])(?:https?:\/\/[^\s<>"'`\u0000-\u001f]{1,2000}|www\.[^\s<>"'`\u0000-\u001f]{1,2000}|mailto:[^\s<>"'`]{3,320}|[\w.+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?![\w@]))/giu;
const CLOSING: Record<string, string> = { ")": "(", "]": "[", "}": "{", "»": "«", "”": "“", "“": "„" };

/** Where an address may lead: to the web and to a mailbox, nowhere else. Gives it in full, or nothing. */
export function safe(address: string | null | undefined): string | undefined {
  const url = parsed(address?.trim() ?? "");
  return url && /^(?:https?|mailto):$/.test(url.protocol) ? url.href : undefined;
}

/** The host of an address, or the mailbox: what says most of where it leads. */
export function host(address: string): string {
  const url = parsed(address);
  return url?.host || url?.pathname || address;
}

function parsed(address: string): URL | null {
  try {
    return new URL(address);
  } catch {
    return null;
  }
}

/** Cuts a text into links and what stands between them. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  let links = 0;
  for (const match of text.matchAll(LINK)) {
    if (links === MOST) break;
    const link = trimmed(match[0]);
    const href = safe(full(link));
    if (!href) continue;
    if (match.index > at) found.push({ text: text.slice(at, match.index) });
    found.push({ text: link, href });
    at = match.index + link.length;
    links += 1;
  }
  if (at < text.length) found.push({ text: text.slice(at) });
  return found;
}

function full(link: string): string {
  if (/^www\./i.test(link)) return `https://${link}`;
  return /^(?:https?:\/\/|mailto:)/i.test(link) ? link : `mailto:${link}`;
}

/** Without what belongs to the sentence: a full stop, or a bracket that was opened before the link. */
function trimmed(link: string): string {
  let end = link.length;
  for (; end > 0; end -= 1) {
    const last = link[end - 1] as string;
    if (".,;:!?…*_~|".includes(last)) continue;
    const opening = CLOSING[last];
    if (!opening) break;
    const inside = link.slice(0, end);
    if (count(inside, opening) >= count(inside, last)) break;
  }
  return link.slice(0, end);
}

function count(text: string, sign: string): number {
  return text.split(sign).length - 1;
}
