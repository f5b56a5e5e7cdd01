// A pressed button as an answer, and an answer as an entry for the outbox.
import { uuid4 } from "./uuid.js";

const LONGEST_ANSWER_MS = 86_400_000;

// What the pressed button answers: {labels, label_ids, skip}, or null when it answers nothing.
export function givenBy(root, button) {
  const nameOf = (pk) => root.querySelector(`.answer[data-label="${pk}"] .label-name`).textContent;
  if (button.name === "skip") return { labels: [], label_ids: [], skip: button.value };
  const picked = [...root.querySelectorAll('input[name="label"]:checked')].map((box) => box.value);
  const pks = { label: [button.value], save: picked, none: [] }[button.name];
  return pks ? { labels: pks.map(nameOf), label_ids: pks.map(Number), skip: null } : null;
}

// `elapsed` in milliseconds since the picture was painted; `replaces`: the UUID of an older answer.
export function answerEntry(question, given, { elapsed, replaces }) {
  const uuid = uuid4();
  const what = given.skip ? { skip: given.skip } : { labels: given.label_ids };
  const elapsed_ms = Math.min(LONGEST_ANSWER_MS, Math.max(0, Math.round(elapsed)));
  const body = { uuid, item: question.item, ...what, elapsed_ms, suggestion_shown: Boolean(question.suggestion) };
  return { uuid, kind: "answer", body, given, question, replaces, created: Date.now() };
}

export function undoEntry(answer) {
  return { uuid: uuid4(), kind: "undo", body: { undo: answer.uuid }, question: answer.question, created: Date.now() };
}
