import { answer, api, onRefusal, Refused, type User } from "~/api/client.ts";
import { NotElevated } from "./failures.ts";

type About = { name: string; version: string; registration: boolean; base_url: string; first_run: boolean };

/** Who uses the app. `user` undefined: not known yet; null: nobody has signed in. */
class Session {
  user = $state.raw<User | null | undefined>();
  about = $state.raw<About | null>(null);
  /** Set while an act waits for the password: what the dialog answers with. */
  asking = $state.raw<((password: string | null) => void) | null>(null);

  constructor() {
    onRefusal((refusal) => {
      if (refusal.status === 401 && this.user) this.user = null;
    });
  }

  /** Finds out who is signed in. Raises Unreachable. */
  async find(): Promise<void> {
    this.about = await answer(api.GET("/api/1/server/about"));
    try {
      this.user = await answer(api.GET("/api/1/user"));
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 401) throw error;
      this.user = null;
    }
  }

  /** Raises Refused (401 wrong name or password, 429 too many tries) and Unreachable. */
  async signIn(name: string, password: string): Promise<void> {
    this.user = await answer(api.POST("/api/1/session", { body: { name, password, device: browserName() } }));
  }

  async signOut(): Promise<void> {
    await api.DELETE("/api/1/session");
    this.user = null;
  }

  /** Runs an act that may take the password once more: asks for it then, and runs the act again.
   *
   * Raises NotElevated when the person gives none, and what the act raises.
   */
  async elevated<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== "elevation_needed") throw error;
    }
    if (!(await this.#askPassword())) throw new NotElevated();
    return await act();
  }

  async #askPassword(): Promise<boolean> {
    const password = await new Promise<string | null>((resolve) => (this.asking = resolve));
    this.asking = null;
    if (password === null) return false;
    this.user = await answer(api.POST("/api/1/session/elevate", { body: { password } }));
    return true;
  }
}

/** Such as "Firefox on Linux": what lists of sessions call this browser. */
function browserName(): string {
  const agent = navigator.userAgent;
  const browser = ["Edg", "OPR", "Firefox", "Chrome", "Safari"].find((name) => agent.includes(name + "/")) ?? "Browser";
  const system = ["Android", "iPhone", "iPad", "Windows", "Mac OS", "CrOS", "Linux"].find((name) =>
    agent.includes(name),
  );
  const known: Record<string, string> = { Edg: "Edge", OPR: "Opera", CrOS: "ChromeOS", "Mac OS": "macOS" };
  return [browser, system].flatMap((name) => (name ? [known[name] ?? name] : [])).join(" on ");
}

export const session = new Session();
