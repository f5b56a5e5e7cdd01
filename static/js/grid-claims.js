// What the grid asks of the server about images: claim a page, give back, hold on.
import { toast } from "./toasts.js";

// Items that are answered or taken out and not sent yet.
export function itemsOf(entries) {
  const named = ({ answers = [], taken_out = [], item }) => [...answers.map((each) => each.item), ...taken_out, item];
  return entries.flatMap((entry) => named(entry.body)).filter(Boolean);
}

export class Claims {
  // address: where a page is claimed; images: the pattern of an image's addresses on this site;
  // chosen: whether only what somebody chose in Explore is meant.
  constructor(server, { claim, images }, chosen = false) {
    Object.assign(this, { server, address: claim, images, chosen });
  }

  // {items, counts}, or null where the server does not give a page.
  async page(label, count, known) {
    const reply = await this.server.ask(this.address, { label, count, known: [...new Set(known)], chosen: this.chosen });
    if (reply.status === 422) toast(reply.body.detail);
    return reply.status === 200 ? reply.body : null;
  }

  release(items) {
    return this.server.release(items).catch(() => {});
  }

  // Of these items the ones that are somebody else's by now, and the progress; null: not known.
  async gone(items) {
    const reply = await this.server.keep(items).catch(() => null);
    if (!reply) return null;
    const held = new Set(reply.held);
    return { items: items.filter((item) => !held.has(item)), progress: reply.progress };
  }

  // The addresses of this site; the API gives ones that a token may open, too.
  local(question) {
    const at = (size) => this.images.replace("/0/thumb", `/${question.image}/${size}`);
    return { ...question, urls: { thumb: at("thumb"), screen: at("screen"), original: at("original") } };
  }
}
