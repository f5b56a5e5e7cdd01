"""Requests for predictions with too few, too many or doubled files (91)."""

import pytest

from tests.serving.test_predict import ask, files

pytestmark = pytest.mark.django_db


def test_the_same_name_twice_is_two_pictures(client, served, reviewer):
    """91"""
    twins = [*files(1), *files(1)]
    said = ask(client, reviewer, served[0], files=twins).json()["predictions"]
    assert [one["name"] for one in said] == ["1.png", "1.png"]
    assert said[0]["scores"] == said[1]["scores"]
    counted = [
        ({"files": []}, 422), ({"files": "text"}, 422), ({"files": ["", "x"]}, 422),
        ({"files": files(*range(65))}, 413),
    ]  # fmt: skip
    for body, status in counted:
        told = ask(client, reviewer, served[0], **body)
        assert told.status_code == status, (body, told.content)
        assert told.json()["detail"]
