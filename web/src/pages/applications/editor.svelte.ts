import { answer, api, Refused, type Application } from "~/api/client.ts";
import { t } from "~/i18n/index.svelte.ts";
import { applications } from "~/state/applications.svelte.ts";
import { attempt, reason } from "~/state/failures.ts";
import { faults, fieldOf, type Draft } from "./check.ts";
import type { Fresh } from "./fresh.ts";

/** What a form holds while an application is made or changed, and what becomes of it. */
export class Editor {
  draft = $state<Draft>({
    name: "",
    description: "",
    type: "",
    url: "",
    default_priority: 5,
    content_type: "auto",
  });
  /** Of a new one's first token. */
  tokenName = $state("");
  /** A new picture; null: none any more; undefined: as it is. */
  picture = $state.raw<Blob | null | undefined>();
  busy = $state(false);
  /** Fields that have been left once: only these are said to be wrong. */
  #left = $state<Partial<Record<keyof Draft, boolean>>>({});
  #refused = $state.raw<{ field: keyof Draft; was: unknown; message: string } | null>(null);
  readonly #wrong = $derived(faults(this.draft));

  /** Without an application a new one is made. `keep` takes its token. */
  constructor(
    readonly application: Application | undefined,
    readonly keep: (id: number, token: Fresh) => void,
  ) {
    if (!application) return;
    const { name, description, type, url, default_priority, content_type } = application;
    this.draft = { name, description, type, url, default_priority, content_type };
  }

  /** What is to be said about a field: the server's words, until it is changed, or ours. */
  error(field: keyof Draft): string | undefined {
    if (this.#refused?.field === field && this.#refused.was === this.draft[field]) return this.#refused.message;
    const key = this.#left[field] ? this.#wrong[field] : undefined;
    return key && t(key);
  }

  left(field: keyof Draft): void {
    this.#left[field] = true;
  }

  /** Returns the id of the application, or null: something is wrong, and said. */
  async store(): Promise<number | null> {
    for (const field of Object.keys(this.draft) as (keyof Draft)[]) this.left(field);
    if (Object.keys(this.#wrong).length) return null;
    this.busy = true;
    try {
      const id = await this.#store({ ...this.draft, name: this.draft.name.trim() });
      await attempt(() => this.#storePicture(id));
      return id;
    } catch (failure) {
      const field = failure instanceof Refused ? fieldOf(failure) : undefined;
      if (field) this.#refused = { field, was: this.draft[field], message: reason(failure) };
      else await attempt(() => Promise.reject(failure));
      return null;
    } finally {
      this.busy = false;
    }
  }

  async #store(body: Draft): Promise<number> {
    if (this.application) {
      const params = { path: { id: this.application.id } };
      applications.keep(await answer(api.PATCH("/api/1/applications/{id}", { params, body })));
      return this.application.id;
    }
    const token_name = this.tokenName.trim();
    const { token, ...added } = await answer(api.POST("/api/1/applications", { body: { ...body, token_name } }));
    this.keep(added.id, { id: null, name: token_name, secret: token });
    applications.keep(added);
    return added.id;
  }

  async #storePicture(id: number): Promise<void> {
    const params = { path: { id } };
    const { picture } = this;
    if (picture === undefined) return;
    if (picture === null) {
      applications.keep(await answer(api.DELETE("/api/1/applications/{id}/image", { params })));
      return;
    }
    // The description of the API says that the body is bytes, which its types have no word for.
    const body = picture as never;
    const headers = { "Content-Type": picture.type };
    const bodySerializer = (): Blob => picture;
    applications.keep(
      await answer(api.PUT("/api/1/applications/{id}/image", { params, headers, body, bodySerializer })),
    );
  }
}
