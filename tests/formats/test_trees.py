"""Folders that are named like splits and labels."""

import pytest

from labeler.formats.trees import has_splits, split_and_label

PATHS = [
    ("train/cat/1.jpg", "train", "cat"),
    ("root/train/cat/1.jpg", "train", "cat"),
    ("root/images/Val/cat/1.jpg", "validation", "cat"),
    ("valid/dog/1.jpg", "validation", "dog"),
    ("validation\\dog\\1.jpg", "validation", "dog"),
    ("data/TEST/a b/x/1.jpg", "test", "x"),
    ("test/1.jpg", "test", ""),
    ("train/test/1.jpg", "train", "test"),
    ("cat/1.jpg", "", "cat"),
    ("unassigned/cat/1.jpg", "", "cat"),
    ("a/b/c/train/cat/1.jpg", "", "cat"),
    ("train.jpg", "", ""),
    ("", "", ""),
]


@pytest.mark.parametrize(("path", "split", "label"), PATHS)
def test_a_path_tells_its_split_and_label(path, split, label):
    assert split_and_label(path) == (split, label)


def test_splits_need_labels_below_them():
    assert has_splits(["photos/pool/hat/1.jpg", "photos/test/hat/2.jpg"])
    assert not has_splits(["vehicles/bus/1.jpg", "vehicles/train/2.jpg"])
    assert not has_splits(["1.jpg", "cat/2.jpg"])
