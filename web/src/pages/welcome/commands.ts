import { quotable } from "~/pages/applications/senders.ts";

export const COMMANDS = ["curl", "Python", "PowerShell"] as const;
export type Command = (typeof COMMANDS)[number];

/** One that sends a first message, ready to be pasted. */
export function command(name: Command, address: string, token: string, message: string): string {
  const place = `${quotable(address)}/message`;
  if (name === "curl") return `curl "${place}" \\\n  -H "X-Gotify-Key: ${token}" \\\n  -F "message=${message}"`;
  if (name === "PowerShell")
    return `Invoke-RestMethod "${place}" -Method Post \`\n  -Headers @{ "X-Gotify-Key" = "${token}" } \`\n  -Body @{ message = "${message}" }`;
  return `import urllib.parse, urllib.request

urllib.request.urlopen(urllib.request.Request(
    "${place}",
    urllib.parse.urlencode({"message": "${message}"}).encode(),
    {"X-Gotify-Key": "${token}"},
))`;
}
