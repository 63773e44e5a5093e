/** What a snippet is filled with. */
export interface Filled {
  /** The address of the server, without a slash at its end. */
  server: string;
  token: string;
  title: string;
  message: string;
}

export interface Sender {
  name: string;
  text: (filled: Filled) => string;
}

/** What stands for a token that is not known. */
export const PLACEHOLDER = "<token>";

/** An address that means the same inside the quotes of a shell, of Python, YAML and JSON. */
export function quotable(address: string): string {
  const code = (sign: string): string => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`;
  return address.replace(/\/+$/, "").replace(/["'`$\\!<>]/g, code);
}

const curl = ({ server, token, title, message }: Filled): string => `curl -fsS "${server}/message" \\
  -H "X-Gotify-Key: ${token}" \\
  -F "title=${title}" \\
  -F "message=${message}" \\
  -F "priority=5"
`;

const python = ({ server, token, title, message }: Filled): string => `import requests

requests.post(
    "${server}/message",
    headers={"X-Gotify-Key": "${token}"},
    data={"title": "${title}", "message": "${message}", "priority": 5},
    timeout=10,
).raise_for_status()
`;

const bash = ({ server, token, title, message }: Filled): string => `notify() {
    curl -fsS "${server}/message" -H "X-Gotify-Key: ${token}" \\
        --form-string "title=$1" --form-string "message=$2" -F "priority=\${3:-5}"
}

notify "${title}" "${message}"
`;

const homeAssistant = ({ server, token }: Filled): string => `notify:
  - platform: rest
    name: carillon
    resource: "${server}/message"
    method: POST
    headers:
      X-Gotify-Key: "${token}"
    message_param_name: message
    title_param_name: title
`;

const alertmanager = ({ server, token }: Filled): string => `receivers:
  - name: carillon
    webhook_configs:
      - url: "${server}/message?token=${token}"
`;

/** A flow to import: what starts it, and what sends. */
function nodeRed({ server, token, title, message }: Filled): string {
  const key = { keyType: "other", keyValue: "X-Gotify-Key", valueType: "other", valueValue: token };
  const start = {
    id: "carillon-start",
    type: "inject",
    z: "carillon-flow",
    props: [{ p: "payload" }],
    payload: JSON.stringify({ title, message, priority: 5 }),
    payloadType: "json",
    wires: [["carillon-post"]],
  };
  const post = {
    id: "carillon-post",
    type: "http request",
    z: "carillon-flow",
    method: "POST",
    ret: "obj",
    url: `${server}/message`,
    headers: [key],
    wires: [[]],
  };
  return JSON.stringify([start, post], null, 2) + "\n";
}

/** The token is a masked variable of the project: nobody commits it. */
const gitlab = ({ server }: Filled): string => `notify:
  stage: .post
  when: on_failure
  variables:
    CARILLON: "${server}"
  script:
    - 'curl -fsS "$CARILLON/message" -H "X-Gotify-Key: $CARILLON_TOKEN" --form-string "title=$CI_PROJECT_NAME" --form-string "message=Pipeline $CI_PIPELINE_ID on $CI_COMMIT_REF_NAME has failed"'
`;

export const SENDERS = {
  curl: { name: "curl", text: curl },
  python: { name: "Python", text: python },
  bash: { name: "bash", text: bash },
  homeAssistant: { name: "Home Assistant", text: homeAssistant },
  alertmanager: { name: "Alertmanager", text: alertmanager },
  nodeRed: { name: "Node-RED", text: nodeRed },
  gitlab: { name: "GitLab CI", text: gitlab },
} satisfies Record<string, Sender>;

export type SenderId = keyof typeof SENDERS;

export interface Piece {
  text: string;
  kind: "" | "server" | "token";
}

/** The text in pieces, so that what was filled in can be tinted. Joined they are the text. */
export function pieces(text: string, { server, token }: Pick<Filled, "server" | "token">): Piece[] {
  const found: Piece[] = [];
  let rest = text;
  while (rest) {
    const next = [
      { text: server, kind: "server" as const, at: rest.indexOf(server) },
      { text: token, kind: "token" as const, at: rest.indexOf(token) },
    ].filter(({ text, at }) => text && at >= 0);
    const first = next.sort((one, other) => one.at - other.at)[0];
    if (!first) break;
    if (first.at) found.push({ text: rest.slice(0, first.at), kind: "" });
    found.push({ text: first.text, kind: first.kind });
    rest = rest.slice(first.at + first.text.length);
  }
  return rest ? [...found, { text: rest, kind: "" }] : found;
}
