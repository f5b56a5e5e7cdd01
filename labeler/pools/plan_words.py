"""What an import would do, in sentences: for the page and for the terminal."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

Plan = dict[str, Any]
NAMED_AT_MOST = 12  # names in one sentence


def outlook(plan: Plan) -> str:
    """What matters most: how many images come in, with how many labels, and what stays out."""
    if plan.get("error"):
        return _("The manifest cannot be read, so nothing would come in by it.")
    return " ".join(told for told in (_images(plan), _missing(plan.get("missing", 0))) if told)


def pictures(plan: Plan) -> int:
    """How many of the files are pictures, as far as their names tell."""
    return max(0, int(plan.get("files", 0)) - int(plan.get("strange", 0)))


def _images(plan: Plan) -> str:
    images = pictures(plan) + plan.get("addresses", 0)
    listed_images = images - plan.get("unlisted", 0)  # several rows may be about one of them
    answers = min(plan.get("answers", 0), max(0, listed_images))
    if answers:
        words = ngettext(
            "%(n)s image comes in, %(answers)s with a label.",
            "%(n)s images come in, %(answers)s with a label.",
            images,
        )
        return words % {"n": f"{images:,}", "answers": f"{answers:,}"}
    words = ngettext(
        "%(n)s image comes in, without a label.",
        "%(n)s images come in, none with a label.",
        images,
    )
    return _counted(words, images)


def _missing(n: int) -> str:
    if not n:
        return ""
    words = ngettext("%(n)s row has no picture.", "%(n)s rows have no picture.", n)
    return _counted(words, n)


def details(plan: Plan) -> list[str]:
    """Further sentences, each about something that is there."""
    return [told for told in _details(plan) if told]


def _details(plan: Plan) -> Iterator[str]:
    yield _rows(plan)
    yield _names(plan)
    yield _splits(plan.get("splits") or {})
    yield from _left_aside(plan)
    yield _strange(plan.get("strange", 0))


def _rows(plan: Plan) -> str:
    bad, none, guesses = plan.get("bad_rows", 0), plan.get("none", 0), plan.get("guesses", 0)
    told = []
    if none:
        words = ngettext(
            "%(n)s row says that no label fits.", "%(n)s rows say that no label fits.", none
        )
        told.append(_counted(words, none))
    if guesses:
        words = ngettext(
            "%(n)s prediction of another model comes along.",
            "%(n)s predictions of another model come along.",
            guesses,
        )
        told.append(_counted(words, guesses))
    if bad:
        words = ngettext(
            "%(n)s row cannot be read and is passed over.",
            "%(n)s rows cannot be read and are passed over.",
            bad,
        )
        told.append(_counted(words, bad))
    return " ".join(told)


def _names(plan: Plan) -> str:
    found = [each for each in plan.get("labels", []) if each["how"] == "new"]
    new = list(dict.fromkeys(each.get("called") or each["name"] for each in found))
    left = [each["name"] for each in plan.get("labels", []) if each["how"] in ("left", "unfit")]
    told = []
    if new:
        words = ngettext("A label is added: %(names)s.", "Labels are added: %(names)s.", len(new))
        told.append(words % {"names": listed(new)})
    if left:
        words = _("Answers that say one of these are left out: %(names)s.")
        told.append(words % {"names": listed(left)})
    return " ".join(told)


def listed(names: list[str]) -> str:
    """A dozen of the names, in quotes, and how many more there are."""
    shown = ", ".join(_("“%(name)s”") % {"name": name[:60]} for name in names[:NAMED_AT_MOST])
    more = len(names) - NAMED_AT_MOST
    if more <= 0:
        return shown
    return _("%(names)s and %(n)s more") % {"names": shown, "n": f"{more:,}"}


def _splits(splits: dict[str, int]) -> str:
    if not any(splits.values()):
        return ""
    words = _(
        "Splits come along: %(train)s for training, %(validation)s for validation, %(test)s held "
        "out for testing."
    )
    given = {name: f"{splits.get(name, 0):,}" for name in ("train", "validation", "test")}
    return words % given


def _left_aside(plan: Plan) -> Iterator[str]:
    unlisted, several = plan.get("unlisted", 0), plan.get("several", 0)
    disputed, elsewhere = plan.get("contradictions", 0), plan.get("addresses", 0)
    if elsewhere:
        words = ngettext(
            "%(n)s picture was not sent: it is fetched from the address in its row.",
            "%(n)s pictures were not sent: they are fetched from the addresses in their rows.",
            elsewhere,
        )
        yield _counted(words, elsewhere)
    if unlisted and plan.get("format") == "tree":
        words = ngettext(
            "%(n)s picture lies in no label’s folder: it comes in without.",
            "%(n)s pictures lie in no label’s folder: they come in without.",
            unlisted,
        )
        yield _counted(words, unlisted)
    elif unlisted and plan.get("rows"):
        words = ngettext(
            "%(n)s picture is in no row and comes in without a label.",
            "%(n)s pictures are in no row and come in without a label.",
            unlisted,
        )
        yield _counted(words, unlisted)
    if several:
        words = ngettext(
            "%(n)s row has several labels, but this project takes one: it comes in without.",
            "%(n)s rows have several labels, but this project takes one: they come in without.",
            several,
        )
        yield _counted(words, several)
    if disputed:
        words = ngettext(
            "The rows of %(n)s image disagree about its label: it comes in without.",
            "The rows of %(n)s images disagree about their label: they come in without.",
            disputed,
        )
        yield _counted(words, disputed)
    if plan.get("others"):
        words = _("Other files look like manifests too and are not used: %(names)s.")
        yield words % {"names": listed(plan["others"])}


def _strange(n: int) -> str:
    if not n:
        return ""
    words = ngettext(
        "%(n)s more file has no picture’s name, or cannot be opened: it comes in only if it is a "
        "picture.",
        "%(n)s more files have no picture’s name, or cannot be opened: they come in only if they "
        "are pictures.",
        n,
    )
    return _counted(words, n)


def _counted(words: str, n: int) -> str:
    return words % {"n": f"{n:,}"}
