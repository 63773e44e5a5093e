import { get, type Service } from "~/api/services.ts";

/** All services that the person sees. */
class Services {
  list = $state.raw<Service[]>([]);
  loaded = $state(false);
  /** How many do not work right now, though they are on. */
  readonly paused = $derived(this.list.filter(isPaused).length);

  get(id: number): Service | undefined {
    return this.list.find((service) => service.id === id);
  }

  /** Whether the person may do something about it. */
  manages(id: number): boolean {
    return this.get(id)?.manageable ?? false;
  }

  /** Raises Refused and Unreachable. */
  async load(): Promise<void> {
    this.list = (await get<{ services: Service[] }>("services")).services;
    this.loaded = true;
  }

  /** Nobody is signed in. */
  empty(): void {
    this.list = [];
    this.loaded = false;
  }

  /** Takes what the server has just said about one, which may be new. */
  keep(service: Service): void {
    const at = this.list.findIndex((other) => other.id === service.id);
    this.list = at < 0 ? [...this.list, service] : this.list.with(at, service);
  }

  forget(id: number): void {
    this.list = this.list.filter((other) => other.id !== id);
  }
}

/** Whether nothing is sent until its next try, or until somebody mends it. */
export function isPaused({ enabled, health }: Service): boolean {
  return enabled && (health.cause === "broken" || health.cause === "failing") && Boolean(health.since);
}

export const services = new Services();
