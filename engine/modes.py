"""The engine's two moods: `no_grad()` remembers nothing, `anomaly()` stops at the first nan or inf.

MODES is empty while neither is on anywhere, which is all that an operation looks at; the context
variables then say what is on in this thread or task.
"""

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from .rules import VARIABLE

MODES: list[ContextVar[bool]] = []
SILENT: ContextVar[bool] = ContextVar("no_grad", default=False)
STRICT: ContextVar[bool] = ContextVar("anomaly", default=False)
NOTES: ContextVar["list[Any] | None"] = ContextVar("notes", default=None)
NOTING: list[None] = []             # empty while nobody notes comparisons anywhere
HERE = os.path.dirname(__file__)


@contextmanager
def _on(mode: ContextVar[bool]) -> Iterator[None]:
    token = mode.set(True)
    MODES.append(mode)
    try:
        yield
    finally:
        MODES.remove(mode)
        mode.reset(token)


def no_grad() -> Any:
    """A context (or decorator) in which operations return plain leaves that remember nothing."""
    return _on(SILENT)


@contextmanager
def recording() -> Iterator[None]:
    """A context in which operations are remembered even inside `no_grad()`."""
    token = SILENT.set(False)
    try:
        yield
    finally:
        SILENT.reset(token)


@contextmanager
def noting() -> Iterator[list[Any]]:
    """A context in which comparisons of Values are noted: (sign, x, y, outcome)."""
    notes: list[Any] = []
    token = NOTES.set(notes)
    NOTING.append(None)
    try:
        yield notes
    finally:
        NOTING.pop()
        NOTES.reset(token)


def anomaly() -> Any:
    """A context (or decorator) in which the first nan or inf becomes a FloatingPointError.

    The error names the operation, its inputs and the line that called for it; in `backward()` it
    names the node at which the first gradient went wrong.
    """
    return _on(STRICT)


def watched(node: Any) -> Any:
    """A node just made, as the modes of this thread want it."""
    if SILENT.get():
        node._prev, node._rule = (), VARIABLE
    elif STRICT.get():
        node.made_at = _caller()
        if not math.isfinite(node.data):
            raise FloatingPointError(
                f"{described(node)} gave {node.data!r}, made at {node.made_at}: keep the inputs "
                f"inside the domain, or leave anomaly() to go on with {node.data!r}")
    return node


def check_gradients_of(node: Any, g: float) -> None:
    """Raises FloatingPointError where `node` handed a gradient to its inputs that is not finite."""
    for i, x in enumerate(node._prev):
        if not math.isfinite(x.grad):
            raise FloatingPointError(
                f"the gradient became {x.grad!r} at input {i + 1} of {described(node)}, whose own "
                f"gradient is {g!r}, made at "
                f"{getattr(node, 'made_at', 'a line outside anomaly()')}: "
                f"its slope is not finite there, so keep the input away from that point")


def described(node: Any) -> str:
    """A node in an error: its label, operation and inputs."""
    inputs = ", ".join(f"{x.label} = {x.data!r}" if x.label else repr(x.data)
                       for x in node._prev[:6])
    more = ", ..." if len(node._prev) > 6 else ""
    label = f"{node.label!r} = " if node.label else ""
    return f"{label}{node._rule.name}({inputs}{more})"


def _caller() -> str:
    frame = sys._getframe(2)
    while frame.f_back and (frame.f_code.co_filename.startswith((HERE, "<handgrad"))):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
