"""Parquet from Hugging Face and from pandas, ours both ways, and broken ones."""

import json
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from labeler.formats import parquet
from labeler.formats.record import BadFile, BadRow, Record
from labeler.formats.registry import FORMATS, recognise

PNG = b"\x89PNG\r\n\x1a\n"
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def file(columns, features=None, **how):
    metadata = {"huggingface": json.dumps({"info": {"features": features}})} if features else None
    found = pa.table(columns).replace_schema_metadata(metadata)
    out = BytesIO()
    pq.write_table(found, out, **how)
    return out


def rows(made):
    assert recognise(made.getvalue()[:100], "x.bin") == "parquet"
    found = list(FORMATS["parquet"].read(made))
    assert not made.closed
    return found


def test_hugging_face_keeps_bytes_and_numbers_of_classes():
    images = [{"bytes": PNG + b"1", "path": "1.png"}, {"bytes": PNG, "path": None}, None]
    made = file(
        {"image": pa.array(images, IMAGE), "label": [1, -1, None]},
        {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}, "image": {"_type": "Image"}},
    )
    assert rows(made) == [
        Record("1.png", ("dog",)), Record("image-000002.png"), Record("image-000003.png"),
    ]  # fmt: skip
    assert list(parquet.pictures(made)) == [("1.png", PNG + b"1"), ("image-000002.png", PNG)]


@pytest.mark.parametrize("feature", [
    [{"names": ["cat", "dog"], "_type": "ClassLabel"}],
    {"feature": {"names": ["cat", "dog"], "_type": "ClassLabel"}, "_type": "List"},
])  # fmt: skip
def test_lists_of_classes(feature):
    made = file({"image": ["1.jpg", "2.jpg", "3.jpg"], "labels": [[1, 0], [], None]},
                {"labels": feature})  # fmt: skip
    assert rows(made) == [
        Record("1.jpg", ("dog", "cat")), Record("2.jpg", ()), Record("3.jpg"),
    ]  # fmt: skip
    assert list(parquet.pictures(made)) == []


def test_a_flat_table_of_paths_and_labels():
    made = file({
        "filepath": ["a/1.jpg", "a/2.jpg", None],
        "ground_truth.label": ["cat", "a|b", "x"],
        "split": pa.array(["train", "test", ""]).dictionary_encode(),
        "boxes": [[{"x": 1}], [], []],
    })  # fmt: skip
    found = rows(made)
    assert found[:2] == [
        Record("a/1.jpg", ("cat",), "train"), Record("a/2.jpg", ("a|b",), "test"),
    ]  # fmt: skip
    assert isinstance(found[2], BadRow) and found[2].line == 3


def test_bytes_beside_paths():
    made = file({"file_name": ["1.png", "2.png"], "image": [PNG, b""], "label": ["a", "b"]})
    assert rows(made) == [Record("1.png", ("a",)), Record("2.png", ("b",))]
    assert list(parquet.pictures(made)) == [("1.png", PNG)]


def test_a_file_that_names_no_pictures_says_what_it_has():
    with pytest.raises(BadFile, match="There is: weight, blob"):
        rows(file({"weight": [1.5], "blob": [2]}))


@pytest.mark.parametrize("cut", [5, 100, -1, -9])
def test_a_truncated_file_is_refused(cut):
    whole = file({"path": [f"{n}.jpg" for n in range(999)], "label": ["x"] * 999}).getvalue()
    with pytest.raises(BadFile):
        rows(BytesIO(whole[:cut]))


def test_a_page_of_rubbish_is_refused():
    whole = bytearray(file({"path": [f"{n:06}.jpg" for n in range(9_999)]}, compression="none",
                           use_dictionary=False).getvalue())  # fmt: skip
    whole[20:5_000] = b"\xff" * 4_980
    with pytest.raises(BadFile):
        rows(BytesIO(bytes(whole)))


def test_hostile_metadata_is_passed_over():
    for told in (b"[", b"7", b'{"info":{"features":7}}', b'{"info":{"features":{"label":{}}}}',
                 b'{"info":{"features":{"label":{"names":7}}}}', b"[" * 100_000):  # fmt: skip
        made = BytesIO()
        found = pa.table({"path": ["1.jpg"], "label": [3]})
        pq.write_table(found.replace_schema_metadata({"huggingface": told}), made)
        assert rows(made) == [Record("1.jpg", ("3",))]


def test_pictures_are_written_and_read_back():
    records = [Record(f"{n}.png", ("cat",), "test", width=3, height=4) for n in range(50)]
    out = BytesIO()
    parquet.write(records, ["cat"], out, multi=False, picture=lambda r: PNG + r.path.encode())
    assert rows(out) == records
    assert list(parquet.pictures(out))[7] == ("7.png", PNG + b"7.png")
    features = json.loads(pq.read_schema(out).metadata[b"huggingface"])["info"]["features"]
    assert features["label"] == {"names": ["cat"], "_type": "ClassLabel"}


def test_pictures_are_written_in_groups(monkeypatch):
    monkeypatch.setattr(parquet, "GROUP_BYTES", 1_000)
    out = BytesIO()
    records = [Record(f"{n}.png") for n in range(30)]
    parquet.write(records, [], out, multi=False, picture=lambda _: bytes(300))
    assert pq.ParquetFile(out).num_row_groups == 8
    assert rows(out) == records
