/** What stands for a name where there is no room for it: its first character that one can see. */
export function initial(name: string): string {
  return (/[^\p{C}\p{Z}]/u.exec(name)?.[0] ?? "?").toUpperCase();
}
