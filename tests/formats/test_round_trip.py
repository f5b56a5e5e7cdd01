"""What is written is read back as it was, whatever the names hold."""

import csv
from dataclasses import replace
from io import BytesIO, StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeler.formats import parquet, tables
from labeler.formats.record import SPLITS, Record
from labeler.formats.registry import FORMATS, HEAD, WRITTEN, recognise

# Wider than what projects store: line ends, tabs, quotes and delimiters within names too.
LETTERS = st.characters(codec="utf-8", exclude_categories=("C", "Z"))
WORDS = st.lists(st.text(LETTERS, min_size=1, max_size=12), min_size=1, max_size=3)
BETWEEN = st.sampled_from(
    [" ", "\n", "\r\n", "\t", ",", ", ", "|", ";", '"', "'", "=", "\\", "]]>"]
)
EVIL = st.sampled_from(
    [
        "=1+1",
        "+a",
        "-b",
        "@c",
        "'=d",
        '"',
        '""',
        "a|b",
        "[x]",
        '["x"]',
        "👩🏽‍🔬",
        "<b>&amp;",
        "null",
        "0",
        "a,b",
        "{}",
        "é",
        "e\u0301",
        "test",
        "a\u2028b",
    ]
)
NAMES = st.builds(lambda words, between: between.join(words), WORDS, BETWEEN) | EVIL
PATHS = NAMES.map(lambda name: name.replace("/", "-") + ".jpg")
KEEPS_SPLIT = {"automl", "vertex-csv", "vertex", "label-studio", "sagemaker", "cvat"}
KEEPS_NONE = {"automl", "vertex-csv", "vertex", "label-studio", "sagemaker", "huggingface",
              "fiftyone"}  # fmt: skip
KEEPS_SIZE = {"coco", "cvat"}
STEMS = {"fiftyone"}
SPECIAL = {"None_of_the_above"}


@st.composite
def projects(draw, *, multi):
    """(records, labels) as a project could hold them."""
    labels = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    labels = [name for name in labels if name not in SPECIAL] or ["a"]
    most = len(labels) if multi else 1
    chosen = st.lists(st.sampled_from(labels), min_size=0 if multi else 1, max_size=most,
                      unique=True)  # fmt: skip
    record = st.builds(
        Record,
        path=PATHS,
        labels=st.none() | chosen.map(tuple),
        split=st.sampled_from(["", *SPLITS]),
        width=st.integers(1, 9999),
        height=st.integers(1, 9999),
    )
    return draw(st.lists(record, max_size=8, unique_by=lambda record: record.path)), labels


def expected(record, key):
    """The record as far as the format can tell it."""
    labels = record.labels
    if labels == () and key not in KEEPS_NONE:
        labels = None
    if key == "doccano" and not labels:
        labels = ()
    size = (record.width, record.height) if key in KEEPS_SIZE else (0, 0)
    path = record.path.removesuffix(".jpg") if key in STEMS else record.path
    split = record.split if key in KEEPS_SPLIT else ""
    return Record(path, labels, split, width=size[0], height=size[1])


def check(key, records, labels, multi):
    text = "".join(WRITTEN[key].write(records, labels, multi))
    found = list(FORMATS[key].read(BytesIO(text.encode())))
    told = [expected(record, key) for record in records]
    assert found == told


@pytest.mark.parametrize("key", WRITTEN)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_one_label_per_image(key, data):
    records, labels = data.draw(projects(multi=False))
    check(key, records, labels, False)


@pytest.mark.parametrize("key", [key for key in WRITTEN if WRITTEN[key].multi])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_several_labels_per_image(key, data):
    records, labels = data.draw(projects(multi=True))
    check(key, records, labels, True)


@pytest.mark.parametrize("key", WRITTEN)
def test_our_own_files_are_recognised(key):
    text = "".join(WRITTEN[key].write([Record("a.jpg", ("cat",), "train")], ["cat"], False))
    family = {"vertex-csv": "automl"}
    assert recognise(text.encode()[:HEAD]) == family.get(key, key)


@st.composite
def full(draw, *, multi):
    """(records, labels) with all that a record can hold."""
    records, labels = draw(projects(multi=multi))
    sure = st.floats(0, 1)
    guesses = st.dictionaries(st.sampled_from(labels), sure, max_size=3)
    version = st.sampled_from(["", "7"])
    held = [
        replace(each, guesses=tuple(draw(guesses).items()), model_version=draw(version))
        for each in records
    ]
    return held, labels


@pytest.mark.parametrize("multi", [False, True])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_parquet_keeps_everything(multi, data):
    records, labels = data.draw(full(multi=multi))
    if not multi:
        records += [Record("none.jpg", ())]
    out = BytesIO()
    parquet.write(records, labels, out, multi=multi)
    assert list(FORMATS["parquet"].read(out)) == records


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@settings(max_examples=25, deadline=None)
@given(names=st.lists(st.tuples(PATHS, NAMES), max_size=8))
def test_a_table_keeps_its_names(delimiter, names):
    text = StringIO()
    csv.writer(text, delimiter=delimiter).writerows([("file", "label"), *names])
    columns = tables.Columns("file", ("label",), delimiter=delimiter)
    found = list(tables.read(BytesIO(text.getvalue().encode()), "a.csv", columns))
    bare = [(p, n[1:] if n.startswith("'=") else n) for p, n in names]
    assert [(row.path.lstrip("'"), row.labels) for row in found] == [
        (path.lstrip("'"), (name,)) for path, name in bare
    ]


def test_label_studio_keeps_every_guess():
    guesses = (("cat", 0.9), ("dog", 0.25))
    record = Record("a.jpg", None, "", guesses, "7")
    text = "".join(WRITTEN["label-studio"].write([record], ["cat", "dog"], False))
    assert list(FORMATS["label-studio"].read(BytesIO(text.encode()))) == [record]
