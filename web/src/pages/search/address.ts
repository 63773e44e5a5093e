/** The address of a search, with a message of it open or none. The query stands in it as it is written. */
export function addressOf(query: string, message?: string): string {
  const place = message ? `/search/m/${message}` : "/search";
  return query ? `${place}?q=${encodeURIComponent(query).replaceAll("%3A", ":")}` : place;
}

/** The query of such an address. A plus is one: `priority:high+`. */
export function queryFrom(querystring: string | undefined): string {
  const value = /(?:^|&)q=([^&]*)/.exec(querystring ?? "")?.[1] ?? "";
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
