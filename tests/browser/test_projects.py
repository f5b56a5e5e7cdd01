"""An admin invites, deactivates, archives and deletes, as on a screen."""

import re

import pytest
from playwright.sync_api import expect

from labeler.pools.models import Removal
from labeler.projects.models import Membership, Project
from tests.browser.conftest import DESKTOP, PHONE, Site, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    if hasattr(made, "process"):
        made.stop()


def test_a_link_is_copied_and_a_member_goes_and_comes_back(page, site, project, admin, annotator):
    sign_in(page, site, admin)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    theirs = page.context.browser.new_context(**DESKTOP).new_page()
    sign_in(theirs, site, annotator)
    site.start()
    theirs.goto(f"{site.address}/projects/{project.pk}/instructions")
    expect(theirs.locator("#status > *")).not_to_have_count(0)
    page.goto(f"{site.address}/projects/{project.pk}/members")
    page.get_by_role("button", name="Make an invitation link").click()
    shown = page.get_by_label("The invitation link").input_value()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == shown
    assert re.fullmatch(rf"{site.address}/invitations/[\w-]{{43}}", shown)

    page.get_by_role("button", name="Deactivate annotator").click()
    expect(page.get_by_text("annotator is inactive and cannot come in.")).to_be_visible()
    expect(page.locator("li.inactive")).to_contain_text("inactive since")
    with theirs.expect_response(lambda answer: answer.status == 403):
        theirs.evaluate("document.getElementById('status').dispatchEvent(new Event('poll'))")
    expect(theirs.locator("#status.htmx-request")).to_have_count(0)
    expect(theirs.locator("h1")).to_have_count(1)  # no error page within the page
    expect(page.get_by_text("There must be an admin.")).to_be_visible()
    expect(page.get_by_role("button", name="Deactivate admin")).to_have_count(0)
    page.get_by_role("button", name="Let in again").click()
    expect(page.locator("li.inactive")).to_have_count(0)
    site.data()
    assert not Membership.objects.filter(deactivated_at__isnull=False).exists()


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_a_project_is_archived_reopened_and_deleted_by_its_name(page, site, project, admin):
    sign_in(page, site, admin)
    site.start()
    page.goto(f"{site.address}/projects/{project.pk}/settings")
    page.get_by_role("button", name="Archive this project").click()
    expect(page.get_by_text("This project is archived.", exact=True)).to_be_visible()
    page.goto(site.address)
    expect(page.get_by_role("heading", name="Archived")).to_be_visible()
    page.goto(f"{site.address}/projects/{project.pk}/settings")
    page.get_by_role("button", name="Reopen this project").click()
    expect(page.get_by_role("button", name="Save the settings")).to_be_visible()

    page.get_by_label("The project's name").fill("Leaves")
    page.get_by_role("button", name="Delete this project").click()
    expect(page.get_by_text("Leaves is deleted.")).to_be_visible()
    expect(page.get_by_role("link", name="Leaves")).to_have_count(0)
    site.data()
    assert Project.leaving_too.get(pk=project.pk).leaving_at
    assert Removal.objects.get().asked_by == admin
