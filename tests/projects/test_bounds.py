"""Every number in the settings has a least and a most: in the form, in words, and by the API."""

import json

import pytest
from django.urls import reverse

from labeler.projects.forms import ProjectSettingsForm
from tests.projects.test_creation import settings_of

pytestmark = pytest.mark.django_db
OUTSIDE = [
    ("audit_share", ["-1", "101", "NaN"], "0 to 100"),
    ("suggestion_share", ["-1", "101"], "0 to 100"),
    ("target", ["-0.1", "100.1"], "0 to 100"),
    ("gold_share", ["-1", "51"], "0 to 50"),
    ("spot_check_share", ["-1", "101"], "0 to 100"),
    ("overlap", ["0", "11", "-1", "1.5", "", "9" * 400], "from 1 to 10"),
    ("audit_target", ["-1", "1000001", "x", ""], "from 0 to 1,000,000"),
    ("retrain_after", ["0", "100001", "-3"], "from 1 to 100,000"),
]


@pytest.mark.parametrize(("field", "values", "words"), OUTSIDE)
def test_a_number_outside_is_refused_beside_its_field(client, project, admin, field, values, words):
    client.force_login(admin)
    before = getattr(project, field)
    for value in values:
        sent = settings_of(project, retrain="number", retrain_after="9") | {field: value}
        answer = client.post(reverse("settings", args=[project.pk]), sent)
        assert answer.status_code == 400, value
        assert words in " ".join(answer.context["form"].errors.get(field, [])), value
    project.refresh_from_db()
    assert getattr(project, field) == before


@pytest.mark.parametrize(("field", "values", "words"), OUTSIDE)
def test_the_api_refuses_it_too(client, project, admin, field, values, words):
    client.force_login(admin)
    percent = {"audit_share", "suggestion_share", "target", "gold_share", "spot_check_share"}
    for value in values:
        try:
            number = float(value) / 100 if field in percent else int(value)
        except ValueError:
            continue
        body = json.dumps({field: number})
        answer = client.patch(
            f"/api/v1/projects/{project.pk}", body, content_type="application/json"
        )
        assert answer.status_code in (400, 422), value


def test_the_browser_is_told_the_bounds(project):
    form = ProjectSettingsForm.of(project)
    for field, _, _ in OUTSIDE:
        attrs = form.fields[field].widget.attrs
        assert {"min", "max"} <= set(attrs), field


def test_the_page_says_what_a_change_costs(client, project, admin):
    client.force_login(admin)
    page = client.get(reverse("settings", args=[project.pk])).content.decode()
    for words in ("counts from the next round on", "embeddings of all images again", "not shrink"):
        assert words in page
