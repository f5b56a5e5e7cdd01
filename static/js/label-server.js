// What the label page asks of the server. Small posts outlive the page that sent them.

const PATIENCE_MS = 15_000;

export class Server {
  constructor({ claim, answers, poll, release, csrf, user }) {
    Object.assign(this, { claim_url: claim, answers_url: answers, poll_url: poll, release_url: release, csrf, user });
    this.heard = 0; // when the server last answered
  }

  // The outbox's post: an answer or an undo.
  async post(entry) {
    const url = entry.kind === "undo" ? `${this.answers_url}/${entry.body.undo}/undo` : this.answers_url;
    const body = entry.kind === "undo" ? { uuid: entry.uuid } : entry.body;
    const reply = await this.#send(url, body);
    if (reply.status !== 403) return reply;
    // The session may be new, and its token with it: ask for the token of whoever is signed in.
    return (await this.poll()) ? this.#send(url, body) : reply;
  }

  async claim(count) {
    const reply = await this.#send(this.claim_url, { count });
    return reply.status === 200 ? reply.body : null;
  }

  async release(items) {
    await this.#send(this.release_url, { items });
  }

  // The project's progress, or null when nobody, or somebody else, is signed in.
  async poll() {
    const response = await fetch(this.poll_url, { headers: { Accept: "application/json" }, redirect: "error", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!response.ok) return null;
    const state = await response.json();
    this.heard = Date.now();
    if (state.user !== this.user) return null;
    this.csrf = state.csrf;
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
