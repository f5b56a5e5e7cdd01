"""What an import stores in English is known to the pages, which show it in their own language."""

import pytest

from labeler.pools import noting
from labeler.pools.models import Refusal
from labeler.projects.stored_words import knows
from tests.pools.conftest import bring, pictures
from tests.pools.manifests.conftest import look
from tests.pools.manifests.deliveries import text


def manifest(*rows: str) -> tuple[str, bytes]:
    return "l.csv", text("file,labels", *rows)


@pytest.mark.parametrize("folders", ["ignore", "labels"])
def test_every_note_and_refusal_is_known(project, admin, folders):
    bring(project, admin, [("0.png", pictures(1)[0][1]), manifest("0.png,rust")])
    rows = [
        "0.png,mildew", "1.png,rust", "1.png,mildew", "2.png,rust|mildew", "3.png," + "x" * 50,
        "gone.png,rust", "same.png,rust", "4.png,rust", "4 again.png,mildew", "5.png," + "y" * 300,
    ]  # fmt: skip
    same = [("a/same.png", pictures(1, 20)[0][1]), ("b/same.png", pictures(1, 21)[0][1])]
    again = [("4 again.png", pictures(1, 4)[0][1])]
    imp = bring(
        project, admin, [manifest(*rows), *pictures(6), *same, *again],
        manifest="l.csv", folders=folders,
    )  # fmt: skip
    told = Refusal.objects.filter(of=imp)
    codes = set(told.values_list("code", flat=True))
    assert codes >= {"bad_row", "missing_file", "ambiguous_row"} | noting.NOTES - {
        "none_of_them", "manifest_not_used"
    }  # fmt: skip
    words = {word for row in told for word in (row.reason, row.remedy)}
    assert not [word for word in words if not knows(word)]


def test_what_a_plan_says_is_known(project, admin):
    problems = look(project, admin, [manifest("gone.png,rust", "1.png," + "x" * 50)]).plan
    new = look(project, admin, [manifest(*(f"{n}.png,c{n}" for n in range(501)))]).plan
    none = look(project, admin, [("n.csv", text("label,x", "a,1"))]).plan
    empty = look(project, admin, [("e.csv", text("file,label"))]).plan
    words = [problems["title"], none["error"], none["remedy"], empty["error"], empty["remedy"]]
    words += [each[key] for plan in (problems, new) for each in plan["problems"]
              for key in ("reason", "remedy")]  # fmt: skip
    words += [each["why"] for each in problems["labels"] if each["why"]]
    assert len(words) > 10
    assert not [word for word in words if not knows(word)]
