"""Which images a press on Explore means: named one by one, or by a filter."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from labeler.exploring import filters, prepared, sieve
from labeler.exploring.filters import Filter
from labeler.exploring.sieve import Found
from labeler.labeling import together
from labeler.labeling.answers import Refused
from labeler.projects.models import Project
from labeler.training.models import ModelVersion

LARGEST = 2**63 - 1


def image_ids(project: Project, asked: Mapping[str, Any]) -> list[int]:
    """The images of `ids`, a list of image ids, or of `query`, the query string of a filter.

    Raises Refused.
    """
    if isinstance(asked.get("query"), str):
        return _of_filter(project, asked["query"])
    ids = asked.get("ids")
    if not isinstance(ids, list) or any(type(pk) is not int for pk in ids):
        raise Refused("bad_ids", _("Choose some images first."))
    _check(len(ids))
    return [pk for pk in dict.fromkeys(ids) if 0 < pk <= LARGEST]


def spelled(query: str) -> Filter:
    """The filter of Explore's query string. Raises Refused."""
    try:
        return filters.parsed(dict(QueryDict(query[:4_000]).lists()))
    except filters.BadFilter as error:
        raise Refused("bad_filter", str(error)) from error


def _of_filter(project: Project, query: str) -> list[int]:
    found = whole(project, spelled(query))
    _check(len(found.rows))
    return [int(pk) for pk in found.columns.ids[found.rows]]


def whole(project: Project, wanted: Filter, version: ModelVersion | None = None) -> Found:
    """What the filter lets through of the whole pool. Raises Refused while it is prepared."""
    found = sieve.found(project, wanted, version=version)
    if prepared.told(project, len(found.columns)):
        words = _("The pool is being prepared for filters. Try again in a minute.")
        raise Refused("being_prepared", words, 409)
    return found


def _check(count: int) -> None:
    if count > together.MOST:
        words = _("At most %(most)s images at once; choose fewer.")
        raise Refused("too_many", words % {"most": f"{together.MOST:,}"})
