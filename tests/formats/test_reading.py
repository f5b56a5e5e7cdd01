"""Each format's published example is read as it is meant; what is wrong is told row by row."""

from io import BytesIO

import pytest

from labeler.formats.record import BadFile, BadRow, Note, Record
from labeler.formats.registry import FORMATS, recognise

AUTOML = """TRAIN,gs://folder/image1.jpg,daisy
TEST,gs://folder/image2.jpg,dandelion,tulip,rose
UNASSIGNED,gs://folder/image3.jpg,daisy
UNASSIGNED,gs://folder/image4.jpg
"""
VERTEX_CSV = """test,gs://bucket/filename1.jpeg,daisy
training,gs://bucket/filename2.gif,dandelion
gs://bucket/filename3.png
gs://bucket/filename4.bmp,sunflowers
validation,gs://bucket/filename5.tiff,tulips
"""
USE = '"dataItemResourceLabels":{"aiplatform.googleapis.com/ml_use":"%s"}'
VERTEX = (
    '{"imageGcsUri":"gs://b/f1.jpeg","classificationAnnotation":{"displayName":"daisy"},'
    + USE % "test" + '}\n{"imageGcsUri":"gs://b/f2.gif","classificationAnnotations":'
    '[{"displayName":"dandelion"},{"displayName":"medium_shot"}],' + USE % "training" + "}\n"
)  # fmt: skip
CHOICE = '{"from_name":"choice","to_name":"image","type":"choices","value":{"choices":["%s"]}}'
LABEL_STUDIO = (
    '[{"data":{"image":"https://host/1.jpg"},"annotations":[{"result":[' + CHOICE % "cat"
    + '],"was_cancelled":false,"ground_truth":false,"lead_time":4.288,"completed_by":10}],'
    '"predictions":[{"model_version":"v3","score":0.95,"result":[' + CHOICE % "dog" + "]}]},"
    '{"data":{"image":"2.jpg"},"annotations":[{"result":[],"was_cancelled":true}]}]'
)  # fmt: skip
SAGEMAKER = """{"source-ref":"s3://bucket/1.jpg"}
{"source-ref":"s3://bucket/2.jpg","species":"0","species-metadata":{"class-name":"dog",\
"confidence":0.95,"type":"groundtruth/image-classification","human-annotated":"yes"}}
{"source-ref":"s3://bucket/3.jpg","tags":[1,0],"tags-metadata":{"class-map":{"1":"bicycle",\
"0":"person"},"confidence-map":{"1":0.95,"0":0.77},"human-annotated":"no",\
"type":"groundtruth/image-classification-multilabel"}}
"""
COCO = """{"images":[{"id":1,"file_name":"1.jpg","width":640,"height":480},
{"id":2,"file_name":"2.jpg"}],"categories":[{"id":7,"name":"cat"},{"id":9,"name":"hat"}],
"annotations":[{"id":1,"image_id":1,"category_id":9},{"id":2,"image_id":1,"category_id":7}]}"""
CVAT = """<annotations><version>1.1</version>
<image id="0" name="img1.png" width="640" height="480"><tag label="cat" source="manual"></tag>
</image><image id="1" name="a/img2.png"><box label="no"/></image></annotations>"""
FIFTYONE = '{"classes":["cat","dog"],"labels":{"img1":0,"img2":{"label":1},"img3":["dog",0]}}'

