"""Files made to break a reader: refused with words, within little memory."""

import io
import json
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from labeler.formats import grids, tables, workbook
from labeler.formats.record import BadFile, BadRow, Note, Record
from labeler.formats.registry import FORMATS, HEAD, recognise

ROOT = Path(__file__).parents[2]
LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE annotations [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;">]><annotations><image name="&c;.jpg"/></annotations>"""
OUTSIDE = b"""<!DOCTYPE annotations [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<annotations><image name="&x;"/></annotations>"""
BARE_DTD = b"<!DOCTYPE annotations><annotations><image name='a.jpg'/></annotations>"
DEEP = 10_000


def read(key, data):
    return list(FORMATS[key].read(BytesIO(data)))


@pytest.mark.parametrize("data", [LAUGHS, OUTSIDE, BARE_DTD])
def test_xml_with_a_document_type_is_refused(data):
    assert recognise(data) == "cvat"
    with pytest.raises(BadFile, match="entities"):
        read("cvat", data)


@pytest.mark.parametrize(
    ("key", "data"),
    [
        ("label-studio", b"[" * DEEP),
        ("label-studio", b'[{"data":' + b'{"a":' * DEEP),
        ("coco", b'{"images":' + b"[" * DEEP),
        ("coco", b'{"info":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b',"images":[]}'),
        ("fiftyone", b'{"labels":' + b'{"a":' * DEEP),
        ("cvat", b"<annotations>" + b"<a>" * DEEP),
    ],
)
def test_what_is_nested_too_deeply_is_refused(key, data):
    with pytest.raises(BadFile, match="within each other"):
        read(key, data)


@pytest.mark.parametrize("key", ["vertex", "sagemaker", "huggingface", "doccano"])
def test_a_deep_line_costs_its_row(key):
    bad = [row.line for row in read(key, b"[" * DEEP + b"\n" + b'{"a":' * DEEP)]
    assert bad == [1, 2]


@pytest.mark.parametrize(
    "line",
    ['{"file_name": "a.jpg", "x": NaN}', '{"file_name": "a.jpg", "x": -Infinity}',
     '{"file_name": "a.jpg", "file_name": "b.jpg"}', '{"file_name": "a.jpg", "label": "x",}',
     '{"file_name": "a\\u0000.jpg"}', '{"file_name": "a.jpg", "label": "\\ud800"}',
     '{"file_name": "a.jpg", "label": {"x": {"x": 1}}}', '"a.jpg"', "{", "\0"],
)  # fmt: skip
def test_a_broken_line_costs_its_row(line):
    rows = read("huggingface", f'{line}\n{{"file_name": "b.jpg"}}\n'.encode())
    assert isinstance(rows[0], BadRow) and rows[0].line == 1
    assert rows[1:] == [Record("b.jpg")]


@pytest.mark.parametrize("data", [b'[{"data":{"image":"a.jpg"}},NaN]', b'[{"data":{"image":1}},]'])
def test_a_document_that_is_no_json_is_refused(data):
    with pytest.raises(BadFile, match="no whole JSON document"):
        read("label-studio", data)


def test_an_entry_with_a_key_twice_costs_its_row():
    data = b'[{"data":{"image":"a.jpg","image":"b.jpg"}},{"data":{"image":"c.jpg"}}]'
    found = read("label-studio", data)
    assert isinstance(found[0], BadRow) and found[1:] == [Record("c.jpg")]


def test_a_cell_of_ten_megabytes_costs_its_row():
    giant = b"x" * 10_000_000
    for cell in (giant, b'"' + giant + b'"', b'"' + b"x,\n" * 20_000):
        data = b"file,label\n1.jpg,cat\n2.jpg," + cell + b"\n3.jpg,dog\n"
        found = list(tables.read(BytesIO(data), "a.csv", tables.Columns("file", ("label",))))
        assert found[0] == Record("1.jpg", ("cat",))
        assert isinstance(found[1], BadRow) and found[1].line == 3
        assert found[-1] == Record("3.jpg", ("dog",))


def test_three_hundred_columns_are_a_table():
    data = ",".join([*(f"c{n}" for n in range(299)), "file"]) + "\n" + "x," * 299 + "1.jpg\n"
    assert tables.preview(BytesIO(data.encode()), "a.csv").guess.path == "file"


@pytest.mark.parametrize("text", ['a,"', '"', ",,,,\n,,,\n", "\0\0\0", "\r\r\r", "﻿", ";", "file"])
@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.jsonl", ""])
def test_scraps_are_read_or_refused(text, name):
    recognise(text.encode(), name)
    try:
        shown = tables.preview(BytesIO(text.encode()), name)
    except BadFile as error:
        assert error.reason and error.remedy
    else:
        assert all(len(row) == len(shown.columns) for row in shown.rows)


def book(**parts):
    made = openpyxl.Workbook()
    made.active.append(["file", "label"])
    out = BytesIO()
    made.save(out)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(workbook, "LARGEST_PART", 1_000_000)
    bomb = book(**{"xl/sharedStrings.xml": b"0" * 2_000_000})
    assert len(bomb.getvalue()) < 10_000
    with pytest.raises(BadFile, match="unpacks to 2 MB"):
        list(workbook.rows(bomb))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("data", [LAUGHS, b"<a>", b"", b"\xff" * 99])
def test_a_workbook_with_a_hostile_part_is_refused(data):
    with pytest.raises(BadFile):
        list(workbook.rows(book(**{"xl/workbook.xml": data})))


@pytest.mark.parametrize("cut", [30, 1_000, -30])
def test_a_truncated_workbook_is_refused(cut):
    with pytest.raises(BadFile):
        grids.opened(BytesIO(book().getvalue()[:cut]), "a.xlsx").rows.__next__()


def test_boxes_and_lost_annotations_are_noted_once():
    told = {
        "images": [{"id": "7", "file_name": "a.jpg"}, {"id": 8, "file_name": "b.jpg"}],
        "categories": [{"id": "1", "name": "cat"}],
        "annotations": [
            {"image_id": 7, "category_id": 1, "bbox": [-9, 0, 1e9, 1]},
            {"image_id": "7", "category_id": "1", "segmentation": [[1, 2]]},
            {"image_id": 8, "category_id": 2},
            {"image_id": 9, "category_id": 1},
        ],
    }
    found = read("coco", json.dumps(told).encode())
    assert found[:2] == [Record("a.jpg", ("cat",)), Record("b.jpg")]
    assert [type(row) for row in found[2:]] == [Note] * 3
    assert "2 annotations have a box" in found[2].reason


LITTLE_MEMORY = """
import io, resource, sys
from labeler.formats import tables
from labeler.formats.record import BadFile
from labeler.formats.registry import FORMATS
import openpyxl, pyarrow.parquet

class Endless(io.RawIOBase):
    '''`start`, then `piece` for 300 MB.'''
    def __init__(self, start, piece):
        self.start, self.piece, self.at = start, piece * (65536 // len(piece)), 0
    def readable(self): return True
    def seekable(self): return True
    def tell(self): return self.at
    def seek(self, to, whence=0):
        self.at = to
        return to
    def readinto(self, into):
        if self.at < len(self.start):
            data = self.start[self.at : self.at + len(into)]
        else:
            off = (self.at - len(self.start)) % len(self.piece)
            data = self.piece[off : off + len(into)] if self.at < 300_000_000 else b""
        into[: len(data)] = data
        self.at += len(data)
        return len(data)

used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 120_000_000,) * 2)
for key, start, piece in (
    ("vertex", b'{"imageGcsUri":"', b"x"),
    ("automl", b"a.jpg,", b"x"),
    ("automl", b'a.jpg,"', b"x"),
    ("automl", b'a.jpg,"', b'x\\n'),
    ("label-studio", b'[{"data":{"image":"', b"x"),
    ("label-studio", b'[{"data":{"image":"a.jpg"},"annotations":[', b"1,"),
    ("coco", b'{"categories":[[', b"{},"),
    ("fiftyone", b'{"labels":{"', b"x"),
    ("cvat", b"<annotations><image name='", b"x"),
    ("cvat", b"<annotations><image name='a'>", b"<tag label='x'/>"),
    ("cvat", b"<annotations>", b"<image name='a'/>"),
    ("table", b'[{"file":"', b"x"),
):
    file = io.BufferedReader(Endless(start, piece))
    try:
        if key == "table":
            rows = tables.read(file, "a.json", tables.Columns("file"))
        else:
            rows = FORMATS[key].read(file)
        count = sum(1 for _, row in zip(range(30_000), rows))
        print(key, count)
    except BadFile as error:
        print(key, error.reason)
print("done")
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads its own size in /proc")
def test_three_hundred_megabytes_in_one_entry_take_little_memory():
    ran = subprocess.run(
        [sys.executable, "-c", LITTLE_MEMORY], check=False, capture_output=True, text=True, cwd=ROOT
    )
    assert ran.stdout.endswith("done\n"), ran.stdout + ran.stderr
    assert "MemoryError" not in ran.stdout + ran.stderr


def test_a_reader_leaves_the_file_open():
    for key, data in (("automl", "TRAIN,ä.jpg,x".encode("utf-16")), ("coco", b'{"images":[]}')):
        file = io.BytesIO(data)
        list(FORMATS[key].read(file))
        next(FORMATS[key].read(file), None)
        assert not file.closed
    assert HEAD >= 1_000
