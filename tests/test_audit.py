"""The audit of dependencies: what it finds, and that every pin has a date."""

from datetime import date

from tools import audit


def test_every_pin_was_looked_at_some_day():
    wanted = audit.pins(audit.PINS.read_text())
    assert wanted["django"]
    assert wanted["django-storages"]
    missing = audit.old(wanted, audit.LOOKED_AT.read_text(), date(2000, 1, 1))
    assert missing == []


def test_old_and_unknown_pins_are_named():
    looked_at = "a==1 2026-01-01\nb==1 2026-05-01\n"
    lines = audit.old({"a": "1", "b": "1", "c": "2"}, looked_at, date(2026, 5, 2))
    assert [line.partition(" ")[0] for line in lines] == ["a", "c"]


def test_a_hole_is_told_with_its_remedy():
    told = [{"name": "x", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}]
    assert audit.holes(told) == ["x 1: CVE-1, mended in 2"]


def test_without_a_database_it_says_so_and_does_not_fail(monkeypatch, capsys):
    monkeypatch.setattr(audit, "asked", lambda: None)
    assert audit.main() == 0
    assert "reached no database" in capsys.readouterr().out
    hole = {"name": "x", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": []}]}
    monkeypatch.setattr(audit, "asked", lambda: [hole])
    assert audit.main() == 1
    assert "no version yet" in capsys.readouterr().out