TASK = """{
  "id": 7,
  "data": {"image": "s3://b/1.jpg", "split": "test"},
  "annotations": [{"result": [{"type": "choices", "value": {"choices": ["dog"]}}]}]
}"""
SAID = '{"result":[' + CHOICE + '],"was_cancelled":%s,"ground_truth":%s}'
SEVERAL_PEOPLE = (
    '[{"data":{"img":"1.jpg"},"annotations":['
    + ",".join([SAID % ("cat", "false", "false"), SAID % ("dog", "false", "false"),
                SAID % ("bird", "true", "false")])
    + ']},{"data":{"img":"2.jpg"},"annotations":['
    + ",".join([SAID % ("cat", "false", "true"), SAID % ("dog", "false", "false")]) + "]}]"
)  # fmt: skip
STORED = (
    '{"id":3,"result":[' + CHOICE % "cat" + '],"was_cancelled":false,'
    '"task":{"id":1,"data":{"image":"https://host/1.jpg"}}}'
)  # fmt: skip
JSON_MIN = """[{"image":"/data/upload/1.jpg","source":"web","id":1,"choice":"cat","annotator":1,
"annotation_id":4,"created_at":"2024-01-01","updated_at":"2024-01-01","lead_time":3.2},
{"image":"/data/upload/2.jpg","source":"web","id":2,"kind":{"choices":["cat","dog"]},"annotator":1,
"annotation_id":5,"created_at":"2024-01-01","updated_at":"2024-01-01","lead_time":1},
{"image":"3.jpg","id":3,"annotator":1,"annotation_id":6,"lead_time":1}]"""
LABEL_STUDIO_CSV = """annotation_id,annotator,choice,created_at,id,image,lead_time,updated_at
4,1,cat,2024-01-01,1,/data/upload/1.jpg,3.2,2024-01-01
5,1,"{""choices"":[""cat"",""dog""]}",2024-01-01,2,/data/upload/2.jpg,1,2024-01-01
"""
PREDICTED = (
    '{"instance":{"content":"gs://bucket/image.jpg","mimeType":"image/jpeg"},'
    '"prediction":{"ids":[1,2],"displayNames":["cat","dog"],"confidences":[0.7,0.5]}}'
)
CVAT_TASK = """<annotations><version>1.1</version>
<meta><task><name>t</name><subset>Train</subset></task></meta>
<image id="0" name="a.png"><tag label="cat" source="manual"></tag></image>
<image id="1" name="b.png" subset="Validation"><tag label="dog" source="manual"></tag></image>
</annotations>"""
CVAT_MANIFEST = """{"version":"1.1"}
{"type":"images"}
{"name":"a/img1","extension":".png","width":640,"height":480,"checksum":"x"}
"""
FIFTYONE_SURE = (
    '{"classes":["cat","dog"],"labels":{"a":{"label":0,"confidence":0.9,"attributes":{}},'
    '"b":["dog",{"label":"cat","confidence":0.2}],"c":null,"d":[]}}'
)

