import { api } from "./client.ts";

/** In English and German. */
export type Texts = { en: string; de: string };
export type Value = unknown;
export type Values = Record<string, Value>;

export interface FormField {
  name: string;
  type: "text" | "secret" | "address" | "number" | "switch" | "choice" | "list" | "lines" | "pairs" | "levels";
  label: Texts;
  help: Texts;
  placeholder: string;
  required: boolean;
  default: Value;
  choices: { value: string; label: Texts }[];
  when: { field: string; values: string[] } | null;
  advanced: boolean;
  minimum: number | null;
  maximum: number | null;
  min_length: number | null;
  max_length: number | null;
  pattern: string | null;
  /** Of a table by priority. */
  columns: FormField[];
}

export interface Channel {
  kind: string;
  title: Texts;
  about: Texts;
  icon: string;
  available: boolean;
  checks: boolean;
  fields: FormField[];
}

/** `days`: 0 is Monday. */
export interface Window {
  days: number[];
  start: string;
  end: string;
}
export interface Quiet {
  zone: string;
  windows: Window[];
  passes: number;
  policy: "hold" | "silent" | "drop";
}
export interface Rules {
  applications: number[] | null;
  without: number[];
  min_level: number;
  quiet: Quiet | null;
  fallback: number | null;
  quota: number;
  retry: "none" | "quick" | "normal" | "persistent";
  title_template: string;
  body_template: string;
}

export type Scope = "user" | "group" | "server";
export interface Service {
  id: number;
  name: string;
  kind: string;
  scope: Scope;
  user: string;
  group: string | null;
  enabled: boolean;
  manageable: boolean;
  rules: Rules;
  options: Values;
  readable: boolean;
  created: string;
  health: {
    cause: "" | "throttled" | "failing" | "broken";
    since: string | null;
    paused_until: string | null;
    failures: number;
    code: string;
    text: string;
    field: string;
  };
  counters: {
    sent: number;
    failed: number;
    retried: number;
    waiting: number;
    held: number;
    used: number;
    quota_left: number | null;
    p50_ms: number | null;
    p95_ms: number | null;
    last_sent: string | null;
    last_failed: string | null;
    last_code: string;
    last_text: string;
  };
  strip: { hour: string; sent: number; failed: number; retried: number }[];
  recipients: { address: string; confirmed: boolean; asked: string | null }[];
}

/** What the remote said to a check or a test. */
export interface Answer {
  ok: boolean;
  outcome: "sent" | "throttled" | "retry" | "refused" | "broken";
  code: string;
  status: number | null;
  text: string;
  field: string;
  took_ms: number;
  quota_left: number | null;
}

export type State = "due" | "leased" | "retry" | "held" | "sent" | "failed" | "expired" | "skipped" | "cancelled";
export const FAILED = "failed,expired"; // the dead letters, as the log is asked for them
export interface Try {
  number: number;
  started: string;
  took_ms: number;
  outcome: string;
  code: string;
  text: string;
  status: number | null;
}
export interface Delivery {
  id: number;
  message: { id: number; public_id: string | null; title: string | null };
  service: { id: number; name: string; kind: string };
  application: { id: number; name: string };
  level: number;
  created: string;
  state: State;
  due: string | null;
  settled: string | null;
  attempts: number;
  took_ms: number | null;
  code: string;
  text: string;
  status: number | null;
  acknowledged: string | null;
  acknowledged_by: string;
  duplicate: boolean;
  tries: Try[];
}

type Query = Record<string, string | number | undefined>;
type Call = (path: string, init: object) => Promise<{ data?: unknown }>;
const doors = api as unknown as Record<"GET" | "POST" | "PATCH" | "DELETE", Call>;

/** The doors of services and deliveries, below /api/1. Each raises Refused and Unreachable. */
async function call<T>(method: keyof typeof doors, path: string, more: { body?: unknown; query?: Query } = {}) {
  const { body, query } = more;
  return (await doors[method](`/api/1/${path}`, { body, params: { query } })).data as T;
}
export const get = <T>(path: string, query?: Query): Promise<T> => call<T>("GET", path, { query });
export const post = <T = void>(path: string, body?: unknown): Promise<T> => call<T>("POST", path, { body });
export const patch = <T>(path: string, body: unknown): Promise<T> => call<T>("PATCH", path, { body });
export const remove = (path: string): Promise<void> => call<void>("DELETE", path);
