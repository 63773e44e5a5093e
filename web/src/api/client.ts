import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema.d.ts";

type Schemas = components["schemas"];
export type Message = Schemas["InboxMessage"];
export type Application = Schemas["Application"];
export type User = Schemas["User"];
export type EntryChange = Schemas["EntryChange"];
export type Cleared = Schemas["Cleared"];
export type Facets = Schemas["Facets"];
export type Statistics = Schemas["Statistics"];

/** Where the server's root is, whatever path a proxy has put before it. */
export const root = new URL(".", document.baseURI);

/** The address of something below the server's root. */
export function address(path: string): string {
  return new URL(path.replace(/^\//, ""), root).href;
}

/** What the server said against a request, in its own words. `field` names the one at fault, if it is one. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field?: string,
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

/** The server could not be reached. Nothing is known about what became of the request. */
export class Unreachable extends Error {}

/** What a proxy answers for a server that is away. */
const AWAY = [502, 503, 504];

type Watch = (refusal: Refused) => void;
const watchers = new Set<Watch>();

/** Tells of every refusal, so that a session that has ended is noticed wherever it shows. */
export function onRefusal(watch: Watch): () => void {
  watchers.add(watch);
  return () => watchers.delete(watch);
}

const refusals: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return;
    const refusal = await refused(response);
    if (!refusal.code && AWAY.includes(refusal.status)) throw new Unreachable(refusal.message);
    for (const watch of watchers) watch(refusal);
    throw refusal;
  },
  onError({ error }) {
    return error instanceof TypeError ? new Unreachable(error.message) : undefined;
  },
};

async function refused(response: Response): Promise<Refused> {
  const problem = await response.json().then(
    (body) => body?.error,
    () => null,
  );
  const retryAfter = Number(response.headers.get("Retry-After")) || undefined;
  return new Refused(
    response.status,
    problem?.code ?? "",
    problem?.message ?? `${response.status} ${response.statusText}`,
    problem?.field,
    retryAfter,
  );
}

export const api = createClient<paths>({ baseUrl: root.href.replace(/\/$/, ""), credentials: "same-origin" });
api.use(refusals);

/** The answer itself, of a call of `api`. Raises Refused and Unreachable. */
export async function answer<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}
