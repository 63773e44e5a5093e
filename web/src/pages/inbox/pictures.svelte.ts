import { address, answer, api, type Message } from "~/api/client.ts";
import { Remembered } from "~/state/remembered.svelte.ts";
import { safe } from "./links.ts";

const KEPT = 300; // addresses
const IMAGE = /!\[[^[\]\n]{0,200}\]\((https?:\/\/[^()\s]{1,2000})(?:\s"[^"\n]{0,200}")?\)/;

/** For which applications remote pictures are shown without being asked for, and where the server has them. */
class Pictures {
  readonly #always = new Remembered<number[]>("pictures", []);
  #addresses = new Map<string, Promise<string>>();

  always(application: number): boolean {
    return this.#always.value.includes(application);
  }

  allow(application: number): void {
    if (!this.always(application)) this.#always.value = [...this.#always.value, application];
  }

  /** Where this server answers with a picture of a message. `anew`: what it said before holds no more. */
  at(message: Message, url: string, anew = false): Promise<string> {
    const name = `${message.id} ${url}`;
    const known = anew ? undefined : this.#addresses.get(name);
    if (known) return known;
    const asked = this.#ask(message.id, url);
    asked.catch(() => this.#addresses.delete(name));
    this.#addresses.set(name, asked);
    if (this.#addresses.size > KEPT) this.#addresses.delete(this.#addresses.keys().next().value as string);
    return asked;
  }

  async #ask(id: number, url: string): Promise<string> {
    const asked = { params: { path: { id } }, body: { url } };
    return address((await answer(api.POST("/api/1/inbox/{id}/pictures", asked))).address);
  }
}

export const pictures = new Pictures();

/** The picture that a message brings beside its text, as Gotify's clients name it. */
export function bigPicture(message: Message): string | undefined {
  const extras = message.extras as Record<string, unknown> | undefined;
  const told = extras?.["client::notification"] as Record<string, unknown> | null | undefined;
  const url = told?.["bigImageUrl"];
  const found = typeof url === "string" ? safe(url) : undefined;
  return found?.startsWith("http") ? (url as string) : undefined;
}

/** The picture that stands for a message in a list. */
export function pictureOf(message: Message): string | undefined {
  if (message.encrypted) return undefined;
  return (
    bigPicture(message) ?? (message.content_type === "text/markdown" ? IMAGE.exec(message.message)?.[1] : undefined)
  );
}
