/** The filters for a span of time. Midnights are written as days, of which the server knows whose they are. */
export function spanOf(from: Date, until: Date): string {
  const filters = [`since:${timeOf(from)}`];
  if (until.getTime() < Date.now()) filters.push(`before:${timeOf(until)}`);
  return filters.join(" ");
}

function timeOf(time: Date): string {
  const two = (number: number): string => String(number).padStart(2, "0");
  if (time.getHours() || time.getMinutes()) return time.toISOString().slice(0, 16) + "Z";
  return `${String(time.getFullYear()).padStart(4, "0")}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}
