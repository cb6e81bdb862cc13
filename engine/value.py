"""Value: a number that remembers how it was made.

A node is plain data:

    data     the number                      _prev    its inputs, in order, repeats included
    grad     d output / d this node          _rule    what made it: a compiled row of ops.py
    label    a name for people

`_op` and `_backward` are micrograd's names for two readings of `_rule`. The operators and methods
(`x + y`, `x.exp()`, `x.clamp(0, 1)`) are generated from the rows by `method`, at the end of the
file. Start reading at `Value`, then `method`; how gradients are found is in backward.py.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from . import persist
from .backward import backpropagate, hand_on
from .floats import FLOATS, assigned
from .modes import MODES, NOTES, NOTING, watched
from .rules import CONSTANT, RULES, VARIABLE, Handmade, Leaf, Rule, define
from .scalars import EXACT, UNSET, real, refusal, result


class Value:
    """A number in a graph, with micrograd's constructor: `Value(data, _children, _op, label)`.

    data: an int or float (numpy scalars are converted); anything else raises TypeError.
    _children, _op: for operations made by hand. Either give a name and set `_backward` afterwards,
    or, in place of the name, give the local gradients, one number per child.
    """

    __slots__ = ("data", "grad", "_prev", "_rule", "__dict__", "__weakref__")

    data: float
    grad: float
    _prev: "tuple[Value, ...]"
    _rule: "Rule | Handmade | Leaf"
    label = ""

    def __init__(self, data: float, _children: "Iterable[Value]" = (),
                 _op: "str | Sequence[float]" = "", label: str = "") -> None:
        self.data = real(data)
        self.grad = UNSET
        self._prev = tuple(_children)
        self._rule = handmade(self._prev, _op) if self._prev or _op else VARIABLE
        if label:
            self.label = label

    # ---- reading

    @property
    def _op(self) -> str:
        """The symbol of the operation that made this node; empty for a leaf."""
        return self._rule.symbol

    @property
    def _backward(self) -> Callable[[], object]:
        """A function that hands this node's gradient on to its inputs, once."""
        return partial(hand_on, self)

    @_backward.setter
    def _backward(self, function: Callable[[], object]) -> None:
        self._rule = Handmade(self._op, function)

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __float__(self) -> float:
        raise TypeError(f"{self!r} is not turned into a float silently, for the graph would be "
                        f"lost: use .data for the number, or engine's own functions in place of "
                        f"math's")

    # ---- gradients

    def backward(self, seed: float = 1.0) -> None:
        """Adds d self / d leaf times `seed` to the `grad` of every leaf below.

        Inner nodes start fresh at each call; leaves accumulate until `grad` is set to 0.
        """
        backpropagate(self, float(real(seed)))

    def detach(self) -> "Value":
        """A constant with the same number, which lets no gradient through."""
        return constant(self.data)

    # ---- comparing and copying

    def __lt__(self, other: Any) -> bool:
        return compared("<", self, lift(other))

    def __le__(self, other: Any) -> bool:
        return compared("<=", self, lift(other))

    def __gt__(self, other: Any) -> bool:
        return compared("<", lift(other), self)

    def __ge__(self, other: Any) -> bool:
        return compared("<=", lift(other), self)

    __copy__, __deepcopy__, __reduce__ = persist.copy, persist.deepcopy, persist.reduce

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """numpy's functions, elementwise on arrays of Values; arrays of numbers are refused."""
        import numpy as np
        for x in inputs:
            if isinstance(x, np.ndarray) and x.ndim and x.dtype != object:
                raise TypeError(refusal(x))
        boxed = [np.array(x, dtype=object) if isinstance(x, Value) else x for x in inputs]
        return getattr(ufunc, method)(*boxed, **options)

    if TYPE_CHECKING:               # what the table gives every Value
        def __add__(self, other: Any) -> "Value": ...
        def __sub__(self, other: Any) -> "Value": ...
        def __mul__(self, other: Any) -> "Value": ...
        def __truediv__(self, other: Any) -> "Value": ...
        def __pow__(self, other: Any) -> "Value": ...
        def __radd__(self, other: Any) -> "Value": ...
        def __rsub__(self, other: Any) -> "Value": ...
        def __rmul__(self, other: Any) -> "Value": ...
        def __rtruediv__(self, other: Any) -> "Value": ...
        def __rpow__(self, other: Any) -> "Value": ...
        def __neg__(self) -> "Value": ...
        def __abs__(self) -> "Value": ...
        def __getattr__(self, name: str) -> Any: ...


