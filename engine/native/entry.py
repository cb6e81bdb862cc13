"""A call from Python in one step: `value` and `value_and_gradients` as built-in functions.

    entry("value_and_gradients", program, slowly)           () -> (loss, array of gradients)
    entry("value", program, slowly, places)                 (x, ...) -> the loss, of a function

Python's own road into native code, by ctypes, takes longer than a small program does. So the
compiler makes functions of the kind that Python calls directly: they read the numbers of leaves and
arguments, run the program, copy the gradients and return what Python expects, all by Python's C
interface; entrycode.py has them. Where anything is out of the ordinary (a gradient is nan, a leaf
holds no number, an argument is no float, another thread trains), they leave all to the slower way,
which knows what to do or to say. They keep Python's lock, and are not for programs that take long.
"""

import ctypes
import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from . import entrycode
from .choose import Array
from .jit import Library, add_symbols

FASTCALL = 0x80         # METH_FASTCALL: arguments as an array
ENTRIES = {"value": ("value", b"The loss."),
           "value_and_gradients": ("step", b"The loss, and its gradient by each parameter.")}


class Definition(ctypes.Structure):
    """What Python wants to know of a built-in function: PyMethodDef."""

    _fields_ = [("name", ctypes.c_char_p), ("function", ctypes.c_void_p),
                ("flags", ctypes.c_int), ("doc", ctypes.c_char_p)]


@cache
def available() -> bool:
    """Whether this Python is called in that way, on 64 bits, and has its lock."""
    locked = getattr(sys, "_is_gil_enabled", lambda: True)
    return (sys.implementation.name == "cpython" and sys.maxsize > 2**32 and locked()
            and all(hasattr(ctypes.pythonapi, name) for name in entrycode.PYTHON))


@cache
def compiled() -> Library:
    """The functions that all programs share, compiled once in a process."""
    add_symbols({name: ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value
                 for name in entrycode.PYTHON})
    return Library(entrycode.text(), dict.fromkeys(ENTRIES, ("ptr", "ptr", "ptr", int)))


def entry(name: str, program: Any, slowly: Callable[..., Any],
          places: "Sequence[int] | Array" = ()) -> Callable[..., Any]:
    """A built-in function of a program; places: where the numbers of its arguments go."""
    memory, (run, doc) = program.memory, ENTRIES[name]
    out, moves = gathered(program)
    fills, copy, data = memory.filled(), out.copy, sys.intern("data")
    columns = {"leaves": [id(leaf) for leaf in memory.leaves], "slots": memory.slots,
               "places": places,
               "fills.to": [to for to, _ in fills], "fills.from": [k for _, k in fills],
               "moves.to": [to for to, _ in moves], "moves.from": [k for _, k in moves]}
    arrays = {name: np.array(column, dtype=np.int64) for name, column in columns.items()}
    fields = dict(zip("sgt", program.pointers)) | {
        "run": program.library.pointers[run], "busy": memory.busy.ctypes.data,
        **{name: a.ctypes.data for name, a in arrays.items()},
        "leaves.n": len(memory.leaves), "places.n": len(places), "fills.n": len(fills),
        "moves.n": len(moves), "g.n": program.module.layout.parameters, "out": out.ctypes.data,
        "float": id(float), "data": id(data), "copy": id(copy), "slowly": id(slowly)}
    block = np.array([fields[name] for name in entrycode.FIELDS], dtype=np.int64)
    own = Definition(name.encode(), compiled().pointers[name], FASTCALL, doc)
    kept = (block.ctypes.data, block, arrays, memory, memory.leaves, out, copy, slowly, data, own,
            program.library)                        # all of it lives as long as the function
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object,
                                                     ctypes.c_void_p]
    return make(ctypes.addressof(own), kept, None)      # type: ignore[no-any-return]


def gathered(program: Any) -> tuple[Array, list[tuple[int, int]]]:
    """Where the gradients stand in the parameters' order, and the moves that bring them there."""
    memory = program.memory
    if memory.slice is not None and len(program.reached) == len(program.parameters):
        return memory.slice, []
    return np.zeros(len(program.parameters)), [*zip(program.reached, memory.parameters.tolist())]
