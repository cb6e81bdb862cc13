"""A call from Python in one step: a program's `value_and_gradients` as a built-in function.

    value_and_gradients = entry(program, slowly)            () -> (loss, array of gradients)
    value_and_gradients = entry(program, slowly, places)    (x, ...) -> the same, of a function

Python's own road into native code, by ctypes, takes longer than a small program does. So the
compiler makes a function of the kind that Python calls directly: it reads the numbers of leaves and
arguments, runs `step`, copies the gradients and returns the pair, by functions of Python's stable C
interface. Where anything is out of the ordinary (a gradient is nan, a leaf holds no number, an
argument is no float), it leaves all to the slower way, which knows what to do or to say.

What it works on stands in one block of addresses and sizes, in the order of FIELDS. It keeps
Python's lock, and is not for programs that take long, nor for a Python without that lock.
"""

import ctypes
import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from .choose import Array
from .drivers import looks_for_nan
from .jit import Library, add_symbols
from .llvm import declarations

FIELDS = ("s", "g", "t", "step",                        # the program
          "leaves", "slots", "leaves.n",                # Values to read, and where their numbers go
          "places", "places.n",                         # where those of the arguments go
          "fills.to", "fills.from", "fills.n",          # within s
          "g.n", "out",                                 # gradients to look for nan; the array
          "moves.to", "moves.from", "moves.n",          # from g to out
          "float", "data", "copy", "slowly")            # a type, an attribute's name, two callables

FUNCTIONS = {"PyTuple_GetItem": ("ptr", "ptr, i64"), "PyTuple_New": ("ptr", "i64"),
             "PyTuple_SetItem": ("i32", "ptr, i64, ptr"), "PyLong_AsVoidPtr": ("ptr", "ptr"),
             "PyFloat_AsDouble": ("double", "ptr"), "PyFloat_FromDouble": ("ptr", "double"),
             "PyObject_GetAttr": ("ptr", "ptr, ptr"), "PyObject_Type": ("ptr", "ptr"),
             "PyObject_CallNoArgs": ("ptr", "ptr"),
             "PyObject_Vectorcall": ("ptr", "ptr, ptr, i64, ptr"),
             "PyErr_Occurred": ("ptr", ""), "PyErr_Clear": ("void", ""),
             "Py_DecRef": ("void", "ptr")}

READ = """define internal i1 @read(ptr %leaves, ptr %slots, ptr %s, ptr %data, i64 %n) {
entry:
  %some = icmp ne i64 %n, 0
  br i1 %some, label %leaf, label %good
leaf:
  %k = phi i64 [ 0, %entry ], [ %k.next, %next ]
  %leaf.p = getelementptr ptr, ptr %leaves, i64 %k
  %value = load ptr, ptr %leaf.p
  %number = call ptr @PyObject_GetAttr(ptr %value, ptr %data)
  %none = icmp eq ptr %number, null
  br i1 %none, label %bad, label %found
found:
  %x = call double @PyFloat_AsDouble(ptr %number)
  call void @Py_DecRef(ptr %number)
  %maybe = fcmp oeq double %x, -1.0
  br i1 %maybe, label %ask, label %next
ask:
  %error = call ptr @PyErr_Occurred()
  %wrong = icmp ne ptr %error, null
  br i1 %wrong, label %bad, label %next
next:
  %slot.p = getelementptr i64, ptr %slots, i64 %k
  %slot = load i64, ptr %slot.p
  %to = getelementptr double, ptr %s, i64 %slot
  store double %x, ptr %to
  %k.next = add i64 %k, 1
  %more = icmp ult i64 %k.next, %n
  br i1 %more, label %leaf, label %good
good:
  ret i1 false
bad:
  ret i1 true
}"""

TAKE = """define internal i1 @take(ptr %arguments, ptr %places, ptr %s, ptr %float, i64 %n) {
entry:
  %some = icmp ne i64 %n, 0
  br i1 %some, label %one, label %good
one:
  %k = phi i64 [ 0, %entry ], [ %k.next, %next ]
  %one.p = getelementptr ptr, ptr %arguments, i64 %k
  %value = load ptr, ptr %one.p
  %type = call ptr @PyObject_Type(ptr %value)
  call void @Py_DecRef(ptr %type)
  %plain = icmp eq ptr %type, %float
  br i1 %plain, label %next, label %bad
next:
  %x = call double @PyFloat_AsDouble(ptr %value)
  %place.p = getelementptr i64, ptr %places, i64 %k
  %place = load i64, ptr %place.p
  %to = getelementptr double, ptr %s, i64 %place
  store double %x, ptr %to
  %k.next = add i64 %k, 1
  %more = icmp ult i64 %k.next, %n
  br i1 %more, label %one, label %good
good:
  ret i1 false
bad:
  ret i1 true
}"""

MOVE = """define internal void @move(ptr %x, ptr %from, ptr %y, ptr %to, i64 %n) {
entry:
  %some = icmp ne i64 %n, 0
  br i1 %some, label %one, label %out
one:
  %k = phi i64 [ 0, %entry ], [ %k.next, %one ]
  %i.p = getelementptr i64, ptr %from, i64 %k
  %i = load i64, ptr %i.p
  %j.p = getelementptr i64, ptr %to, i64 %k
  %j = load i64, ptr %j.p
  %x.p = getelementptr double, ptr %x, i64 %i
  %number = load double, ptr %x.p
  %y.p = getelementptr double, ptr %y, i64 %j
  store double %number, ptr %y.p
  %k.next = add i64 %k, 1
  %more = icmp ult i64 %k.next, %n
  br i1 %more, label %one, label %out
out:
  ret void
}"""

