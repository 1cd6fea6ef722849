"""What programs write to the journal or a terminal: one line per event, whatever happens, and no traceback."""

import logging
import os
import sys
import threading
import traceback
from contextlib import suppress
from typing import Any

import structlog

_PRIORITIES = {"critical": 2, "error": 3, "warning": 4}
"""sd-daemon(3): what stands in front of a line that the journal reads."""
_CHATTY = ("kombu.connection", "pyhanko", "pyhanko_certvalidator")


def one_line_logs() -> None:
    """A person reads them: libraries speak up only when something is wrong."""
    structlog.configure(
        processors=[structlog.processors.add_log_level, _event_line],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=lambda *_: _Lines(),
    )
    logging.raiseExceptions = False
    handler = logging.StreamHandler()
    handler.setFormatter(_LineFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.CRITICAL)
    sys.excepthook = lambda _kind, fault, _trace: _print_fault("the program", fault)
    threading.excepthook = lambda told: _print_fault(told.thread.name if told.thread else "a thread", told.exc_value)


def fault_line(fault: BaseException) -> str:
    """What happened, and where, in one line."""
    steps = traceback.extract_tb(fault.__traceback__)
    place = f" ({steps[-1].filename}:{steps[-1].lineno})" if steps else ""
    return f"{type(fault).__name__}: {fault}{place}"


def _event_line(_logger: Any, _name: str, event: structlog.typing.EventDict) -> str:
    level, what, fault = event.pop("level"), str(event.pop("event")), event.pop("exc_info", None)
    if isinstance(fault, BaseException):
        event["fault"] = fault_line(fault)
    return _line(level, " ".join([what, *(f"{name}={value!r}" for name, value in event.items())]))


class _Lines:
    """Writes lines; where nobody takes them, on a full disk or without a journal, they are lost and nothing else is."""

    def msg(self, line: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    debug = info = warning = error = critical = msg


class _LineFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fault = record.exc_info[1] if record.exc_info else None
        words = f"{record.name}: {record.getMessage()}" + (f" {fault_line(fault)}" if fault else "")
        return _line(record.levelname.lower(), words)


def _print_fault(where: str, fault: BaseException | None) -> None:
    if fault is not None:
        _Lines().msg(_line("critical", f"courtrec: {where} failed: {fault_line(fault)}"))


def _line(level: str, words: str) -> str:
    priority = f"<{_PRIORITIES.get(level, 6)}>" if "JOURNAL_STREAM" in os.environ else ""
    return priority + " ".join(words.split())
