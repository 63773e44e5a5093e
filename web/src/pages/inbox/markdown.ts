import DOMPurify, { type Config } from "dompurify";
import { Marked, type Token, type Tokens } from "marked";
import { host, safe } from "./links.ts";

// What takes the parser long, or longer than its stack, is shown as it was written.
const PATIENCE = 1000; // ms: a report of 100 KB takes a tenth, and what a hostile mind makes of as many signs, minutes
const DEEP = 20; // levels of quotes and lists
const BLANKS = /[ \t]{500}/; // in which it looks for what ends them at each anew, without a look at the clock
const ENDLESS = /^\S{2000}/; // is no address; its last signs are taken off one by one
const CELLS = 20_000; // of a table, whose rows are filled up to as many as its head has
const NESTED = /^(?:[ \t]*(?:[-*+>]|\d{1,9}[.)])){20}/m;
// Of HTML in Markdown only tags without attributes that mark words are meant; all else is shown as it was written.
const FOREIGN = /<(?!\/?(?:b|i|u|s|em|strong|del|ins|sub|sup|mark|small|kbd|code|br)\s*\/?>)/gi;
const CLEAN: Config = {
  ALLOWED_TAGS: (
    "p br hr h3 h4 h5 h6 strong em b i u s del ins sub sup mark small kbd code pre blockquote ul ol li " +
    "table thead tbody tr th td a img"
  ).split(" "),
  ALLOWED_ATTR: ["href", "src", "alt", "align", "start"],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

const RUNS = new Set("P H3 H4 H5 H6 UL OL BLOCKQUOTE TD TH".split(" ")); // each in the direction of its first letter

/** A text takes longer than anybody waits. */
class Late extends Error {}

let deadline = Infinity;

/** Looks at the clock; what stands there is for the others to say. */
function hurry(): false {
  if (performance.now() > deadline) throw new Late();
  return false;
}

/** How many a table would have that begins there, at most. */
function cells(text: string): number {
  const [table = ""] = text.split(/\n[ \t]*\n/, 1);
  const lines = table.split("\n");
  return lines.length * (lines[0] as string).split("|").length;
}

const marked = new Marked({
  gfm: true,
  breaks: true, // who ends a line in a message means to end it
  renderer: {
    heading({ tokens, depth }: Tokens.Heading): string {
      const level = Math.min(6, depth + 2); // the page and the message have theirs above
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`;
    },
    html({ text }: Tokens.HTML | Tokens.Tag): string {
      return text.replace(FOREIGN, "&lt;");
    },
    checkbox({ checked }: Tokens.Checkbox): string {
      return checked ? "☑ " : "☐ ";
    },
  },
  tokenizer: {
    space: hurry, // the first that is asked about each block
    escape: hurry, // and about each part of a line
    url: (text) => (ENDLESS.test(text) ? undefined : false),
    table: (text) => (cells(text) > CELLS ? undefined : false),
  },
});

/** What Markdown says, as HTML that nobody may show before it has been cleaned. */
export function html(text: string): string {
  if (NESTED.test(text) || BLANKS.test(text)) return written(text);
  deadline = performance.now() + PATIENCE;
  try {
    const tokens = marked.lexer(text);
    return depth(tokens) > DEEP ? written(text) : marked.parser(tokens);
  } catch (error) {
    if (error instanceof Late) return written(text);
    throw error;
  }
}

/**
 * What Markdown says, as elements that do nothing and fetch nothing. Pictures have lost their address: it stands in
 * `data-picture`, for whoever may show it.
 */
export function render(text: string): DocumentFragment {
  return DOMPurify.sanitize(html(text), CLEAN) as unknown as DocumentFragment;
}

if (DOMPurify.isSupported)
  DOMPurify.addHook("afterSanitizeAttributes", (node) => {
    if (node.tagName === "A") link(node);
    else if (node.tagName === "IMG") picture(node);
    else if (RUNS.has(node.tagName)) node.setAttribute("dir", "auto");
  });

/** An address that leads nowhere good is taken away, and the words stay. */
function link(node: Element): void {
  const href = safe(node.getAttribute("href"));
  if (!href) {
    node.removeAttribute("href");
    return;
  }
  node.setAttribute("href", href);
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer nofollow");
  node.setAttribute("title", host(href));
}

function picture(node: Element): void {
  const address = safe(node.getAttribute("src"));
  const alt = node.getAttribute("alt") ?? "";
  node.removeAttribute("src"); // before anything could fetch it
  node.removeAttribute("srcset");
  if (address?.startsWith("http")) {
    node.setAttribute("data-picture", address);
    node.setAttribute("data-alt", alt);
  }
}

function depth(tokens: readonly Token[], level = 0): number {
  if (level > DEEP) return level;
  let most = level;
  for (const token of tokens) {
    const inner = "items" in token ? (token as Tokens.List).items : (token as Tokens.Generic).tokens;
    if (inner) most = Math.max(most, depth(inner, level + 1));
  }
  return most;
}

function written(text: string): string {
  return `<pre>${text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;")}</pre>`;
}
