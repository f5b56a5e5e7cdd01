"""Every page for everybody: axe finds nothing, in both languages, modes and sizes; keys suffice."""

import re
from importlib.resources import files

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from labeler.labeling import refill
from labeler.labeling.models import Annotation
from labeler.pools import storage
from labeler.pools.models import Image
from labeler.projects import invitations
from tests.browser.conftest import DESKTOP, PHONE, Site, sign_in, until
from tests.conftest import picture
from tests.evaluation.conftest import Bench, proba_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
AXE = files("axe_playwright_python").joinpath("axe.min.js")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOK = """
async ([tags, dark]) => {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  const rules = { type: "tag", values: tags };
  const only = dark ? { type: "rule", values: ["color-contrast"] } : rules;
  const found = await axe.run(document, { runOnly: only, resultTypes: ["violations"] });
  return found.violations.flatMap(({ id, help, nodes }) =>
    nodes.slice(0, 3).map((node) => `${id}: ${help}: ${node.html.slice(0, 160)}`));
}
"""
SETTLED = """
document.documentElement.dataset.js !== undefined && !document.querySelector(".htmx-request")
  && [...document.querySelectorAll("#status")].every((status) => status.children.length > 0)
"""
SIGNED_OUT = ["/sign-in", "/sign-in/used-up"]
PAGES = [
    "/",
    "/me",
    "/me/password",
    "/me/tokens",
    "/me/sessions",
    "/me/second-factor",
    "/accounts",
    "/journal",
    "/work",
    "/projects/new",
    "/api/v1/docs",
]
# Addresses inside a project that take no further argument.
OF_PROJECT = [
    "dashboard", "label", "grid", "review", "models", "numbers", "import", "export", "members",
    "settings",
    "agreement", "gold", "comments", "my_labels", "instructions", "skips", "disputes",
    "your_keys", "label_history", "storage", "project_journal", "project_work",
    "explore", "explore_map", "explore_clusters", "explore_duplicates", "explore_similar",
    "explore_features",
]  # fmt: skip


@pytest.fixture
def site(tmp_path):
    """The address of a server that is started last, once its data is there."""
    made = Site(tmp_path)
    yield made
    if hasattr(made, "process"):
        made.stop()


@pytest.fixture
def pool(project, reviewer, annotator):
    """Sixty audit images with answers and a version, and thirty ranked ones; all have files."""
    bench = Bench(project, annotator)
    truth = [0] * 40 + [1] * 20
    said = [0] * 38 + [1] * 18 + [0] * 4
    bench.version(bench.audit(truth), proba_of(said, 3), n_labels=100)
    open_ones = bench.images(30, audit=False)
    bench.answer(bench.images(1, audit=False)[0], skip=Annotation.Skip.UNSURE)
    for image in Image.objects.filter(project=project):
        storage.save_original(project, image.sha256, picture(image.row, (320, 240)))
    pks = [str(pk) for pk in bench.ids]
    beliefs = dict(zip(pks, (0.2, 0.5, 0.3), strict=True))
    rows = [refill.Ranked(image.pk, 0.9, beliefs, bench.ids[1], 0.5) for image in open_ones]
    refill.replace(project, rows, strategy="margin", version=1)
    return project


def addresses(project):
    """Every page of a project, by what it is."""
    found = {name: reverse(name, args=[project.pk]) for name in OF_PROJECT}
    found["image"] = reverse("image_page", args=[project.pk, project.images.first().pk])
    label = project.labels.first().pk
    found["pick"] = reverse("pick_examples", args=[project.pk]) + f"?label={label}"
    found["merge"] = reverse("label_changes", args=[project.pk, label])
    found["merge"] += f"?into={project.labels.last().pk}"
    return [*PAGES, *found.values()]


def visit(page, address):
    """Open the page and wait until what comes by itself is there."""
    page.goto(address)
    until(lambda: page.evaluate(SETTLED))  # pages poll, so that the network is never idle for long
    page.evaluate("document.getAnimations().forEach((each) => each.finish())")


def barriers(page, address):
    """What axe finds in light, and the contrast in dark."""
    visit(page, address)
    path = re.sub(r"^https?://[^/]+", "", address)
    return [f"{path}: {line}" for line in look(page)]


def look(page):
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return [line for dark in (False, True) for line in page.evaluate(LOOK, [TAGS, dark])]


# Each language and each size once: the four together take minutes and find no more.
@pytest.mark.parametrize(
    ("page", "language"), [(DESKTOP, "en"), (PHONE, "ja")], ids=["wide", "phone"], indirect=["page"]
)
def test_axe_finds_nothing(page, site, pool, owner, language):
    owner.settings["language"] = language
    owner.save()
    invitation = invitations.invite(project=pool, role="annotator", by=owner)
    sign_in(page, site, owner)
    session = page.context.cookies()
    page.context.clear_cookies()
    site.start()
    cookie = {"name": "labeler_language", "value": language, "url": site.address}
    page.context.add_cookies([cookie])
    found = []
    for path in [*SIGNED_OUT, f"/invitations/{invitation}"]:
        found += barriers(page, site.address + path)
    page.context.add_cookies(session)
    for path in addresses(pool):
        found += barriers(page, site.address + path)
        assert page.evaluate("document.documentElement.lang") == language, path
    page.broken[:] = [line for line in page.broken if "404" not in line]  # the pages that are gone
    assert found == [], "\n".join(found)


