"""The code of entry.py in LLVM's assembly language: functions that Python calls as its own.

    value_and_gradients(self, arguments, given)     a pair of a float and an array
    value(self, arguments, given)                   a float

`self` is a tuple whose first element is the address of a block; its numbers are those of FIELDS.
Whatever is out of the ordinary goes to the callable `slowly` of the block, with the same arguments.
"""

from .llvm import declarations
from .updates import looks_for_nan

FIELDS = ("s", "g", "t", "run", "busy",                 # the program, and whether it runs elsewhere
          "leaves", "slots", "leaves.n",                # Values to read, and where their numbers go
          "places", "places.n",                         # where those of the arguments go
          "fills.to", "fills.from", "fills.n",          # within s
          "g.n", "out",                                 # gradients to look for nan; the array
          "moves.to", "moves.from", "moves.n",          # from g to out
          "float", "data", "copy", "slowly")            # a type, an attribute's name, two callables

PYTHON = {"PyTuple_GetItem": ("ptr", "ptr, i64"), "PyTuple_New": ("ptr", "i64"),
          "PyTuple_SetItem": ("i32", "ptr, i64, ptr"), "PyLong_AsVoidPtr": ("ptr", "ptr"),
          "PyFloat_AsDouble": ("double", "ptr"), "PyFloat_FromDouble": ("ptr", "double"),
          "PyObject_GetAttr": ("ptr", "ptr, ptr"), "PyObject_Type": ("ptr", "ptr"),
          "PyObject_CallNoArgs": ("ptr", "ptr"), "PyErr_Occurred": ("ptr", ""),
          "PyObject_VectorcallDict": ("ptr", "ptr, ptr, i64, ptr"), "PyErr_Clear": ("void", ""),
          "Py_DecRef": ("void", "ptr")}

LOOP = """define internal i1 @{name}({arguments}, i64 %n) {{
entry:
  %some = icmp ne i64 %n, 0
  br i1 %some, label %one, label %good
one:
  %k = phi i64 [ 0, %entry ], [ %k.next, %next ]
{body}
  br label %next
next:
  %k.next = add i64 %k, 1
  %more = icmp ult i64 %k.next, %n
  br i1 %more, label %one, label %good
good:
  ret i1 true
bad:
  ret i1 false
}}"""

PUT = """
  %slot.p = getelementptr i64, ptr %slots, i64 %k
  %slot = load i64, ptr %slot.p
  %to = getelementptr double, ptr %s, i64 %slot
  store double %x, ptr %to"""

READ = LOOP.format(name="read", arguments="ptr %leaves, ptr %slots, ptr %s, ptr %data", body="""\
  %leaf.p = getelementptr ptr, ptr %leaves, i64 %k
  %leaf = load ptr, ptr %leaf.p
  %number = call ptr @PyObject_GetAttr(ptr %leaf, ptr %data)
  %none = icmp eq ptr %number, null
  br i1 %none, label %bad, label %found
found:
  %x = call double @PyFloat_AsDouble(ptr %number)
  call void @Py_DecRef(ptr %number)
  %maybe = fcmp oeq double %x, -1.0
  br i1 %maybe, label %ask, label %put
ask:
  %error = call ptr @PyErr_Occurred()
  %wrong = icmp ne ptr %error, null
  br i1 %wrong, label %bad, label %put
put:""" + PUT)

TAKE = LOOP.format(name="take", arguments="ptr %given, ptr %slots, ptr %s, ptr %float", body="""\
  %argument.p = getelementptr ptr, ptr %given, i64 %k
  %argument = load ptr, ptr %argument.p
  %type = call ptr @PyObject_Type(ptr %argument)
  call void @Py_DecRef(ptr %type)
  %plain = icmp eq ptr %type, %float
  br i1 %plain, label %put, label %bad
put:
  %x = call double @PyFloat_AsDouble(ptr %argument)""" + PUT)

MOVE = LOOP.format(name="move", arguments="ptr %x, ptr %from, ptr %y, ptr %to", body="""\
  %i.p = getelementptr i64, ptr %from, i64 %k
  %i = load i64, ptr %i.p
  %j.p = getelementptr i64, ptr %to, i64 %k
  %j = load i64, ptr %j.p
  %x.p = getelementptr double, ptr %x, i64 %i
  %number = load double, ptr %x.p
  %y.p = getelementptr double, ptr %y, i64 %j
  store double %number, ptr %y.p""")

READY = """define internal i1 @ready(ptr %block, ptr %arguments, i64 %given) {{
entry:
{fields}
  %others = load i64, ptr %busy
  %taken = icmp ne i64 %others, 0
  br i1 %taken, label %no, label %free
free:
  %known = call i1 @read(ptr %leaves, ptr %slots, ptr %s, ptr %data, i64 %leaves.n)
  br i1 %known, label %count, label %error
error:
  call void @PyErr_Clear()
  ret i1 false
count:
  %expected = icmp eq i64 %given, %places.n
  br i1 %expected, label %inputs, label %no
inputs:
  %plain = call i1 @take(ptr %arguments, ptr %places, ptr %s, ptr %float, i64 %places.n)
  br i1 %plain, label %yes, label %no
no:
  ret i1 false
yes:
  %filled = call i1 @move(ptr %s, ptr %fills.from, ptr %s, ptr %fills.to, i64 %fills.n)
  ret i1 true
}}"""

ENTER = """define ptr @{name}(ptr %self, ptr %arguments, i64 %given) {{
entry:
  %first = call ptr @PyTuple_GetItem(ptr %self, i64 0)
  %block = call ptr @PyLong_AsVoidPtr(ptr %first)
{fields}
  %ready = call i1 @ready(ptr %block, ptr %arguments, i64 %given)
  br i1 %ready, label %go, label %leave
go:
  %loss = call double %run(ptr %s, ptr %g, ptr %t)
{result}
leave:
  %rest = call ptr @PyObject_VectorcallDict(ptr %slowly, ptr %arguments, i64 %given, ptr null)
  ret ptr %rest
}}"""

VALUE = """\
  %number = call ptr @PyFloat_FromDouble(double %loss)
  ret ptr %number"""

BOTH = """\
  %nan = call i64 @nans(ptr %g, i64 %g.n)
  %bad = icmp ne i64 %nan, 0
  br i1 %bad, label %leave, label %give
give:
  %moved = call i1 @move(ptr %g, ptr %moves.from, ptr %out, ptr %moves.to, i64 %moves.n)
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
  br label %leave"""


def text() -> str:
    """The module."""
    check, needs = looks_for_nan()
    declared = [f"declare {gives} @{name}({takes})" for name, (gives, takes) in PYTHON.items()]
    fields = "\n".join(f"  %{name}.p = getelementptr i64, ptr %block, i64 {i}\n"
                       f"  %{name} = load {'i64' if name.endswith('.n') else 'ptr'}, ptr %{name}.p"
                       for i, name in enumerate(FIELDS))
    entries = [ENTER.format(name=name, fields=fields, result=result)
               for name, result in (("value", VALUE), ("value_and_gradients", BOTH))]
    return "\n\n".join([declarations(needs), "\n".join(declared), check, READ, TAKE, MOVE,
                        READY.format(fields=fields), *entries]) + "\n"
