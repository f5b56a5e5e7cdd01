import assert from "node:assert/strict";
import { test } from "node:test";

import { bestOf, keysFor } from "../../static/js/label-rail.js";
import { answerWords, askedBy, outboxWords, roundWords, since, waitingWords } from "../../static/js/label-words.js";
import { isTiny } from "../../static/js/tiny-pictures.js";
import { uuid4 } from "../../static/js/uuid.js";

const quiet = { unsent: 0, refused: 0, trouble: "", ready: 5 };

test("the outbox says plainly what is not saved yet", () => {
  assert.deepEqual(outboxWords(quiet), { icon: "check", tone: "good", text: "All answers saved", hint: "Next 5 images are ready on this device." });
  assert.equal(outboxWords({ ...quiet, unsent: 2 }).text, "Saving 2 answers");
  assert.equal(outboxWords({ ...quiet, unsent: 14, trouble: "offline" }).text, "No connection. 14 answers kept on this device");
  assert.match(outboxWords({ ...quiet, unsent: 1, trouble: "offline", forgetful: true }).text, /in this tab: leave it open/);
  assert.match(outboxWords({ ...quiet, unsent: 1, trouble: "sign-in" }).text, /^You are signed out\. 1 answer kept/);
  assert.equal(outboxWords({ ...quiet, trouble: "offline" }).text, "No connection. All answers so far are saved");
  assert.equal(outboxWords({ ...quiet, trouble: "offline" }).hint, "Go on labeling: 5 more images are ready here.");
  assert.equal(outboxWords({ ...quiet, refused: 1 }).text, "One answer was not taken");
});

test("how far the next round is", () => {
  assert.deepEqual(roundWords({ since_round: 64, round_at: 100, round: null }), { share: 0.64, strong: "64", rest: " of 100", more: " to the next round" });
  assert.equal(roundWords({ since_round: 3, round_at: 100, round: 14 }).strong, "Round 14");
  assert.equal(roundWords({ since_round: 3, round_at: null, round: null }), null);
});

test("why it was asked, and what was answered", () => {
  assert.equal(askedBy({ strategy: "margin", score: 0.96, audit: false }), "margin, score 0.96");
  assert.equal(askedBy({ strategy: "audit", score: null, audit: true }), "a draw, at random");
  assert.equal(answerWords({ labels: ["rust", "scorch"], skip: null }), "rust, scorch");
  assert.equal(answerWords({ labels: [], skip: null }), "none of these");
  assert.equal(answerWords({ labels: [], skip: "not_applicable" }), "not of this kind");
});

test("waiting names the round at work and how long it takes", () => {
  assert.match(waitingWords({ round: 14, round_seconds: 40.2 }), /^Round 14 is choosing the next images; that takes about 40 seconds and they appear/);
  assert.match(waitingWords({ round: 14, round_seconds: null }), /^Round 14 is choosing the next images, and they appear/);
  assert.match(waitingWords({ round: null }), /other people's hands/);
});

test("times are relative", () => {
  const now = Date.parse("2026-01-02T00:00:00Z");
  assert.equal(since("2026-01-01T23:58:00Z", now), "2\u00a0min ago");
  assert.equal(since("2025-12-30T00:00:00Z", now), "3\u00a0days ago");
  assert.equal(since("2026-01-02T00:00:09Z", now), "0\u00a0s ago", "a clock that runs ahead is no future");
});

test("the suggested answer is also Enter", () => {
  assert.equal(keysFor("2", true), "2 Enter");
  assert.equal(keysFor("", true), "Enter");
  assert.equal(keysFor("", false), "");
});

test("among many labels the best five stand first", () => {
  const beliefs = { 1: 0.1, 2: 0.3, 3: 0.05, 4: 0.2, 5: 0.15, 6: 0.12 };
  assert.deepEqual(bestOf(beliefs), ["2", "4", "5", "6", "1"]);
});

test("small pictures grow in blocks", () => {
  assert.equal(isTiny({ width: 8, height: 8 }), true);
  assert.equal(isTiny({ width: 64, height: 64 }), false);
});

test("a UUID made here is one of version 4", () => {
  assert.match(uuid4((bytes) => bytes.fill(255)), /^ffffffff-ffff-4fff-bfff-ffffffffffff$/);
  assert.notEqual(uuid4(), uuid4());
});
