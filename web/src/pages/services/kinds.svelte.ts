import { get, type Channel, type Texts } from "~/api/services.ts";
import { spoken } from "~/i18n/index.svelte.ts";

/** Our own glyphs, each with the hue of its tile. */
const GLYPHS: Record<string, number> = {
  "k-push": 225,
  "k-mail": 85,
  "k-gotify": 145,
  "k-ntfy": 190,
  "k-bullet": 340,
  "k-hook": 275,
  "k-apprise": 305,
};

/** The kinds of services that the server knows. */
class Kinds {
  list = $state.raw<Channel[]>([]);
  loaded = $state(false);

  get(kind: string): Channel | undefined {
    return this.list.find((channel) => channel.kind === kind);
  }

  /** Once a page; raises Refused and Unreachable. */
  async load(): Promise<void> {
    if (this.loaded) return;
    this.list = (await get<{ channels: Channel[] }>("channels")).channels;
    this.loaded = true;
  }

  /** The glyph of a kind; undefined for one that brings a name that is none of ours, or that nobody knows any more. */
  glyph(kind: string): { icon: string; hue: number } | undefined {
    const icon = this.get(kind)?.icon ?? "";
    const hue = GLYPHS[icon];
    return hue === undefined ? undefined : { icon, hue };
  }

  /** What people call a kind. */
  title(kind: string): string {
    const channel = this.get(kind);
    return channel ? said(channel.title) : kind;
  }
}

/** A text of the server's in the language of the app. */
export function said(texts: Texts): string {
  return texts[spoken()] || texts.en;
}

export const kinds = new Kinds();
