"""The checker turns red: each promise is broken once, in a history or a database."""

from dataclasses import replace

import pytest

from tests.faults.checker import check
from tests.faults.history import History, read
from tests.faults.stored import Answer, Stored

ANN, BEN = 1, 2


def told(t, user, image, **more):
    """An answer that was acknowledged, as the history has it: asked, then told."""
    facts = {"op": "answer", "user": user, "uuid": f"u{image}", "item": image * 10,
             "image": image, "label": 7, **more}  # fmt: skip
    return [{"t": t, "do": "ask", **facts}, {"t": t + 0.1, "do": "told", "status": 201, **facts}]


def given(t, user, *images, status=200):
    items = [[image * 10, image] for image in images]
    return {"t": t, "op": "claim", "do": "told", "user": user, "status": status, "items": items}


EVENTS = [
    given(1, ANN, 1),
    given(1, BEN, 2),
    *told(2, ANN, 1),
    *told(2, BEN, 2),
]
KEPT = Stored(
    answers=[Answer("u1", 1, 10, ANN, (7,), True), Answer("u2", 2, 20, BEN, (7,), True)],
    images={1: "labeled", 2: "labeled"},
    asked=[],
    rounds=[(1, "done", 1, "")],
    versions=[(1, 1)],
)


def kinds(events=EVENTS, stored=KEPT):
    return [broken.kind for broken in check(events, stored)]


def test_what_is_whole_is_green():
    assert kinds() == []


def test_an_answer_sent_again_until_it_was_acknowledged_is_one_answer():
    lost = [{**event, "do": "lost"} for event in told(1.5, ANN, 1)[:1]]
    again = [{**event, "status": 200} for event in told(3, ANN, 1)[1:]]
    assert kinds([*EVENTS, *lost, *again]) == []


def test_an_acknowledged_answer_that_is_gone():
    stored = replace(KEPT, answers=KEPT.answers[1:], images={2: "labeled"})
    [broken] = check(EVENTS, stored)
    assert (broken.kind, broken.at) == ("lost", 2.1)


def test_an_answer_stored_twice():
    stored = replace(KEPT, answers=[*KEPT.answers, replace(KEPT.answers[0], current=False)])
    assert kinds(stored=stored) == ["doubled"]


@pytest.mark.parametrize("change", [
    {"labels": (8,)}, {"labels": ()}, {"user": BEN}, {"image": 2}, {"item": 11},
    {"current": False},
])  # fmt: skip
def test_an_answer_that_is_not_what_was_said(change):
    stored = replace(KEPT, answers=[replace(KEPT.answers[0], **change), KEPT.answers[1]])
    assert "changed" in kinds(stored=stored)


def test_an_answer_that_nobody_sent():
    stored = replace(KEPT, answers=[*KEPT.answers, Answer("u9", 1, 10, BEN, (7,), False)])
    assert kinds(stored=stored) == ["invented"]


def test_an_answer_that_was_refused_and_stored_all_the_same():
    events = [
        {**e, "status": 409} if e.get("uuid") == "u2" and "status" in e else e for e in EVENTS
    ]
    assert kinds(events) == ["invented"]


def test_an_image_given_to_two_people():
    assert kinds([*EVENTS, given(3, BEN, 1)]) == ["held twice"]


def test_an_image_given_again_to_the_same_person_or_after_its_time():
    assert kinds([*EVENTS, given(3, ANN, 1), given(700, BEN, 1)]) == []


def test_two_people_whose_answers_on_one_image_both_count():
    events = [*EVENTS, *told(3, BEN, 1, uuid="u3")]
    stored = replace(KEPT, answers=[*KEPT.answers, Answer("u3", 1, 10, BEN, (7,), True)])
    assert kinds(events, stored) == ["doubled"]


@pytest.mark.parametrize("state", ["open", "labeled"])
def test_an_image_that_nobody_was_asked_about(state):
    assert kinds(stored=replace(KEPT, images={**KEPT.images, 3: state})) == ["left out"]


def test_an_image_whose_answer_did_not_count():
    assert kinds(stored=replace(KEPT, images={1: "open", 2: "labeled"})) == ["left out"]


@pytest.mark.parametrize("status", [500, 502, 403, 404, 422])
def test_an_error_page(status):
    assert kinds([*EVENTS, given(3, ANN, status=status)]) == ["error"]


def test_please_try_again_is_no_error():
    assert kinds([*EVENTS, given(3, ANN, status=503)]) == []


@pytest.mark.parametrize(("rounds", "versions"), [
    ([(1, "done", 1, "")], [(1, 1), (2, 1)]),  # published twice
    ([(1, "failed", 3, "gone")], [(1, 1)]),  # published, and failed
    ([(1, "running", 1, "")], []),  # hangs
    ([(1, "due", 2, "")], []),
    ([(1, "done", 1, ""), (1, "done", 1, "")], []),
])  # fmt: skip
def test_a_round_that_is_not_done_exactly_once(rounds, versions):
    assert kinds(stored=replace(KEPT, rounds=rounds, versions=versions)) == ["round"]


def test_the_history_is_written_as_it_happens(tmp_path):
    history = History(tmp_path / "history")
    history.note("claim", "ask", user=ANN)
    [event] = read(tmp_path / "history")  # before anything is closed
    assert (event["op"], event["do"], event["user"]) == ("claim", "ask", ANN)
    history.close()
