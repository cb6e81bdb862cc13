"""engine: a scalar autograd engine. `Value` remembers; `backward()` applies the chain rule.

    ieee.py       float functions that never raise
    lists.py      sums and softmaxes of floats, exact to rounding
    ops.py        the table: one row per operation         <- start here
    rules.py      the rows, compiled
    graph.py      the order of a graph
    scalars.py    what counts as a number
    backward.py   the backward pass
    value.py      Value and its operators                  <- then here
    functions.py  the operations as functions; total, dot, softmax over lists
    calculus.py   grad, jacobian, hessian, jvp, vjp, hvp
    check.py      gradients against finite differences
    extend.py     operations added at run time
    modes.py      no_grad, anomaly
    persist.py    copying and pickling
    native/       compile: recorded once, replayed as native code
"""

from typing import TYPE_CHECKING, Any

from .backward import local_gradients
from .calculus import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from .check import check_gradients
from .extend import add_operation
from .functions import NAMES, dot, log_softmax, logsumexp, softmax, total
from .modes import anomaly, no_grad
from .native import compile
from .ops import ROWS, Row
from .rules import source
from .value import Value, computed, is_constant

globals().update(NAMES)

__all__ = [
    "ROWS", "Row", "Value", "add_operation", "anomaly", "check_gradients", "compile", "computed",
    "dot", "grad", "hessian", "hvp", "is_constant", "jacobian", "jvp", "local_gradients",
    "log_softmax", "logsumexp", "no_grad", "softmax", "source", "total", "value_and_grad", "vjp",
    *(name for name in NAMES if name not in ("abs", "pow")),    # those stay Python's after import *
]

if TYPE_CHECKING:
    def __getattr__(name: str) -> Any: ...
