// What the label page asks of the server. Small posts outlive the page that sent them.

const PATIENCE_MS = 15_000;

// Whoever shows the labels hears which set of them the server has now.
function tellLabels(reply) {
  const detail = reply?.labels_version;
  if (detail) globalThis.dispatchEvent?.(new CustomEvent("desk:labels", { detail }));
}

// Where an entry goes, and what is sent: an answer, an undo, a page of the grid, its undo.
export function routeOf({ kind, uuid, body }, answers) {
  const grid = answers.replace(/annotations$/, "grid");
  if (kind === "undo") return [`${answers}/${body.undo}/undo`, { uuid }];
  if (kind === "grid") return [`${grid}/confirm`, body];
  if (kind === "grid-undo") return [`${grid}/${body.batch}/undo`, {}];
  return [answers, body];
}

// The question with the addresses of this site; the API gives ones that a token may open, too.
export function locally(question, images) {
  const at = (size) => images.replace("/0/thumb", `/${question.image}/${size}`);
  return { ...question, urls: { thumb: at("thumb"), screen: at("screen"), original: at("original") } };
}

export class Server {
  constructor({ claim, answers, poll, keep, release, csrf, user }) {
    Object.assign(this, { claim_url: claim, answers_url: answers, poll_url: poll, keep_url: keep, release_url: release, csrf, user });
    this.heard = 0; // when the server last answered
  }

  // The outbox's post: an answer or an undo.
  async post(entry) {
    return this.#sendAnew(...routeOf(entry, this.answers_url));
  }

  // Several answers in one post; the reply has one result for each.
  postMany(entries) {
    return this.#sendAnew(this.answers_url, entries.map((entry) => entry.body));
  }

  // The session may be new, and its token with it: ask for the token of whoever is signed in.
  async #sendAnew(url, body) {
    const reply = await this.#send(url, body);
    if (reply.status !== 403) return reply;
    return (await this.poll()) ? this.#send(url, body) : reply;
  }

  async claim(count) {
    const reply = await this.#sendAnew(this.claim_url, { count });
    this.signedOut = reply.status === 401 || reply.status === 403;
    tellLabels(reply.body);
    return reply.status === 200 ? reply.body : null;
  }

  async release(items) {
    await this.#send(this.release_url, { items });
  }

  // Any other post of a page: {status, body}.
  ask(url, body) {
    return this.#sendAnew(url, body);
  }

  // The page is still open: {held, progress} for these items, or null.
  async keep(items) {
    const { status, body } = await this.#sendAnew(this.keep_url, { items });
    if (status !== 200 || body?.user !== this.user) return null;
    this.csrf = body.csrf;
    tellLabels(body);
    return body;
  }

  // The page closes; what it holds is given back. Nobody hears the reply.
  leave(items) {
    this.#send(this.release_url, { items, leaving: true }).catch(() => {});
  }

  // The project's progress, or null when nobody, or somebody else, is signed in.
  async poll() {
    const response = await fetch(this.poll_url, { headers: { Accept: "application/json" }, redirect: "error", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!response.ok) return null;
    const state = await response.json();
    this.heard = Date.now();
    if (state.user !== this.user) return null;
    this.csrf = state.csrf;
    tellLabels(state);
    return state;
  }

  async #send(url, body) {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.csrf },
      body: JSON.stringify(body),
      keepalive: true,
      redirect: "error",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    this.heard = Date.now();
    const text = await response.text();
    try {
      return { status: response.status, body: JSON.parse(text) };
    } catch {
      return { status: response.status, body: null };
    }
  }
}
