import { answer, api, Refused } from "~/api/client.ts";

/** The device that is to come. `expires_after`: seconds without use, 0: never. */
export interface Wish {
  name: string;
  expires_after: number;
}

/** A code by which a phone becomes a device: from when it is made until somebody has come by it, or its time is over. */
export class Pairing {
  /** "open": nobody has come yet. */
  state = $state<"open" | "come" | "over">("open");
  /** What has come by it. */
  device = $state<number>();

  private constructor(
    readonly id: string,
    readonly code: string,
    /** What the device is called. */
    readonly name: string,
    /** When the code ends, by this browser's clock. */
    readonly until: Date,
  ) {}

  /** Raises Refused and Unreachable. */
  static async make(wish: Wish): Promise<Pairing> {
    const made = await answer(api.POST("/api/1/pairings", { body: wish }));
    return new Pairing(made.id, made.code, wish.name, new Date(Date.now() + made.seconds_left * 1000));
  }

  /** Finds out what has become of it. Raises Unreachable. */
  async ask(): Promise<void> {
    if (this.state === "come") return;
    try {
      const { device } = await answer(api.GET("/api/1/pairings/{public_id}", this.#path));
      if (device === null) return;
      this.device = device;
      this.state = "come";
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 404) throw error;
      this.state = "over"; // too old, or the server has begun anew
    }
  }

  /** Nobody comes by it any more. Raises Refused and Unreachable. */
  async withdraw(): Promise<void> {
    await api.DELETE("/api/1/pairings/{public_id}", this.#path);
  }

  get #path() {
    return { params: { path: { public_id: this.id } } };
  }
}
