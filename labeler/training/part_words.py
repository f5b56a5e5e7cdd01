"""A part to train on, told to people."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from labeler.projects.models import Label, Project, User
from labeler.training import part

SPLIT_WORDS = {
    "none": gettext_lazy("without a split"),
    "train": gettext_lazy("training split"),
    "validation": gettext_lazy("validation split"),
}
SOURCE_WORDS = {
    "queue": gettext_lazy("asked one by one"),
    "grid": gettext_lazy("grid"),
    "explore": gettext_lazy("labeled together in Explore"),
    "review": gettext_lazy("review"),
    "import": gettext_lazy("came with an import"),
    "simulated": gettext_lazy("simulated"),
}


@dataclass(frozen=True)
class Names:
    """What the labels and people of a project are called: read once for many parts."""

    labels: Mapping[int, str]
    people: Mapping[int, str]

    @classmethod
    def of(cls, project: Project, kept: Iterable[Mapping[str, Any]]) -> "Names":
        """For these stored parts."""
        parts = [part.read(each) for each in kept if each]
        people = {pk for each in parts for pk in each.people}
        labels = {pk for each in parts for pk in (*each.without, *_weighed(each))}
        named = Label.objects.filter(project=project, pk__in=labels) if labels else ()
        known = User.objects.filter(pk__in=people) if people else ()
        return cls({each.pk: each.name for each in named}, {each.pk: str(each) for each in known})


def words(kept: Mapping[str, Any], names: Names) -> list[str]:
    """What the part leaves out and how it weighs, a few words for each; empty for everything."""
    each = part.read(kept)
    found = [_list(_("only %(what)s"), (SPLIT_WORDS.get(s, s) for s in each.splits))]
    found.append(_list(_("only import %(what)s"), each.imports))
    found.append(_list(_("only answers by %(what)s"), (_of(names.people, p) for p in each.people)))
    found.append(_list(_("only %(what)s"), (SOURCE_WORDS.get(s, s) for s in each.sources)))
    found.append(_chosen(len(each.images)))
    found += [_days(each), _("only reviewed") if each.reviewed else ""]
    found.append(_list(_("without %(what)s"), (_of(names.labels, pk) for pk in each.without)))
    return [*(words for words in found if words), *_weights(each, names)]


def _weights(each: part.Part, names: Names) -> list[str]:
    if each.weights == part.BALANCED:
        return [_("labels weighed alike")]
    weighed = _weighed(each)
    told = (f"{_of(names.labels, pk)} × {weight:g}" for pk, weight in weighed.items())
    return [_("weighed: %(what)s") % {"what": ", ".join(told)}] if weighed else []


def _weighed(each: part.Part) -> Mapping[int, float]:
    return each.weights if isinstance(each.weights, dict) else {}


def _chosen(count: int) -> str:
    words = ngettext("only %(n)s chosen image", "only %(n)s chosen images", count)
    return words % {"n": f"{count:,}"} if count else ""


def _days(each: part.Part) -> str:
    days = {"since": each.since, "until": each.until}
    if each.since and each.until:
        return _("answers of %(since)s to %(until)s") % days
    if each.since:
        return _("answers since %(since)s") % days
    return _("answers until %(until)s") % days if each.until else ""


def _list(pattern: str, what: Iterable[object]) -> str:
    told = ", ".join(str(each) for each in what)
    return pattern % {"what": told} if told else ""


def _of(names: Mapping[int, str], pk: int) -> str:
    return names.get(pk, f"#{pk}")
