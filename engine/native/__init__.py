"""native: a recorded graph as a flat program, and that as native code.

    function.py   functions that record when they must                   <- start here
                  recordings.py: their recordings; batches.py
    program.py    Program: values, gradients, training                   <- then here
    entry.py      a call from Python in one step; entrycode.py
    graph.py      a recorded graph by numbers; flat.py: as arrays
    sums.py       chains of + and * become dot products
    turns.py      softmaxes that look at different elements become one row
    lanes.py      equal terms of a sum become lanes of one template; owners.py, alike.py, lane.py
    layout.py     where every number stands
    stages.py     a template in order: elementwise stages, matrix products
    trace.py      the rows' text without branches; choose.py, listed.py: what it calls
    llvm.py       LLVM's assembly language, written; body.py: its names, loops and places
    scalars.py    straight-line code; runs.py: long dots as loops
    region.py     a template as loops over lanes; stageloop.py: one of them; products.py,
                  matrices.py: its products
    rolls.py      chains that repeat become loops; repeats.py: which
    rollcode.py   their code; rollback.py: that of a round backward
    module.py     all of it put together
    grouped.py    the same for large graphs that do not repeat: groups of nodes of one kind;
                  strangers.py: when; groups.py, kinds.py, levels.py: which;
                  groupcode.py, frames.py, parts.py: their code
    jit.py        machine code, by llvmlite; kept on disk
    drivers.py    the training loop; updates.py, optimizers.py: what an optimizer means there
    memory.py     the numbers; plain.py: the same without a compiler; careful.py: in the eager gear
    listing.py    a program as lines to read
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..value import Value


def compile(loss: Any, *, parameters: "Iterable[Value] | None" = None,
            inputs: "Sequence[Any] | None" = None) -> Any:
    """A Program of a recorded loss, or a Function of a function that returns one.

    parameters: the leaves that get gradients; all variables if None. inputs: of a function, an
    example of what it will be called with, to record at once.
    """
    from .function import Function  # numpy is loaded when it is needed
    from .program import Program
    if callable(loss) and not isinstance(loss, type):
        return Function(loss, parameters, inputs)
    if inputs is not None:
        raise TypeError("a recorded loss has its inputs in its leaves: give a function to compile "
                        "one that takes inputs")
    return Program(loss, None if parameters is None else list(parameters))
