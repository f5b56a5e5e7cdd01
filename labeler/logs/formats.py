"""How a line is written: for people, or as JSON for programs."""

import copy
import logging
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

from labeler.logs import secret

Line = MutableMapping[str, Any]
PLAIN = (int, float, bool, type(None))
FIRST = ("timestamp", "level", "logger", "event")  # the rest follows by name


class Lines(ProcessorFormatter):
    """Formatter for every handler: masks secrets, cuts what was sent, adds what is at hand.

    json: one JSON object a line; else a line for people. At hand is what was bound to the context:
    `request`, or `job`, `project` and `attempt`.
    """

    def __init__(self, json: bool = False) -> None:
        written = structlog.processors.JSONRenderer(ensure_ascii=False) if json else _for_people
        stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
        super().__init__(
            processors=[_process, ProcessorFormatter.remove_processors_meta, _guarded, written],
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars, add_log_level, add_logger_name,
                ExtraAdder(), stamp,
            ],
        )  # fmt: skip

    def format(self, record: logging.LogRecord) -> str:
        """The line. What it tells of values is cut before they are put together."""
        short = copy.copy(record)
        short.args = _short(record.args)
        trace = self.formatException(record.exc_info) if record.exc_info else record.exc_text
        short.exc_info = short.exc_text = short.stack_info = None
        if trace:
            short.exception = secret.trace(trace)
        return super().format(short)


def _short(given: Any) -> Any:
    if isinstance(given, dict):
        return {name: _cut(value) for name, value in given.items()}
    return tuple(_cut(value) for value in given) if isinstance(given, tuple) else given


def _cut(value: Any) -> Any:
    if isinstance(value, PLAIN):
        return value
    text = str(value)
    return value if len(text) <= secret.LONGEST_VALUE else secret.cut(text)


def _process(_logger: Any, _name: str, line: Line) -> Line:
    record = line.get("_record")
    return {**line, "process": record.process} if record else line


def _guarded(_logger: Any, _name: str, line: Line) -> Line:
    """One line each, without secrets; in an order that people find again."""
    kept: dict[str, Any] = {name: line.pop(name) for name in FIRST if name in line}
    kept["event"] = secret.line(str(kept.get("event", "")))
    trace = line.pop("exception", None)
    for name in sorted(line):
        value = line[name]
        kept[name] = value if isinstance(value, PLAIN) else secret.line(str(value), 256)
    return kept | ({"exception": trace} if trace else {})


def _for_people(_logger: Any, _name: str, line: Line) -> str:
    trace = line.pop("exception", None)
    line.pop("process", None)
    when, level, logger, event = (line.pop(name, "") for name in FIRST)
    about = " ".join(f"{name}={value}" for name, value in line.items())
    told = f"{when[:23].replace('T', ' ')} {level.upper()} {logger}: {event}"
    told = f"{told} [{about}]" if about else told
    return f"{told}\n{trace}" if trace else told
