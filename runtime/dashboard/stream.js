// What the page asks of the server, with the token that it was given, if any.
let token = sessionStorage.getItem("token");

export const know = (secret) => {
  token = secret;
  sessionStorage.setItem("token", secret);
};

export class Unknown extends Error {} // the server asks who asks

const ask = async (path, signal) => {
  const response = await fetch(path, { signal, headers: token ? { Authorization: `Bearer ${token}` } : {} });
  if (response.status === 401) throw new Unknown();
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).detail ?? `status ${response.status}`);
  return response;
};

export const get = async (path) => (await ask(path)).json();

// follow calls on.open, and then on.NAME for each server-sent event of a path,
// until it is ended or the server ends it. (An EventSource cannot send a token.)
export const follow = async (path, signal, on) => {
  const reader = (await ask(path, signal)).body.pipeThrough(new TextDecoderStream()).getReader();
  on.open();
  for (let text = ""; ;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (text + value).split("\n\n");
    text = events.pop();
    for (const e of events) {
      const [, name, data] = e.match(/^event: (.*)\ndata: (.*)$/) ?? [];
      if (name) on[name]?.(JSON.parse(data));
    }
  }
};
