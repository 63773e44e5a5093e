import { answer, api, type Application } from "~/api/client.ts";

/** The person's applications, in his order. */
class Applications {
  list = $state.raw<Application[]>([]);
  readonly #byId = $derived(new Map(this.list.map((application) => [application.id, application])));

  get(id: number): Application | undefined {
    return this.#byId.get(id);
  }

  /** Raises Refused and Unreachable. */
  async load(): Promise<void> {
    this.list = (await answer(api.GET("/api/1/applications"))).applications;
  }
}

export const applications = new Applications();
