import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import type { Application, Message, User } from "~/api/client.ts";
import type { Counts } from "./tally.ts";

const MOST = 300; // messages
const LARGEST = 2_000_000; // characters of them

/** What this browser has seen last: for when the server cannot be asked. */
export interface Copy {
  user: User;
  applications: Application[];
  /** Newest first. */
  messages: Message[];
  counts: Counts;
}

interface Stored extends DBSchema {
  copy: { key: "last"; value: Copy };
}

/** Raises nothing: where a browser keeps nothing, there is nothing. */
export async function recall(): Promise<Copy | undefined> {
  return await inside(async (base) => await base.get("copy", "last"));
}

export async function keep(copy: Copy): Promise<void> {
  await inside(async (base) => await base.put("copy", { ...copy, messages: bounded(copy.messages) }, "last"));
}

/** Nobody is signed in any more. */
export async function forget(): Promise<void> {
  await inside(async (base) => await base.clear("copy"));
}

/** The newest of them. */
export function bounded(messages: Message[], most = MOST, largest = LARGEST): Message[] {
  let room = largest;
  const newest = messages.toSorted((a, b) => b.id - a.id).slice(0, most);
  const end = newest.findIndex((message) => (room -= JSON.stringify(message).length) < 0);
  return end < 0 ? newest : newest.slice(0, end);
}

async function inside<T>(act: (base: IDBPDatabase<Stored>) => Promise<T>): Promise<T | undefined> {
  try {
    const base = await openDB<Stored>("carillon", 1, { upgrade: (made) => void made.createObjectStore("copy") });
    try {
      return await act(base);
    } finally {
      base.close();
    }
  } catch (error) {
    if (error instanceof DOMException || error instanceof TypeError || error instanceof ReferenceError)
      return undefined;
    throw error;
  }
}
