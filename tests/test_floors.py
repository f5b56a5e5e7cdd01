"""Imports go down the floors only."""

from pathlib import Path

from tests import floors

ROOT = Path(__file__).parents[1]


def test_no_import_climbs():
    assert floors.climbs(ROOT) == []


def test_ml_knows_arrays_and_no_django():
    assert floors.strangers_in_ml(ROOT) == []


def test_the_check_reads_the_whole_house():
    read = {file.relative_to(ROOT).parts[:2] for file in floors.sources(ROOT)}
    packages = {tuple(name.split(".")) for name in floors.FLOORS if "." in name}
    there = {package for package in packages if (ROOT / Path(*package)).is_dir()}
    assert there <= read
    assert len(there) >= 6


class TestTheCheckItself:
    def climbs(self, tmp_path, name, source):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8")
        return floors.climbs(tmp_path)

    def test_names_the_import_that_climbs(self, tmp_path):
        found = self.climbs(
            tmp_path, "labeler/pools/adding.py", "import os\n\nfrom labeler.labeling import queue\n"
        )
        assert found == [
            "labeler/pools/adding.py:3 is on floor 1 (labeler.pools) "
            "and imports labeler.labeling.queue"
        ]

    def test_sees_imports_inside_functions(self, tmp_path):
        source = "def later():\n    import labeler.evaluation.report\n"
        assert self.climbs(tmp_path, "labeler/training/rounds.py", source)

    def test_sees_relative_imports(self, tmp_path):
        assert self.climbs(tmp_path, "labeler/projects/access.py", "from ..pools import models\n")

    def test_sees_imports_by_name(self, tmp_path):
        source = 'from importlib import import_module\n\nimport_module("labeler.training.rounds")\n'
        assert self.climbs(tmp_path, "labeler/labeling/queue.py", source)

    def test_nobody_imports_the_roof(self, tmp_path):
        assert self.climbs(tmp_path, "labeler/evaluation/report.py", "from labeler import urls\n")

    def test_neighbours_of_a_floor_do_not_know_each_other(self, tmp_path):
        assert self.climbs(tmp_path, "labeler/work/leases.py", "import labeler.projects.models\n")

    def test_going_down_is_allowed(self, tmp_path):
        source = "from labeler.projects.models import Project\nfrom ml import scores\n"
        assert self.climbs(tmp_path, "labeler/training/rounds.py", source) == []

    def test_django_in_ml_is_found(self, tmp_path):
        (tmp_path / "ml").mkdir()
        (tmp_path / "ml" / "scores.py").write_text("from django.db import models\n")
        assert floors.strangers_in_ml(tmp_path) == ["ml/scores.py:1 imports django.db.models"]
