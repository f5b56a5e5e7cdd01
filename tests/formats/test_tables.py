"""Anybody's table: what it is, which column is which, and what a person says instead."""

import json
from io import BytesIO

import openpyxl
import pytest

from labeler.formats.columns import Columns
from labeler.formats.record import BadFile, BadRow, Record
from labeler.formats.registry import HEAD, recognise
from labeler.formats.tables import preview, read


def table(text, name="labels.csv", columns=None):
    """(guess or columns, rows) of a table."""
    data = text if isinstance(text, bytes) else text.encode()
    columns = columns or preview(BytesIO(data), name).guess
    return columns, list(read(BytesIO(data), name, columns)) if columns else []


def workbook(rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


GUESSED = [
    ("file,label\n1.jpg,cat\n", Columns("file", ("label",), delimiter=",")),
    ("Image;Class;Kids\n1.jpg;cat;True\n", Columns("Image", ("Class",), delimiter=";")),
    ("image_path\tcategory\tset\n1.jpg\tcat\ttest\n",
     Columns("image_path", ("category",), "set", delimiter="\t")),
    ("file|label\n1.jpg|cat\n2.jpg|dog\n", Columns("file", ("label",), delimiter="|")),
    ("file;labels\n1.jpg;cat,dog\n2.jpg;dog\n",
     Columns("file", ("labels",), separator=",", delimiter=";")),
    ("file,split,labels\n1.jpg,pool,hat|pants\n2.jpg,test,hat\n",
     Columns("file", ("labels",), "split", separator="|", delimiter=",")),
    ("id,url,label_1,label_2\n7,https://h/1.jpg,cat,dog\n",
     Columns("url", ("label_1", "label_2"), delimiter=",")),
    ("filename,class,confidence\n1.jpg,cat,0.9\n",
     Columns("filename", ("class",), "", "confidence", delimiter=",")),
    ("filename,class,confidence,annotator\n1.jpg,cat,0.9,ann\n",
     Columns("filename", ("class",), delimiter=",")),
    ("filename,class,score\n1.jpg,cat,17\n", Columns("filename", ("class",), delimiter=",")),
    ("file,label,kids,original_label\n1.jpg,dress,False,Dress\n",
     Columns("file", ("label",), delimiter=",")),
    ("foo,bar\n1.jpg,cat\n2.jpg,dog\n", Columns("foo", (), delimiter=",")),
    ("cat;1.jpg\ndog;2.jpg\n", Columns("2", ("1",), delimiter=";", header=False)),
    ("1.jpg,train,cat\n2.jpg,val,dog\n",
     Columns("1", ("3",), "2", delimiter=",", header=False)),
    ("file\n1.jpg\n2.jpg\n", Columns("file", (), delimiter=",")),
    ('1.jpg,"[cat,dog]"\n2.jpg,"[dog]"\n',
     Columns("1", ("2",), separator="[,]", delimiter=",", header=False)),
    ("a,b\n1,2\n", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "columns"), GUESSED)
def test_the_columns_are_guessed(text, columns):
    assert preview(BytesIO(text.encode()), "labels.csv").guess == columns


@pytest.mark.parametrize(("text", "columns"), [row for row in GUESSED if row[1]])
def test_a_table_of_files_is_recognised_without_its_name(text, columns):
    assert recognise(text.encode()) == "table"


def test_a_makesense_table_and_its_json_hold_lists():
    assert table('1.jpg,"[cat,dog]"\n2.jpg,"[dog]"\n')[1] == [
        Record("1.jpg", ("cat", "dog")), Record("2.jpg", ("dog",)),
    ]  # fmt: skip
    told = json.dumps([{"image": "1.jpg", "annotations": ["cat"]}, {"image": "2.jpg"}])
    assert recognise(told.encode(), "labels.json") == "table"
    assert table(told, "labels.json")[1] == [Record("1.jpg", ("cat",)), Record("2.jpg")]


def test_splits_confidences_and_several_labels_come_along():
    text = "file,labels,split,confidence\n1.jpg,cat|dog,val,0.75\n2.jpg,,test,\n"
    assert table(text)[1] == [
        Record("1.jpg", None, "validation", (("cat", 0.75), ("dog", 0.75))),
        Record("2.jpg", None, "test"),
    ]
    columns = Columns("file", ("labels",), separator="|")
    assert table(text, columns=columns)[1][0] == Record("1.jpg", ("cat", "dog"))


def test_a_person_says_which_column_is_which():
    told = {"path": "where", "labels": ["A", "b"], "split": "", "header": True}
    text = "a,b,where\ncat,dog,1\n,,2\n"
    assert table(text, columns=Columns.of(told))[1] == [Record("1", ("cat", "dog")), Record("2")]
    assert Columns.of(Columns.of(told).as_dict()) == Columns.of(told)
    numbered = Columns.of({"path": "2", "labels": ["1"], "delimiter": ";"})
    assert not numbered.header
    assert table("cat;1\ndog;2\n", columns=numbered)[1][1] == Record("2", ("dog",))


@pytest.mark.parametrize("told", [
    {"path": 7}, {"path": "a", "labels": [1]}, {"path": "a", "labels": {"x": 1}}, {"path": ["a"]},
])  # fmt: skip
def test_columns_that_are_no_names_are_refused(told):
    with pytest.raises(BadFile):
        Columns.of(told)


def test_a_missing_column_is_named_with_those_that_are_there():
    with pytest.raises(BadFile, match=r"no column “label”\. There is: filename, kind"):
        table("filename,kind\n1.jpg,x\n", columns=Columns("filename", ("label",)))


def test_a_preview_shows_ten_rows_with_short_cells():
    text = "file,label\n" + "".join(f"{n}.jpg,{'x' * 500}\n" for n in range(50))
    shown = preview(BytesIO(text.encode()), "a.csv")
    assert shown.columns == ["file", "label"]
    assert len(shown.rows) == 10
    assert shown.rows[0] == ["0.jpg", "x" * 79 + "…"]
    other = preview(BytesIO(b"file,label\n1.jpg,a\n"), "a.csv", Columns("1", header=False))
    assert other.columns == ["1", "2"] and other.rows[0] == ["file", "label"]


def test_columns_of_the_same_name_are_told_apart():
    assert preview(BytesIO(b"file,label,label,\n1.jpg,a,b,c\n"), "a.csv").columns == [
        "file", "label", "3", "4",
    ]  # fmt: skip


def test_json_lines_leave_nested_values_out():
    lines = [
        {"file": "1.jpg", "label": "cat", "box": {"x": 1}},
        {"file": "2.jpg", "label": None, "n": 3},
        [1],
        {"file": "3.jpg", "label": 7},
        {"file": "4.jpg", "label": []},
    ]
    text = "\n".join(map(json.dumps, lines))
    assert recognise(text.encode()) == "table"
    shown = preview(BytesIO(text.encode()), "a.jsonl")
    assert shown.columns == ["file", "label", "n"]
    rows = table(text, "a.jsonl")[1]
    assert [row for row in rows if isinstance(row, Record)] == [
        Record("1.jpg", ("cat",)), Record("2.jpg"), Record("3.jpg", ("7",)), Record("4.jpg", ()),
    ]  # fmt: skip
    assert [row.line for row in rows] == [1, 2, 3, 4, 5]


def test_a_workbook_is_read_and_its_formulas_are_text():
    data = workbook(
        [["file", "label", "n"], ["1.jpg", "=1+1", 3], [None], ["2.jpg", 7], [None, "x"]]
    )
    assert recognise(data[:HEAD], "a.xlsx") == "table"
    columns, rows = table(data, "a.xlsx")
    assert columns == Columns("file", ("label",))
    assert rows[:2] == [Record("1.jpg", ("=1+1",)), Record("2.jpg", ("7",))]
    assert isinstance(rows[2], BadRow) and rows[2].line == 5


def test_a_workbook_that_is_called_csv_is_read_as_what_it_is():
    data = workbook([["file", "label"], ["1.jpg", "cat"]])
    assert recognise(data[:HEAD], "a.csv") == "table"
    assert table(data, "a.csv")[1] == [Record("1.jpg", ("cat",))]


def test_our_own_table_is_read_without_its_guards():
    text = "image,labels,name,annotator,score\n4,'=cat|dog,1.jpg,ann,0.5\n5,it's,2.jpg,ann,0.5\n"
    assert table(text)[1] == [Record("1.jpg", ("=cat", "dog")), Record("2.jpg", ("it's",))]


@pytest.mark.parametrize("delimiter", ["tab", "\\t", "\t", "", '"', "\n", "ab"])
def test_a_delimiter_is_taken_as_people_write_it(delimiter):
    columns = Columns("file", ("label",), delimiter=delimiter)
    assert table("file\tlabel\n1.jpg\tcat\n", columns=columns)[1] == [Record("1.jpg", ("cat",))]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(encoding, end):
    data = f"file;label{end}ü.jpg;花{end}".encode(encoding)
    assert recognise(data) == "table"
    assert table(data)[1] == [Record("ü.jpg", ("花",))]
