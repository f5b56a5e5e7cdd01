"""A cluster as a filter of the list."""

import numpy as np
import pytest

from labeler.exploring import columns, filters, sieve
from tests.exploring.test_clusters import made
from tests.training.invented import fill


@pytest.fixture(autouse=True)
def _fresh_memory():
    columns.forget()
    sieve.forget()


def test_a_cluster_is_a_filter(project):
    fill(project)
    survey = made(project, k=3)
    wanted = filters.parsed({"cluster": [f"{survey.pk}-1"]})
    assert wanted.query() == f"cluster={survey.pk}-1"
    rows = sieve.found(project, wanted).rows
    assert len(np.unique(rows % 3)) == 1
    assert len(rows) == 18  # two more are of the audit sample, and still to be asked
    both = filters.parsed({"cluster": [f"{survey.pk}-1", f"{survey.pk}-2"]})
    assert len(sieve.found(project, both).rows) == 36


def test_clusters_that_are_gone_hold_nothing(project):
    fill(project)
    assert len(sieve.found(project, filters.parsed({"cluster": ["77-0"]})).rows) == 0


@pytest.mark.parametrize("word", ["7", "x-1", "7-", "-1"])
def test_a_word_that_names_no_cluster_is_refused(word):
    with pytest.raises(filters.BadFilter):
        filters.parsed({"cluster": [word]})
