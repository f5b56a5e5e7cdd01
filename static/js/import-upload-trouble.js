// What a request that failed means for what is being sent: wait and go on, or stop.

import { gettext } from "./words.js";

// What the server said no to, in its own words. Sending it again would not help.
export class Refused extends Error {}

// Something that passes. kind: "lost", "full", "busy", "signed out" or "moved on".
export class Interrupted extends Error {
  constructor(kind, words = "") {
    super(words || kind);
    Object.assign(this, { kind, words });
  }
}

// answer: {status, text, address} of the response, address being where it came from in the end; null without a response.
export function troubleOf(answer, asked) {
  if (!answer || !answer.status) return new Interrupted("lost");
  if (/\/sign-in(\?|$)/.test(answer.address ?? "") || answer.status === 401) return new Interrupted("signed out");
  const { detail, code } = read(answer.text) ?? {};
  if (answer.status === 507) return new Interrupted("full", detail);
  if (answer.status === 423) return new Interrupted("busy", detail);
  if (code === "wrong_offset") return new Interrupted("moved on");
  if (answer.status >= 500 || answer.status === 429 || answer.status === 408) return new Interrupted("lost");
  return new Refused(detail ?? gettext("The server did not take it. Reload the page and try again."));
}

export function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// Milliseconds until the next try, the n-th in a row that brought nothing.
const WAITS = { lost: [1000, 2000, 4000, 8000], full: [10000], busy: [2000, 4000, 8000], "signed out": [5000], "moved on": [0, 1000, 4000] };

export function waitAfter(kind, n) {
  const waits = WAITS[kind] ?? WAITS.lost;
  return waits[Math.min(n, waits.length - 1)];
}

// What the page says meanwhile.
export function inWords({ kind, words }) {
  if (kind === "full") return words || gettext("The server's disk is full.");
  if (kind === "busy") return words || gettext("This file is being sent already, by another tab or program.");
  if (kind === "signed out") return gettext("You are signed out. Sign in again in another tab; sending then goes on by itself.");
  if (kind === "offline") return gettext("No connection. Sending goes on by itself when it is back.");
  if (kind === "lost") return gettext("The server does not answer. Sending goes on by itself when it does.");
  return "";
}
