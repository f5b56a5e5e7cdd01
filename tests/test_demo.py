"""The demo project: real digits, their truth kept aside."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image as Picture
from sklearn.datasets import load_digits

from labeler import demo
from labeler.pools.models import Import
from labeler.projects.models import Membership, Project


def test_the_digits_are_those_of_scikit_learn():
    pictures, truth = demo.digits()
    known = load_digits()
    np.testing.assert_array_equal(pictures, known.images)
    np.testing.assert_array_equal(truth, known.target)


def test_the_archive_holds_one_picture_each_in_the_folder_of_its_digit():
    pictures, truth = demo.digits()
    with zipfile.ZipFile(io.BytesIO(demo.archive())) as packed:
        names = packed.namelist()
        first = np.asarray(Picture.open(packed.open(names[0])))
    assert len(names) == 1797
    assert [int(name.split("/")[0]) for name in names] == list(truth)
    np.testing.assert_array_equal(first, 255 - pictures[0] * 255 // 16)


def test_it_is_made_for_an_owner_who_has_nothing_yet(db):
    project = demo.make_at_first()
    assert project.is_demo
    assert [(label.name, label.key) for label in project.labels.all()] == [
        (str(digit), str(digit)) for digit in range(10)
    ]
    assert Membership.objects.get(project=project).role == "admin"
    delivery = Import.objects.get(project=project)
    assert (delivery.folders, delivery.sealed) == ("truth", True)
    assert demo.is_coming()


def test_it_is_made_once(db):
    demo.make_at_first()
    assert demo.make_at_first() is None
    assert Project.objects.count() == 1


@pytest.mark.parametrize("had", ["a project", "a sign-in"])
def test_an_owner_who_has_begun_gets_none(owner, had):
    if had == "a project":
        Project.objects.create(name="Mine", audit_seed=1, created_by=owner)
    else:
        owner.last_login = owner.date_joined
        owner.save()
    assert demo.make_at_first() is None
