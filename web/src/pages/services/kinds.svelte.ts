import { get, type Channel, type Texts } from "~/api/services.ts";
import { spoken } from "~/i18n/index.svelte.ts";

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