READ = [
    ("automl", AUTOML, [
        Record("gs://folder/image1.jpg", ("daisy",), "train"),
        Record("gs://folder/image2.jpg", ("dandelion", "tulip", "rose"), "test"),
        Record("gs://folder/image3.jpg", ("daisy",)),
        Record("gs://folder/image4.jpg"),
    ]),
    ("automl", VERTEX_CSV, [
        Record("gs://bucket/filename1.jpeg", ("daisy",), "test"),
        Record("gs://bucket/filename2.gif", ("dandelion",), "train"),
        Record("gs://bucket/filename3.png"),
        Record("gs://bucket/filename4.bmp", ("sunflowers",)),
        Record("gs://bucket/filename5.tiff", ("tulips",), "validation"),
    ]),
    ("vertex", VERTEX, [
        Record("gs://b/f1.jpeg", ("daisy",), "test"),
        Record("gs://b/f2.gif", ("dandelion", "medium_shot"), "train"),
    ]),
    ("label-studio", LABEL_STUDIO, [
        Record("https://host/1.jpg", ("cat",), "", (("dog", 0.95),), "v3"),
        Record("2.jpg"),
    ]),
    ("sagemaker", SAGEMAKER, [
        Record("s3://bucket/1.jpg"),
        Record("s3://bucket/2.jpg", ("dog",)),
        Record("s3://bucket/3.jpg", None, "", (("bicycle", 0.95), ("person", 0.77))),
    ]),
    ("coco", COCO, [Record("1.jpg", ("hat", "cat"), width=640, height=480), Record("2.jpg")]),
    ("cvat", CVAT, [Record("img1.png", ("cat",), width=640, height=480), Record("a/img2.png")]),
    ("fiftyone", FIFTYONE, [
        Record("img1", ("cat",)), Record("img2", ("dog",)), Record("img3", ("dog", "cat")),
    ]),
    ("huggingface-csv", "file_name,label\nimages/1.jpg,cat\nimages/2.jpg,\n", [
        Record("images/1.jpg", ("cat",)), Record("images/2.jpg"),
    ]),
    ("huggingface", '{"file_name":"images/1.jpg","label":"cat"}\n', [
        Record("images/1.jpg", ("cat",)),
    ]),
    ("doccano", '{"filename": "cat.png", "label": ["cat"]}\n', [Record("cat.png", ("cat",))]),
    ("label-studio", TASK, [Record("s3://b/1.jpg", ("dog",), "test")]),
    ("label-studio", SEVERAL_PEOPLE, [Record("1.jpg", ("dog",)), Record("2.jpg", ("cat",))]),
    ("label-studio", STORED, [Record("https://host/1.jpg", ("cat",))]),
    ("label-studio", JSON_MIN, [
        Record("/data/upload/1.jpg", ("cat",)), Record("/data/upload/2.jpg", ("cat", "dog")),
        Record("3.jpg"),
    ]),
    ("label-studio-csv", LABEL_STUDIO_CSV, [
        Record("/data/upload/1.jpg", ("cat",)), Record("/data/upload/2.jpg", ("cat", "dog")),
    ]),
    ("vertex", PREDICTED, [
        Record("gs://bucket/image.jpg", None, "", (("cat", 0.7), ("dog", 0.5))),
    ]),
    ("cvat", CVAT_TASK, [
        Record("a.png", ("cat",), "train"), Record("b.png", ("dog",), "validation"),
    ]),
    ("cvat-manifest", CVAT_MANIFEST, [Record("a/img1.png", width=640, height=480)]),
    ("fiftyone", FIFTYONE_SURE, [
        Record("a", None, "", (("cat", 0.9),)), Record("b", ("dog",), "", (("cat", 0.2),)),
        Record("c"), Record("d", ()),
    ]),
    ("fiftyone", '{"labels":{"img1":"cat"}}', [Record("img1", ("cat",))]),
    ("automl", "gs://b/1.jpg,None_of_the_above\ngs://b/no_ending,x\n", [
        Record("gs://b/1.jpg", ()), Record("gs://b/no_ending", ("x",)),
    ]),
    ("huggingface", '{"file_name":"1.jpg","labels":["cat","dog"]}\n'
                    '{"file_name":"2.jpg","label":3}\n', [
        Record("1.jpg", ("cat", "dog")), Record("2.jpg", ("3",)),
    ]),
    ("doccano", '{"id":1,"filename":"cat.png","label":["cat"],"Comments":[]}', [
        Record("cat.png", ("cat",)),
    ]),
]  # fmt: skip


def read(key, data):
    return list(FORMATS[key].read(BytesIO(data)))


@pytest.mark.parametrize(("key", "text", "records"), READ)
def test_the_published_example_is_recognised_and_read(key, text, records):
    assert recognise(text.encode()) == key
    assert [row for row in read(key, text.encode()) if not isinstance(row, Note)] == records


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_marks_of_other_systems(encoding, end):
    data = "TRAIN,ä/ｶ.jpg,花\nTEST,2.jpg,b".replace("\n", end).encode(encoding)
    assert read("automl", data) == [
        Record("ä/ｶ.jpg", ("花",), "train"),
        Record("2.jpg", ("b",), "test"),
    ]