ENTER = """define ptr @enter(ptr %self, ptr %arguments, i64 %given) {{
entry:
  %first = call ptr @PyTuple_GetItem(ptr %self, i64 0)
  %block = call ptr @PyLong_AsVoidPtr(ptr %first)
{fields}
  %wrong = call i1 @read(ptr %leaves, ptr %slots, ptr %s, ptr %data, i64 %leaves.n)
  br i1 %wrong, label %error, label %count
count:
  %expected = icmp eq i64 %given, %places.n
  br i1 %expected, label %inputs, label %leave
inputs:
  %other = call i1 @take(ptr %arguments, ptr %places, ptr %s, ptr %float, i64 %places.n)
  br i1 %other, label %leave, label %run
run:
  call void @move(ptr %s, ptr %fills.from, ptr %s, ptr %fills.to, i64 %fills.n)
  %loss = call double %step(ptr %s, ptr %g, ptr %t)
  %nan = call i64 @nans(ptr %g, i64 %g.n)
  %bad = icmp ne i64 %nan, 0
  br i1 %bad, label %leave, label %give
give:
  call void @move(ptr %g, ptr %moves.from, ptr %out, ptr %moves.to, i64 %moves.n)
  %gradients = call ptr @PyObject_CallNoArgs(ptr %copy)
  %failed = icmp eq ptr %gradients, null
  br i1 %failed, label %error, label %pair
pair:
  %number = call ptr @PyFloat_FromDouble(double %loss)
  %both = call ptr @PyTuple_New(i64 2)
  %set.0 = call i32 @PyTuple_SetItem(ptr %both, i64 0, ptr %number)
  %set.1 = call i32 @PyTuple_SetItem(ptr %both, i64 1, ptr %gradients)
  ret ptr %both
error:
  call void @PyErr_Clear()
  br label %leave
leave:
  %rest = call ptr @PyObject_Vectorcall(ptr %slowly, ptr %arguments, i64 %given, ptr null)
  ret ptr %rest
}}"""


def available() -> bool:
    """Whether this Python is called in that way, and has its lock."""
    locked = getattr(sys, "_is_gil_enabled", lambda: True)
    return sys.implementation.name == "cpython" and sys.maxsize > 2**32 and bool(locked())


@cache
def compiled() -> Library:
    """The function `enter`, which all programs share, compiled once in a process."""
    add_symbols({name: ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value
                 for name in FUNCTIONS})
    check, needs = looks_for_nan()
    return Library("\n\n".join([declarations(needs), check, text()]) + "\n",
                   {"enter": ("ptr", "ptr", "ptr", int)})


def text() -> str:
    """What is written for it."""
    declared = [f"declare {gives} @{name}({takes})" for name, (gives, takes) in FUNCTIONS.items()]
    fields = [f"  %{name}.p = getelementptr i64, ptr %block, i64 {i}\n"
              f"  %{name} = load {'i64' if name.endswith('.n') else 'ptr'}, ptr %{name}.p"
              for i, name in enumerate(FIELDS)]
    return "\n\n".join(["\n".join(declared), READ, TAKE, MOVE,
                        ENTER.format(fields="\n".join(fields))])


DOC = b"The loss, and its gradient by each parameter."


class Definition(ctypes.Structure):
    """What Python wants to know of a built-in function: PyMethodDef."""

    _fields_ = [("name", ctypes.c_char_p), ("function", ctypes.c_void_p),
                ("flags", ctypes.c_int), ("doc", ctypes.c_char_p)]


FASTCALL = 0x80         # METH_FASTCALL: arguments as an array


def entry(program: Any, slowly: Callable[..., Any],
          places: "Sequence[int] | Array" = ()) -> Callable[..., tuple[float, Array]]:
    """The built-in function of a program; places: where the numbers of its arguments go."""
    memory = program.memory
    out, moves = gathered(program)
    columns = [np.array([id(leaf) for leaf in memory.leaves], dtype=np.int64), memory.slots,
               np.array(places, dtype=np.int64), *pairs(memory.filled()), *pairs(moves)]
    leaves, slots, given, to, origin, out_to, out_from = (column.ctypes.data for column in columns)
    copy, data = out.copy, sys.intern("data")
    block = np.array([
        *program.pointers, program.library.pointers["step"],
        leaves, slots, len(memory.leaves), given, len(places), to, origin, len(columns[3]),
        program.module.layout.parameters, out.ctypes.data, out_to, out_from, len(moves),
        id(float), id(data), id(copy), id(slowly)], dtype=np.int64)
    own = Definition(b"value_and_gradients", compiled().pointers["enter"], FASTCALL, DOC)
    kept = (block.ctypes.data, block, columns, memory, memory.leaves, out, copy, slowly, data, own,
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


def pairs(moves: list[tuple[int, int]]) -> tuple[Array, Array]:
    """Moves as two arrays: where to, and where from."""
    table = np.array(moves, dtype=np.int64).reshape(-1, 2)
    return table[:, 0].copy(), table[:, 1].copy()
