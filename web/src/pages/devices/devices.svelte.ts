import { answer, api } from "~/api/client.ts";
import type { components } from "~/api/schema.d.ts";
import type { Wish } from "~/state/pairing.svelte.ts";
import { session } from "~/state/session.svelte.ts";

export type Device = components["schemas"]["Device"];
export type Session = components["schemas"]["Session"];
/** A device that has just been made: the only time that its secret is known. */
export interface Made {
  device: Device;
  secret: string;
}
/** How a device comes: a phone by a code, a program by a token. */
export type Way = "code" | "token";

/** All that may read the person's messages. What it does raises Refused, Unreachable and NotElevated. */
export class Devices {
  list = $state.raw<Device[]>([]);
  sessions = $state.raw<Session[]>([]);
  loaded = $state(false);

  async load(): Promise<void> {
    const [found, sessions] = await Promise.all([
      answer(api.GET("/api/1/devices")),
      answer(api.GET("/api/1/sessions")),
    ]);
    this.list = found.devices;
    this.sessions = sessions.sessions.toSorted((one, other) => Number(other.current) - Number(one.current));
    this.loaded = true;
  }

  async add(wish: Wish): Promise<Made> {
    const { token, ...device } = await answer(api.POST("/api/1/devices", { body: wish }));
    await this.load();
    return { device, secret: token };
  }

  async change(id: number, wish: Wish): Promise<void> {
    await api.PATCH("/api/1/devices/{id}", { params: { path: { id } }, body: wish });
    await this.load();
  }

  async revoke({ id }: Device): Promise<void> {
    await session.elevated(() => api.DELETE("/api/1/devices/{id}", { params: { path: { id } } }));
    await this.load();
  }

  /** Signs a browser out. */
  async end({ id }: Session): Promise<void> {
    await api.DELETE("/api/1/sessions/{id}", { params: { path: { id } } });
    await this.load();
  }
}
