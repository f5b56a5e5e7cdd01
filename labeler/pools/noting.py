"""What an import has to tell of single files and rows: refusals, and notes that do not count.

A note is kept as a Refusal whose code is in NOTES. Its picture came in, so that it is counted among
the added or the known ones, or it is a manifest and no picture at all.
"""

from collections.abc import Iterable

from django.db.models import QuerySet

from labeler.pools.models import Import, Refusal
from labeler.pools.refusing import Refused

KEPT_PER_CODE = 500  # refusals of one kind that are listed; the rest is counted
NOTES = frozenset(
    {
        "rows_disagree",  # came in without a label: its rows give it different ones
        "several_labels",  # came in without a label: the project takes one per image
        "none_of_them",  # came in without a label: none fits, which the project cannot say
        "label_unfit",  # came in without that label, which cannot be one of the project's
        "answer_kept",  # has another answer already, which stays
        "manifest_not_used",  # looks like a manifest, but another one was read
    }
)
Told = Iterable[tuple[str, Refused]]


def notes_of(imp: Import) -> "QuerySet[Refusal]":
    """What is to be known of pictures that came in."""
    return Refusal.objects.filter(of=imp, code__in=NOTES)


def write(imp: Import, told: Told) -> dict[str, int]:
    """List refusals and notes, up to a number of each kind; how many of each kind there were.

    The caller keeps the counts in the import's cursor under "refused".
    """
    seen: dict[str, int] = dict(imp.cursor.get("refused", {}))
    rows = []
    for name, why in told:
        seen[why.code] = seen.get(why.code, 0) + 1
        if seen[why.code] <= KEPT_PER_CODE:
            rows.append(
                Refusal(
                    of=imp, name=name[:1000], code=why.code,
                    reason=why.reason[:400], remedy=why.remedy[:400],
                )
            )  # fmt: skip
    Refusal.objects.bulk_create(rows)
    return seen


def sum_up(imp: Import) -> None:
    """Add one line per kind that was not listed to its end."""
    for code, count in imp.cursor.get("refused", {}).items():
        example = imp.refusals.filter(code=code).first()
        if count > KEPT_PER_CODE and example:
            name = f"… {count - KEPT_PER_CODE:,} more files"
            Refusal.objects.create(
                of=imp, name=name, code=code, reason=example.reason, remedy=example.remedy
            )
