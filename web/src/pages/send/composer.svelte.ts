import { replace, router } from "svelte-spa-router";
import { answer, api, Refused, type Message } from "~/api/client.ts";
import { t } from "~/i18n/index.svelte.ts";
import { applications } from "~/state/applications.svelte.ts";
import { reason } from "~/state/failures.ts";
import type { Mailbox } from "~/state/mailbox.svelte.ts";
import { Remembered } from "~/state/remembered.svelte.ts";
import { toasts } from "~/state/toasts.svelte.ts";
import { asked, blank, draftOf, EMPTY, previewOf, type Draft } from "./draft.ts";

/** Fields that an error can stand at, as the server calls them. */
const NAMED = ["message", "title", "url", "url_title", "tags", "key", "ttl"];
/** What the server calls parts of a draft. */
const FIELDS: Record<string, string> = { text: "message", urlTitle: "url_title", unit: "ttl" };

/** The message that is being written. This browser keeps it until it is sent. */
export class Composer {
  /** By the field at fault; "": of no field. */
  errors = $state.raw<Record<string, string>>({});
  busy = $state(false);
  #kept: Remembered<Draft>;

  constructor(userId: number) {
    this.#kept = new Remembered<Draft>(`draft.${userId}`, EMPTY);
  }

  get draft(): Draft {
    return { ...EMPTY, ...this.#kept.value };
  }

  /** Applications that this person may send to. */
  readonly open = $derived(applications.list.filter(({ role }) => role !== "receiver"));
  /** The one that was sent to last, else the first. */
  readonly chosen = $derived(this.open.find(({ id }) => id === this.draft.application) ?? this.open[0]);
  readonly preview: Message = $derived(previewOf({ ...this.draft, application: this.chosen?.id ?? null }, this.chosen));

  /** Takes what was written; what was wrong with it may be right now. */
  change(part: Partial<Draft>): void {
    this.#kept.value = { ...this.draft, ...part };
    const touched = ["", ...Object.keys(part).map((name) => FIELDS[name] ?? name)];
    this.errors = Object.fromEntries(Object.entries(this.errors).filter(([name]) => !touched.includes(name)));
  }

  /** Returns whether it was sent. */
  async send(): Promise<boolean> {
    if (this.busy) return false;
    this.errors = this.#wrong();
    const application = this.chosen;
    if (!application || Object.keys(this.errors).length) return false;
    this.busy = true;
    try {
      const params = { path: { id: application.id } };
      const body = asked(this.draft, application);
      const sent = await answer(api.POST("/api/1/applications/{id}/messages", { params, body }));
      this.#kept.value = { ...EMPTY, application: application.id };
      const open = { label: t("send.open"), run: () => (location.hash = `/m/${sent.public_id}`) };
      toasts.say(t("send.sent", { application: application.name }), open);
      return true;
    } catch (error) {
      this.errors = { [fieldOf(error)]: reason(error) };
      return false;
    } finally {
      this.busy = false;
    }
  }

  clear(): void {
    const before = this.draft;
    this.#kept.value = { ...EMPTY, application: before.application };
    this.errors = {};
    toasts.say(t("send.cleared"), { label: t("words.undo"), run: () => this.change(before) });
  }

  /** Fills it in from a message, or for an application, that the address names. Raises Refused and Unreachable. */
  async fill(mailbox: Mailbox): Promise<void> {
    const wished = new URLSearchParams(router.querystring);
    const [again, application] = [wished.get("again"), Number(wished.get("application"))];
    if (again) this.#fillFrom(await mailbox.find(again));
    if (application) this.change({ application });
    if (again || application) await replace("/send");
  }

  #fillFrom(message: Message): void {
    const { title } = message;
    if (message.encrypted) return toasts.complain(t("send.encrypted", { title }));
    const before = this.draft;
    this.change(draftOf(message));
    const undo = blank(before) ? undefined : { label: t("words.undo"), run: () => this.change(before) };
    toasts.say(t("send.again", { title }), undo);
  }

  #wrong(): Record<string, string> {
    const { text, ttl } = this.draft;
    return {
      ...(text.trim() ? {} : { message: t("send.needsText") }),
      ...(ttl && !/^[1-9]\d*$/.test(ttl) ? { ttl: t("send.needsNumber") } : {}),
    };
  }
}

/** The field that an error is about; "" for none. */
function fieldOf(error: unknown): string {
  return error instanceof Refused && error.about && NAMED.includes(error.about) ? error.about : "";
}
