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
type Problem = Schemas["Problem"];

/** Where the server's root is, whatever path a proxy has put before it. */
export const root = new URL(".", document.baseURI);

/** The address of something below the server's root. */
export function address(path: string): string {
  return new URL(path.replace(/^\//, ""), root).href;
}

/** What the server said against a request: `problem.message` are its own words, `problem.field` names the one at
 * fault, if it is one. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;

  constructor(
    readonly problem: Problem,
    readonly retryAfter?: number,
  ) {
    super(problem.message);
    ({ status: this.status, code: this.code, field: this.field } = problem);
  }

  /** What the words are about, in the server's name for it: mostly the field, where they name one. */
  get about(): string | undefined {
    return this.field ?? this.problem.values?.field?.toString();
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
  const { status, statusText, headers } = response;
  const problem = await response.json().then(
    (body) => body?.error as Partial<Problem> | undefined,
    () => undefined,
  );
  const retryAfter = Number(headers.get("Retry-After")) || undefined;
  return new Refused({ code: "", message: `${status} ${statusText}`, ...problem, status }, retryAfter);
}

export const api = createClient<paths>({ baseUrl: root.href.replace(/\/$/, ""), credentials: "same-origin" });
api.use(refusals);

/** The answer itself, of a call of `api`. Raises Refused and Unreachable. */
export async function answer<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}
