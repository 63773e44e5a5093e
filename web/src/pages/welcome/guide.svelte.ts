import { answer, api, type Application, type Message } from "~/api/client.ts";
import { t } from "~/i18n/index.svelte.ts";
import { applications } from "~/state/applications.svelte.ts";

export const STEPS = ["ring", "phone", "here"] as const;
export type Step = (typeof STEPS)[number];

const KEPT = "carillon.guide"; // in this tab, so that a reload shows the same command
const RINGS = 5; // a priority that is heard
const BELIEVABLE = 5000; // ms between two clocks that are set right

/** The first message, step by step: an application that is there without a form, and what it rings. */
export class Guide {
  step = $state<Step>("ring");
  application = $state.raw<Application | null>(null);
  /** Empty: it is known no more, and another can be made. */
  token = $state("");
  /** The last that came, and how long it took; null: the clocks do not say. */
  message = $state.raw<Message | null>(null);
  took = $state<number | null>(null);
  #sent = 0;

  /** Raises Refused and Unreachable. */
  async begin(): Promise<void> {
    await applications.load();
    const kept = recall();
    const own = applications.list.filter(({ role }) => role === "owner");
    const known = own.find(({ id }) => id === kept?.id) ?? own[0];
    if (!known) return await this.#make();
    this.application = known;
    this.token = known.id === kept?.id ? kept.token : "";
  }

  async #make(): Promise<void> {
    const body = { name: t("welcome.firstApp"), token_name: t("welcome.firstToken"), default_priority: RINGS };
    const { token, ...application } = await answer(api.POST("/api/1/applications", { body }));
    applications.keep(application);
    this.application = application;
    this.#keep(token);
  }

  /** One more token for the command. Raises Refused and Unreachable. */
  async another(): Promise<void> {
    const path = { id: this.application?.id ?? 0 };
    const body = { name: t("welcome.firstToken") };
    this.#keep((await answer(api.POST("/api/1/applications/{id}/tokens", { params: { path }, body }))).secret);
  }

  /** Raises Refused and Unreachable. */
  async send(): Promise<void> {
    this.#sent = performance.now();
    const path = { id: this.application?.id ?? 0 };
    const body = { message: t("welcome.hello") };
    await api.POST("/api/1/applications/{id}/messages", { params: { path }, body });
  }

  hear(message: Message): void {
    if (message.application !== this.application?.id) return;
    const age = Date.now() - new Date(message.created).getTime();
    if (this.#sent) this.took = performance.now() - this.#sent;
    else this.took = age >= 0 && age < BELIEVABLE ? age : null;
    this.#sent = 0;
    this.message = message;
  }

  #keep(token: string): void {
    this.token = token;
    try {
      sessionStorage.setItem(KEPT, JSON.stringify({ id: this.application?.id, token }));
    } catch {
      // Where there is none, a reload makes another token.
    }
  }
}

function recall(): { id: number; token: string } | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "null") as { id: number; token: string } | null;
  } catch {
    return null;
  }
}
