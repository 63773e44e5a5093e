import { answer, api, onRefusal, Refused, Unreachable, type User } from "~/api/client.ts";
import { NotElevated, quietly, reason } from "./failures.ts";

type About = { name: string; version: string; registration: boolean; base_url: string; first_run: boolean };

/** Who uses the app. `user` undefined: not known yet; null: nobody has signed in. */
class Session {
  user = $state.raw<User | null | undefined>();
  about = $state.raw<About | null>(null);
  /** Set while an act waits for the password: what the dialog answers with, and what was wrong with the last one. */
  asking = $state.raw<{ answer: (password: string | null) => void; wrong: string } | null>(null);
  /** The published password, just shown, which the person is to change. */
  #shown = "";
  #leaving = new Set<() => Promise<unknown>>();
  readonly #tabs = new BroadcastChannel("carillon.session");

  constructor() {
    onRefusal((refusal) => {
      if (refusal.status === 401 && this.user) this.#end();
    });
    this.#tabs.onmessage = () => void quietly(() => this.find());
  }

  /** Finds out who is signed in. Raises Unreachable. */
  async find(): Promise<void> {
    this.about = await answer(api.GET("/api/1/server/about"));
    try {
      this.user = await answer(api.GET("/api/1/user"));
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 401) throw error;
      this.#end();
    }
  }

  /** Raises Refused (401 wrong name or password, 429 too many tries) and Unreachable. */
  async signIn(name: string, password: string): Promise<void> {
    const user = await answer(api.POST("/api/1/session", { body: { name, password, device: browserName() } }));
    this.#shown = user.initial_password ? password : "";
    this.enter(user);
  }

  /** This browser is somebody's from now on, in all its tabs; it may have been somebody else's. */
  enter(user: User): void {
    this.user = user;
    this.#forget();
    this.#tabs.postMessage("entered");
  }

  /** Calls back before the person signs out, while the server still listens to him. Returns what ends it. */
  onLeave(call: () => Promise<unknown>): () => void {
    this.#leaving.add(call);
    return () => this.#leaving.delete(call);
  }

  /** Makes an account and signs in. Raises Refused (409: the name is taken) and Unreachable. */
  async register(name: string, password: string): Promise<void> {
    await api.POST("/api/1/registrations", { body: { name, password } });
    await this.signIn(name, password);
  }

  /** Whether the password until now has to be asked for. */
  get knowsPassword(): boolean {
    return this.#shown !== "";
  }

  /** Changes the published password. `current`: if it is not known. Raises Refused and Unreachable. */
  async choosePassword(wanted: string, current = this.#shown): Promise<void> {
    await api.PUT("/api/1/user/password", { body: { current, new: wanted } });
    this.#shown = "";
    this.user = await answer(api.GET("/api/1/user"));
  }

  async signOut(): Promise<void> {
    await Promise.all([...this.#leaving].map((call) => call()));
    await api.DELETE("/api/1/session");
    this.#end();
    this.#tabs.postMessage("left");
  }

  /** Nobody is signed in, and this browser remembers no message of whoever was. */
  #end(): void {
    this.user = null;
    this.#forget();
  }

  #forget(): void {
    void import("./offline.ts").then(({ forget }) => forget());
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
    await this.#elevate();
    return await act();
  }

  async #elevate(): Promise<void> {
    for (let wrong = ""; ;) {
      const password = await new Promise<string | null>((answer) => (this.asking = { answer, wrong }));
      if (password === null) break;
      try {
        this.user = await answer(api.POST("/api/1/session/elevate", { body: { password } }));
        this.asking = null;
        return;
      } catch (error) {
        if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
        wrong = reason(error);
      }
    }
    this.asking = null;
    throw new NotElevated();
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