# What opens over a page: where, the key or element that opens it, and how it is seen to be open.
OVER = [
    ("label", "?", "#key-sheet"),
    ("label", "c", "dialog[open]"),
    ("label", "i", "[data-about]"),
    ("label", "summary[aria-label]", ".menu-list"),
    ("review", "[data-at]", "dialog#large"),
]


@pytest.mark.parametrize("page", [DESKTOP, PHONE], ids=["wide", "phone"], indirect=True)
def test_axe_finds_nothing_in_what_opens(page, site, pool, owner):
    sign_in(page, site, owner)
    site.start()
    found = []
    for name, way, sight in OVER:
        visit(page, site.address + reverse(name, args=[pool.pk]))
        if len(way) == 1:
            page.keyboard.press(way)
        else:
            page.locator(way).first.click()
        expect(page.locator(sight).first).to_be_visible()
        found += [f"{name} {way}: {line}" for line in look(page)]
    assert found == [], "\n".join(found)


def test_axe_finds_nothing_on_an_annotators_pages(page, site, pool, annotator):
    sign_in(page, site, annotator)
    site.start()
    found = []
    for name in ("dashboard", "label", "grid", "my_labels", "comments", "instructions"):
        found += barriers(page, site.address + reverse(name, args=[pool.pk]))
    assert found == [], "\n".join(found)


def test_the_first_tab_stop_skips_to_the_work(page, site, pool, owner):
    sign_in(page, site, owner)
    site.start()
    visit(page, f"{site.address}/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("!!document.activeElement.closest('main')")


@pytest.mark.parametrize("page", [DESKTOP], indirect=True)
def test_whatever_has_the_focus_shows_it(page, site, pool, owner):
    sign_in(page, site, owner)
    site.start()
    unseen = []
    for name in ("dashboard", "label", "settings", "import"):
        visit(page, site.address + reverse(name, args=[pool.pk]))
        for _ in range(25):
            page.keyboard.press("Tab")
            unseen += page.evaluate(FOCUS)
    assert unseen == []


FOCUS = """
() => {
  const there = document.activeElement;
  if (!there || there === document.body) return [];
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(there);
  const seen = (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2) || boxShadow !== "none";
  return seen ? [] : [there.outerHTML.slice(0, 160)];
}
"""


@pytest.mark.parametrize("page", [DESKTOP, PHONE], ids=["wide", "phone"], indirect=True)
def test_targets_are_large_enough(page, site, pool, owner):
    """WCAG 2.5.8: 24 by 24 pixels, but for links inside a sentence."""
    sign_in(page, site, owner)
    site.start()
    small = []
    for name in ("dashboard", "label", "grid", "review", "settings"):
        visit(page, site.address + reverse(name, args=[pool.pk]))
        small += [f"{name}: {each}" for each in page.evaluate(SMALL)]
    assert small == [], "\n".join(small)


SMALL = """
() => [...document.querySelectorAll("button, summary, select, .btn, nav a, input")]
  .filter((each) => {
    const { width, height } = each.getBoundingClientRect();
    const label = each.labels?.[0]?.getBoundingClientRect();
    const small = width < 24 || height < 24;
    const shown = each.checkVisibility() && !each.closest(".sr") && !each.classList.contains("sr");
    return shown && width && small && !(label && label.height >= 24 && label.width >= 24);
  })
  .map((each) => each.outerHTML.slice(0, 120))
"""


def test_the_language_is_changed_from_the_menu_and_stays(page, site, pool, owner):
    sign_in(page, site, owner)
    session = page.context.cookies()
    page.context.clear_cookies()
    site.start()
    page.goto(f"{site.address}/sign-in")
    page.get_by_role("button", name="日本語").click()
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    page.context.add_cookies(session)
    page.goto(f"{site.address}/")
    assert page.evaluate("document.documentElement.lang") == "ja"
    page.locator("details[data-menu] summary").click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    site.data()
    owner.refresh_from_db()
    assert owner.settings["language"] == "en"


def test_less_motion_where_it_is_asked_for(page, site, pool, owner):
    sign_in(page, site, owner)
    site.start()
    page.emulate_media(reduced_motion="reduce")
    visit(page, site.address + reverse("label", args=[pool.pk]))
    moving = page.evaluate(
        "document.getAnimations().filter((each) => each.playState === 'running').length"
    )
    assert moving == 0
