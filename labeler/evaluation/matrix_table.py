"""The cells of the confusion matrix as HTML, a row at a time.

A template that goes through some thousand cells takes ten times as long.
"""

from collections.abc import Iterator
from urllib.parse import urlencode

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from labeler.evaluation.matrix import Cell, Line, Matrix
from labeler.projects.models import Label

EMPTY = '<td class="z" colspan="{}"></td>'
SHARE = '<td class="{}" title="{}">{}</td>'
COUNT = '<td class="{}">{}</td>'
LINK = '<a href="{}?{}">{}<span class="sr">: {}, {}</span></a>'


def rows(found: Matrix, last: str, address: str = "") -> list[tuple[Label, SafeString]]:
    """Each label with the cells of its row.

    last: what the last column is called. address: the page that shows a cell's images; without
    it no cell is a link.
    """
    return [(line.label, _row(line, last, address)) for line in found.lines]


def _row(line: Line, last: str, address: str) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in _parts(line, last, address)))


def _parts(line: Line, last: str, address: str) -> Iterator[SafeString]:
    for cell in line.cells:
        if cell.empty:
            yield format_html(EMPTY, cell.empty)
        yield _cell(cell, _inside(cell, last, address))
    if line.empty:
        yield format_html(EMPTY, line.empty)


def _cell(cell: Cell, inside: SafeString) -> SafeString:
    if cell.share is None:
        return format_html(COUNT, cell.css, inside)
    return format_html(SHARE, cell.css, cell.count, inside)


def _inside(cell: Cell, last: str, address: str) -> SafeString:
    shown = cell.count if cell.share is None else f"{100 * cell.share:.0f}"
    if not address:
        return format_html("<span>{}</span>", shown)
    predicted = cell.predicted.pk if cell.predicted else "unknown"
    query = urlencode({"truth": cell.truth.pk, "predicted": predicted})
    called = cell.predicted.name if cell.predicted else last
    return format_html(LINK, address, query, shown, cell.truth.name, called)
