"""The strategies that a person can choose: on the pages, under headings, and by the API."""

import re
from itertools import groupby

import pytest

from labeler.projects import choices, creation
from tests.projects.test_creation import as_owner, settings_of

__all__ = ["as_owner"]
pytestmark = pytest.mark.django_db
NAMES = [choice.name for choice in choices.STRATEGIES]


def test_groups_lie_together_and_the_default_is_among_the_first():
    groups = [str(group) for group, _ in groupby(choices.STRATEGIES, lambda each: each.group)]
    assert len(groups) == len(set(groups)) == 4
    assert "" not in groups
    assert NAMES[0] == "margin"


@pytest.mark.parametrize("page", ["new", "settings"])
def test_every_strategy_is_explained_on_the_page_under_its_heading(as_owner, project, page):
    where = "/projects/new" if page == "new" else f"/projects/{project.pk}/settings"
    shown = as_owner.get(where).content.decode()
    radios = re.findall(r'name="strategy" value="(\w+)"', shown)
    assert radios == NAMES
    at = [shown.index(f'<span class="choice-group">{group}<') for group in headings()]
    assert at == sorted(at)
    for choice in choices.STRATEGIES:
        assert str(choice.words) in shown
        assert shown.index(heading(choice)) < shown.index(f'value="{choice.name}"')
    assert shown.count("choice-group") == len(at)


def headings():
    return list(dict.fromkeys(str(choice.group) for choice in choices.STRATEGIES))


def heading(choice):
    return f'<span class="choice-group">{choice.group}<'


@pytest.mark.parametrize("name", NAMES)
def test_every_strategy_can_be_set(as_owner, project, name):
    sent = settings_of(project, strategy=name)
    assert as_owner.post(f"/projects/{project.pk}/settings", sent).status_code == 302
    project.refresh_from_db()
    assert project.strategy == name


@pytest.mark.parametrize("name", NAMES)
def test_the_api_takes_every_strategy(as_owner, project, name):
    where = f"/api/v1/projects/{project.pk}"
    changed = as_owner.patch(where, {"strategy": name}, content_type="application/json")
    assert (changed.status_code, changed.json()["strategy"]) == (200, name)


def test_what_was_not_measured_to_win_is_not_offered(project):
    with pytest.raises(creation.SettingsRefused):
        creation.change(project, strategy="typical_first")
