"""The Japanese words are whole: none of the source is missing, and what was written runs."""

import gettext
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORDS = ROOT / "locale" / "ja" / "LC_MESSAGES"
DOMAINS = ["django", "djangojs"]
TAG = re.compile(r"</?\w+")
PLACE = re.compile(r"%\((\w+)\)[sd]")


def needs_gettext():
    if shutil.which("msgmerge") is None:
        words = "gettext is not installed: sudo apt install gettext"
        pytest.fail(words) if os.environ.get("CI") == "true" else pytest.skip(words)


def catalog(file):
    """{words: translation} of a compiled file."""
    with file.open("rb") as compiled:
        found = gettext.GNUTranslations(compiled)._catalog
    return {words: told for words, told in found.items() if words}


def attributes(file, *flags):
    """The entries of a .po file that fit the flags, as text; "" if none does."""
    done = subprocess.run(
        ["msgattrib", "--no-obsolete", "--no-wrap", *flags, str(file)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return "\n".join(re.findall(r'^msgid (?:"[^"].*|""\n".+)', done.stdout, re.MULTILINE))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """The catalogs as they would be if the words were gathered anew."""
    needs_gettext()
    copy = tmp_path_factory.mktemp("words") / "tree"
    copy.mkdir()
    for name in ("labeler", "ml", "templates", "locale", "tools"):
        shutil.copytree(ROOT / name, copy / name)
    shutil.copytree(ROOT / "static" / "js", copy / "static" / "js")
    for name in ("manage.py", "CHANGELOG.md"):
        shutil.copy(ROOT / name, copy)
    env = {**os.environ, "LABELER_DATA": str(copy / "data")}
    subprocess.run(["sh", "tools/words.sh", sys.executable], cwd=copy, env=env, check=True)
    return copy / "locale" / "ja" / "LC_MESSAGES"


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_word_of_the_source_is_translated(fresh, domain):
    assert attributes(fresh / f"{domain}.po", "--untranslated") == ""
    assert attributes(fresh / f"{domain}.po", "--only-fuzzy") == ""


@pytest.mark.parametrize("domain", DOMAINS)
def test_nothing_is_kept_that_nobody_says(fresh, domain):
    assert set(catalog(WORDS / f"{domain}.mo")) - set(catalog(fresh / f"{domain}.mo")) == set()


@pytest.mark.parametrize("domain", DOMAINS)
def test_what_runs_is_what_was_written(domain, tmp_path):
    needs_gettext()
    made = tmp_path / "made.mo"
    checked = ["msgfmt", "--check-format", "-o", str(made), str(WORDS / f"{domain}.po")]
    subprocess.run(checked, check=True)
    assert catalog(WORDS / f"{domain}.mo") == catalog(made)


def key(words):
    """The English of a catalog's entry: plurals are pairs, a context stands before a \\x04."""
    return (words[0] if isinstance(words, tuple) else words).rpartition("\x04")[2]


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_translation_keeps_every_place_and_every_tag(domain):
    found = catalog(WORDS / f"{domain}.mo")
    assert len(found) > 100
    for words, told in found.items():
        english = key(words)
        # A singular may leave its number out: "%(n)s more" and "one more".
        assert set(PLACE.findall(english)) <= set(PLACE.findall(told)), english
        assert sorted(TAG.findall(english)) == sorted(TAG.findall(told)), english


def test_japanese_has_one_form_for_any_number():
    for words in catalog(WORDS / "django.mo"):
        assert not isinstance(words, tuple) or words[1] == 0
