import { answer, api, type Application } from "~/api/client.ts";

/** The person's applications, in his order. */
class Applications {
  list = $state.raw<Application[]>([]);
  /** Whether the list is known: an empty one may be one that has not come yet. */
  loaded = $state(false);
  readonly #byId = $derived(new Map(this.list.map((application) => [application.id, application])));

  get(id: number): Application | undefined {
    return this.#byId.get(id);
  }

  /** Raises Refused and Unreachable. */
  async load(): Promise<void> {
    this.list = (await answer(api.GET("/api/1/applications"))).applications;
    this.loaded = true;
  }

  /** Nobody is signed in. */
  empty(): void {
    this.list = [];
    this.loaded = false;
  }

  /** Takes what the server has just said about one, which may be new: at its place, or last. */
  keep(application: Application): void {
    const at = this.list.findIndex((other) => other.id === application.id);
    this.list = at < 0 ? [...this.list, application] : this.list.with(at, application);
  }

  forget(id: number): void {
    this.list = this.list.filter((other) => other.id !== id);
  }

  /** In this order from now on; raises Refused and Unreachable, and is then as it was. */
  async arrange(ids: number[]): Promise<void> {
    const before = this.list;
    const places = new Map(ids.map((id, place) => [id, place]));
    const place = (one: Application): number => places.get(one.id) ?? ids.length;
    this.list = this.list.toSorted((one, other) => place(one) - place(other));
    try {
      await answer(api.POST("/api/1/applications/order", { body: { ids } }));
    } catch (error) {
      this.list = before;
      throw error;
    }
  }
}

export const applications = new Applications();