def compared(sign: str, x: Value, y: Value) -> bool:
    """Whether x < y, or x <= y; while a function is compiled, the outcome is noted."""
    outcome = bool(x.data < y.data if sign == "<" else x.data <= y.data)
    if NOTING and (notes := NOTES.get()) is not None:
        notes.append((sign, x, y, outcome))
    return outcome


# ---- making nodes

def computed(node: Value) -> bool:
    """Whether a gradient was computed for this node, or set by hand."""
    return node.grad is not UNSET


def is_constant(node: Value) -> bool:
    """Whether the node is a plain number met in an expression, which takes no gradient."""
    return node._rule is CONSTANT


def handmade(children: tuple[Value, ...], op: "str | Sequence[float]") -> Handmade:
    """The rule of a node that a user makes."""
    for child in children:
        if not isinstance(child, Value):
            raise TypeError(f"the children of a Value must be Values, and {child!r} is not: "
                            f"write Value({child!r})")
    if isinstance(op, str):
        return Handmade(op)
    if len(op) != len(children):
        raise ValueError(f"{len(op)} local gradients {tuple(op)} were given for {len(children)} "
                         f"children: give one number per child")
    return Handmade("", numbers=tuple(real(g) for g in op))


def constant(x: float) -> Value:
    """A node for a plain number, which takes no gradient."""
    node = new(Value)
    node.data = x if x.__class__ is int and -EXACT <= x <= EXACT else real(x)
    node.grad = UNSET
    node._prev = ()
    node._rule = CONSTANT
    return node


def lift(x: Any) -> Any:
    """x as a node: a Value as it is, a number as a constant; NotImplemented leaves it to numpy."""
    if isinstance(x, Value):
        return x
    if (x.__class__ is not float and x.__class__ is not int
            and str(getattr(x, "dtype", "")) == "object"):
        return NotImplemented
    return constant(x)


def condition(c: Any) -> Any:
    """A condition as a number: True and False become 1 and 0."""
    return float(c) if type(c).__name__ in ("bool", "bool_") else c


def make(rule: Rule, inputs: Sequence[Any]) -> Value:
    """The node that a rule makes of a list of Values and numbers."""
    node = new(Value)
    node._prev = tuple([x if x.__class__ is Value else lift(x) for x in inputs])
    node.data = result(rule.value([x.data for x in node._prev]))
    node.grad, node._rule = UNSET, rule
    return watched(node) if MODES else node


new = object.__new__


# ---- what the table gives every Value; LIFT is `lift`, written out where it is needed most

LIFT = """    if {i}.__class__ is not Value:
        if {i}.__class__ is float or {i}.__class__ is int and -EXACT <= {i} <= EXACT:
            k = new(Value)
            k.data = {i}
            k.grad = UNSET
            k._prev = ()
            k._rule = CONSTANT
            {i} = k
        else:
            {i} = lift({i})
            if {i} is NotImplemented: return {i}
"""

MAKE = """    if d.__class__ is not float: d = result(d)
    z = new(Value)
    z.data = d
    z.grad = UNSET
    z._prev = ({inputs},)
    z._rule = rule
    return watched(z) if MODES else z
"""


def method(rule: Rule, reflected: bool = False) -> Callable[..., Any]:
    """The method of Value for a row; reflected, it is Python's `__radd__` to an `__add__`."""
    order = rule.inputs[::-1] if reflected else rule.inputs
    value = assigned("d =", rule.row.forward, {i: f"{i}.data" for i in rule.inputs})
    text = (f"def {'r' * reflected}{rule.name}({rule.signature(order)}):\n"
            + "".join(LIFT.format(i=i) for i in order[1:])
            + value + MAKE.format(inputs=", ".join(rule.inputs)))
    names = {**FLOATS, **globals(), "rule": rule}
    return define(f"method {'r' * reflected}{rule.name}", text, names)


def install(rule: Rule) -> None:
    """Gives Value the method of a row, under all its names."""
    rule.method = method(rule)
    rule.method.__doc__ = (f"{rule.row.forward}, as a node of the graph; "
                           f"see the row {rule.name!r} of ops.py.")
    for name in (rule.name, *rule.row.also.split()):
        setattr(Value, name, rule.method)
        if name.startswith("__") and len(rule.inputs) == 2:
            setattr(Value, f"__r{name[2:]}", method(rule, reflected=True))


for _rule in RULES.values():
    if not _rule.row.variadic:
        install(_rule)
