"""The tables of the nasty pack: each as its manifest says."""

import json
import tarfile
from io import BytesIO

import pytest

from labeler.formats.record import BadFile, BadRow, Record
from labeler.formats.registry import FORMATS, HEAD, recognise
from labeler.formats.tables import preview, read
from tests.conftest import pack

NAMES = ["img_01.jpg", "img_02.jpg", "img_03.jpg", "img 04 (ü).jpg", "img_05.jpg"]
FIVE = [Record(name, (label,)) for name, label in zip(NAMES, ["cat", "dog", "cat", "dog", "bird"],
                                                      strict=True)]  # fmt: skip
ONE, TWO, THREE = FIVE[:3]
# By file: the records, and the lines of those that are refused; or the words of a refusal.
EXPECTED = {
    "good.csv": (FIVE, []),
    "bom.csv": (FIVE, []),
    "crlf.csv": (FIVE, []),
    "cr-only.csv": (FIVE, []),
    "semicolon.csv": (FIVE, []),
    "tab.tsv": (FIVE, []),
    "utf16.csv": (FIVE, []),
    "no-header.csv": (FIVE, []),
    "quoted.csv": ([*FIVE, ONE], []),
    "latin1.csv": ([*FIVE[:3], FIVE[4]], [5]),
    "bad-utf8.csv": ([TWO], [2]),
    "nul-bytes.csv": ([TWO], [2]),
    "long-label.csv": ([TWO], [2]),
    "unbalanced-quote.csv": ([TWO, THREE], [2]),
    "quoted-newline-comma.csv": ([ONE, TWO], []),
    "ragged.csv": ([ONE, Record("img_05.jpg")], [3, 4, 5]),
    "labels.jsonl": ([ONE, TWO], [3]),
    "conflict.csv": ([ONE, Record("img_01.jpg", ("dog",)), TWO, TWO], []),
    "multilabel.csv": ([Record("img_01.jpg", ("cat", "dog")), TWO, Record("img_03.jpg")], []),
    "missing-column.csv": ([Record("img_01.jpg"), Record("img_02.jpg")], []),
    "other-header-names.csv": ([ONE, TWO], []),
    "header-only.csv": ([], []),
    "injection.csv": ([
        Record("img_01.jpg", ('=HYPERLINK("http://127.0.0.1:9","x")',)),
        Record("img_02.jpg", ("+1+cmd|' /C calc'!A0",)),
        Record("img_03.jpg", ("@SUM(1)",)),
        Record("img_05.jpg", ("<b onmouseover=alert(1)>dog</b>",)),
    ], []),
    "paths.csv": ([
        Record("../../etc/passwd", ("cat",)), Record("/etc/passwd", ("dog",)),
        Record("file:///etc/passwd", ("cat",)), Record("http://127.0.0.1:9/x.jpg", ("dog",)),
    ], []),
    "unknown-files.csv": ([
        ONE, Record("nope.jpg", ("dog",)), Record("sub/img_02.jpg", ("dog",)),
        Record("IMG_03.JPG", ("cat",)),
    ], []),
    "unknown-labels.csv": ([
        ONE, Record("img_02.jpg", ("Cat",)), THREE, Record("img 04 (ü).jpg", ("unicorn",)),
        Record("img_05.jpg", ("DOG",)),
    ], []),
    "many-classes.csv": 3_000,
    "empty.csv": "The file is empty",
    "xlsx-named.csv": "no Excel workbook that can be read",
}  # fmt: skip


def tables():
    with tarfile.open(pack("nasty")) as tar:
        manifest = json.load(tar.extractfile("nasty/manifest.json"))
        for each in manifest["files"]:
            folder, _, name = each["path"].rpartition("/")
            if folder == "csv":
                yield name, tar.extractfile(f"nasty/{each['path']}").read()


def rows(name, data):
    key = recognise(data[:HEAD], name)
    if key != "table":
        return list(FORMATS[key].read(BytesIO(data)))
    columns = preview(BytesIO(data), name).guess
    return list(read(BytesIO(data), name, columns))


def test_every_table_of_the_pack_has_an_expectation():
    assert {name for name, _ in tables()} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_is_read_as_the_manifest_says(name):
    data, expected = dict(tables())[name], EXPECTED[name]
    if isinstance(expected, str):
        with pytest.raises(BadFile, match=expected):
            rows(name, data)
        return
    found = rows(name, data)
    if isinstance(expected, int):
        assert len({label for row in found for label in row.labels}) == expected
        return
    bad = [row for row in found if isinstance(row, BadRow)]
    assert [row for row in found if isinstance(row, Record)] == expected[0]
    assert [row.line for row in bad] == expected[1]
    assert all(row.reason and row.remedy for row in bad)
