import DOMPurify, { type Config } from "dompurify";
import { Marked, type Token, type Tokens } from "marked";
import { host, safe } from "./links.ts";

// What would take the parser long, or longer than its stack, is shown as it was written.
const DEEP = 20; // levels of quotes and lists
const STARS = 4000; // runs of * and _, for whose ends it looks again and again
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
});

/** What Markdown says, as HTML that nobody may show before it has been cleaned. */
export function html(text: string): string {
  const stars = text.match(/[*_]+/g)?.length ?? 0;
  if (stars > STARS || NESTED.test(text)) return written(text);
  const tokens = marked.lexer(text);
  return depth(tokens) > DEEP ? written(text) : marked.parser(tokens);
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
