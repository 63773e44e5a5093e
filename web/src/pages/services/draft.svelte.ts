import { Refused } from "~/api/client.ts";
import {
  patch,
  post,
  type Answer,
  type Channel,
  type Rules,
  type Scope,
  type Service,
  type Values,
} from "~/api/services.ts";
import { zone } from "~/format/times.svelte.ts";
import { t } from "~/i18n/index.svelte.ts";
import { attempt, reason } from "~/state/failures.ts";
import { services } from "~/state/services.svelte.ts";
import { session } from "~/state/session.svelte.ts";
import { asked, blank, wrong } from "./check.ts";
import { said } from "./kinds.svelte.ts";

/** What the remote said, and to what. */
export interface Said {
  at: Date;
  to: "check" | "test";
  answer: Answer;
}

const SHOWN = 4; // answers that stay in sight

export const RULES: Rules = {
  applications: null,
  without: [],
  min_level: 0,
  quiet: null,
  fallback: null,
  quota: 0,
  retry: "normal",
  title_template: "",
  body_template: "",
};

/** A service while it is filled in. Errors stand by the name of their field: "name", "options.token". */
export class Draft {
  name = $state("");
  scope = $state<Scope>("user");
  group = $state<string | null>(null);
  rules = $state<Rules>(structuredClone(RULES));
  options = $state<Values>({});
  errors = $state<Record<string, string>>({});
  said = $state.raw<Said[]>([]);
  busy = $state(false);
  saved = $state.raw<Service | null>(null);

  constructor(
    readonly channel: Channel,
    service: Service | null,
    name: string,
  ) {
    this.saved = service;
    this.name = service?.name ?? name;
    this.scope = service?.scope ?? "user";
    this.group = service?.group ?? null;
    this.rules = structuredClone({ ...RULES, ...service?.rules });
    this.options = Object.fromEntries(
      channel.fields.map((field) => [field.name, structuredClone(service?.options[field.name]) ?? blank(field)]),
    );
  }

  /** Says what is wrong with an option, if it can be seen from here. */
  look(name: string): void {
    const field = this.channel.fields.find((field) => field.name === name);
    if (!field) return;
    const found = wrong(field, this.options[name]);
    const label = said(field.label);
    const help = said(field.help) || field.placeholder;
    this.#put(`options.${name}`, found ? t(`services.${found.says}`, { label, help, ...found }) : "");
  }

  /** Makes it, or changes it. Returns whether that was done. */
  async save(): Promise<boolean> {
    const { name, scope, group, rules, saved } = this;
    const options = this.#filled();
    return await this.#try(async () => {
      const body = { name: name.trim(), rules: $state.snapshot(rules), options };
      const act = (): Promise<Service> =>
        saved
          ? patch<Service>(`services/${saved.id}`, body)
          : post<Service>("services", { ...body, kind: this.channel.kind, scope, group });
      this.saved = await session.elevated(act);
      services.keep(this.saved);
    });
  }

  /** Asks the remote whether it would work, or sends a message there, with what is filled in now. */
  async ask(to: "check" | "test"): Promise<void> {
    await this.#try(async () => {
      const { title_template, body_template } = this.rules;
      const answer = await post<Answer>(`services/${to}`, {
        kind: this.channel.kind,
        options: this.#filled(),
        service: this.saved?.id ?? null,
        ...(to === "test" ? { rules: { title_template, body_template } } : {}),
      });
      this.said = [{ at: new Date(), to, answer }, ...this.said].slice(0, SHOWN);
      if (answer.field) this.#put(`options.${answer.field}`, answer.text);
    });
  }

  quietly(on: boolean): void {
    const window = { days: [0, 1, 2, 3, 4, 5, 6], start: "22:30", end: "07:00" };
    this.rules.quiet = on ? { zone: zone(), windows: [window], passes: 10, policy: "hold" } : null;
  }

  /** What is not asked for is not sent, so that it cannot be wrong. */
  #filled(): Values {
    const { fields } = this.channel;
    const all = $state.snapshot(this.options) as Values;
    return Object.fromEntries(fields.flatMap((field) => (asked(field, all) ? [[field.name, all[field.name]]] : [])));
  }

  async #try(act: () => Promise<void>): Promise<boolean> {
    this.errors = {};
    this.busy = true;
    try {
      let passed = true;
      const done = await attempt(async () => {
        try {
          await act();
        } catch (error) {
          if (!(error instanceof Refused) || !error.field) throw error;
          this.#put(error.field, reason(error));
          passed = false;
        }
      });
      return done && passed;
    } finally {
      this.busy = false;
    }
  }

  #put(name: string, text: string): void {
    const { [name]: _, ...others } = this.errors;
    this.errors = text ? { ...others, [name]: text } : others;
  }
}