@pytest.mark.parametrize(
    ("key", "data", "line"),
    [
        ("automl", b"a.jpg,x\nTRAIN,\nb.jpg,y\n", 2),
        ("automl", b"a.jpg,x\nx.jpg," + b"x" * 3_000_000 + b"\nb.jpg,y\n", 2),
        ("automl", b"a.jpg,x\n\xff\xfe.jpg,\x80\nb.jpg,y\n", 2),
        ("vertex", b'{"imageGcsUri":"a.jpg"}\nnot json\n{"imageGcsUri":"b.jpg"}\n', 2),
        ("vertex", b'{"imageGcsUri":"a.jpg"}\n{"imageGcsUri":7}\n{"imageGcsUri":"b.jpg"}\n', 2),
        ("vertex", b'{"imageGcsUri":"a.jpg"}\n{"imageGcsUri":"x","classificationAnnotation":{}}\n'
                   b'{"imageGcsUri":"b.jpg"}\n', 2),
        ("vertex", b'{"imageGcsUri":"a.jpg"}\n{"instance":{"content":"x"},"prediction":'
                   b'{"displayNames":["x"],"confidences":[]}}\n{"imageGcsUri":"b.jpg"}\n', 2),
        ("cvat-manifest", b'{"version":"1.1"}\n{"name":"a.jpg"}\n{"x":1}\n{"name":"b.jpg"}\n', 3),
        ("label-studio-csv", b"image,id,choice,annotator,annotation_id,lead_time\na.jpg,1,x,1,1,1\n"
                             b",1,x,1,1,1\nb.jpg,1,x,1,1,1\n", 3),
        ("sagemaker", b'{"source-ref":"a.jpg"}\n[1]\n{"source-ref":"b.jpg"}\n', 2),
        ("huggingface-csv", b"file_name,label\na.jpg,x\n,y\nb.jpg,z\n", 3),
        ("doccano", b'{"filename":"a.jpg","label":[]}\n{"filename":"x","label":[1]}\n'
                    b'{"filename":"b.jpg","label":["z"]}\n', 2),
        ("label-studio", b'[{"data":{"image":"a.jpg"}},{"data":{}},{"data":{"image":"b.jpg"}}]', 2),
        ("coco", b'{"categories":[],"annotations":[],'
                 b'"images":[{"file_name":"a.jpg"},{"id":1},{"file_name":"b.jpg"}]}', 2),
        ("cvat", b'<annotations><image name="a.jpg"/><image/><image name="b.jpg"/></annotations>',
         2),
        ("fiftyone", b'{"classes":["x"],"labels":{"a.jpg":0,"c":5,"b.jpg":"y"}}', 2),
    ],
)  # fmt: skip
def test_a_bad_row_is_told_and_the_rest_goes_on(key, data, line):
    found = read(key, data)
    bad = [row for row in found if isinstance(row, BadRow)]
    assert [row.line for row in bad] == [line]
    assert bad[0].reason and bad[0].remedy
    assert [row.path for row in found if isinstance(row, Record)] == ["a.jpg", "b.jpg"]


@pytest.mark.parametrize(
    ("key", "data"),
    [
        ("label-studio", b'[{"data":{"image":"a.jpg"}},{"da'),
        ("coco", b'{"images": ['),
        ("cvat", b"<annotations><image name='a'>"),
        ("cvat", b'<!DOCTYPE a [<!ENTITY b "c">]><annotations>&b;</annotations>'),
        ("coco", b'{"categories":[],"annotations":[]}'),
        ("coco", b"[" * 10_000),
        ("cvat", b"<a>" * 10_000),
        ("automl", "ä".encode("utf-16") + b"\x00"),
    ],
)
def test_a_broken_file_says_what_to_do(key, data):
    with pytest.raises(BadFile) as refused:
        read(key, data)
    assert refused.value.reason and refused.value.remedy


PROSE = b"""http://example.com is where these come from.
The first one is cat.jpg
and the others, so we were told, come from elsewhere.
All of them may be used, shared, changed and sold,
as long as somebody says who took them.
"""


@pytest.mark.parametrize(
    "head", [b"", b"hello", b"a,b\n1,2\n", b"{}", b"[]", b"<html>", b"{" * 9, PROSE, PROSE[45:]]
)
def test_what_is_none_of_them_is_not_guessed(head):
    assert recognise(head) is None
