"""What a driver does to all parameters: an update by the gradients, and the search for a nan.

The updates are those of nn.optim, written over eight parameters at a time, and equal to them to the
last bit: SGD with momentum m, v <- m v + g, p <- p - lr v; Adam with its two means.
"""

from collections.abc import Callable
from typing import Any

from .llvm import LANES, Writer

BY_KIND = """define internal {returned} @{name}({arguments}) alwaysinline {{
entry:
  %few = icmp ult i64 %n, 17
  br i1 %few, label %one, label %eight
one:
  {got}call {returned} @{name}.1({given})
  ret {returned}{a}
eight:
  {got8}call {returned} @{name}.8({given})
  ret {returned}{b}
}}"""


def by_kind(name: str, arguments: str, write: Callable[[Writer], str], returned: str = "void",
            ) -> tuple[str, set[tuple[str, int]]]:
    """A function over n numbers: one at a time if they are few, else eight; and what it calls."""
    texts, needs = [], set()
    for kind, lanes in (("double", 1), (f"<{LANES} x double>", LANES)):
        w = Writer(kind)
        w.fuses = False                 # as in nn.optim
        w.lines.append(f"  ret {returned} {write(w)}".rstrip())
        texts.append(w.function(f"define internal {returned} @{name}.{lanes}({arguments}) "
                                f"alwaysinline"))
        needs |= w.needs
    given = arguments.replace("noalias ", "").replace("align 64 ", "")
    gives = returned != "void"
    texts.append(BY_KIND.format(
        name=name, arguments=arguments, given=given, returned=returned, a=" %a" if gives else "",
        b=" %b" if gives else "", got="%a = " if gives else "", got8="%b = " if gives else ""))
    return "\n\n".join(texts), needs


UPDATE = ("ptr noalias align 64 %s, ptr noalias align 64 %g, i64 %n, double %rate, ptr noalias %m, "
          "ptr noalias %v, double %a, double %b, double %eps, double %now")


def descend(w: Writer) -> str:
    """Gradient descent."""
    with w.loop("%n", w.lanes) as i:
        move(w, i, w.load_again("%g", i))
    return ""


def with_momentum(w: Writer) -> str:
    """Gradient descent along the velocity."""
    with w.loop("%n", w.lanes) as i:
        v = w.spread_symbol("%a") * w.load_again("%m", i) + w.load_again("%g", i)
        w.store(v, "%m", i)
        move(w, i, v)
    return ""


def move(w: Writer, i: str, v: Any) -> None:
    """p <- p - rate v."""
    w.store(w.load_again("%s", i) + -w.spread_symbol("%rate") * v, "%s", i)


def adam(w: Writer) -> str:
    """Adam, whose step number is %now + 1."""
    w.needs.add(("pow", 2))
    w.lines += ["  %t = fadd double %now, 1.0", "  %at = call double @pow(double %a, double %t)",
                "  %bt = call double @pow(double %b, double %t)",
                "  %c1 = fsub double 1.0, %at", "  %c2 = fsub double 1.0, %bt"]
    with w.loop("%n", w.lanes) as i:
        a, b, c1, c2, rate, eps = map(w.spread_symbol, ("%a", "%b", "%c1", "%c2", "%rate", "%eps"))
        g = w.load_again("%g", i)
        m = a * w.load_again("%m", i) + (1.0 - a) * g
        v = b * w.load_again("%v", i) + (1.0 - b) * g * g
        w.store(m, "%m", i)
        w.store(v, "%v", i)
        root = w.call("sqrt", w.binary("fdiv", v, c2))
        step = w.binary("fdiv", -rate * w.binary("fdiv", m, c1), root + eps)
        w.store(w.load_again("%s", i) + step, "%s", i)
    return ""


def nans(w: Writer) -> str:
    """Whether one of n numbers is nan, as 1 or 0."""
    w.entry.append(f"  %any = alloca {w.bool}")
    w.lines.append(f"  store {w.bool} zeroinitializer, ptr %any")
    with w.loop("%n", w.lanes) as i:
        g = w.load_again("%g", i).name
        w.lines += [f"  %nan = fcmp uno {w.kind} {g}, {g}", f"  %old = load {w.bool}, ptr %any",
                    f"  %new = or {w.bool} %old, %nan", f"  store {w.bool} %new, ptr %any"]
    w.lines += [f"  %all = load {w.bool}, ptr %any",
                f"  %bits = bitcast {w.bool} %all to i{w.lanes}",
                f"  %bad = icmp ne i{w.lanes} %bits, 0", "  %word = zext i1 %bad to i64"]
    return "%word"


def looks_for_nan() -> tuple[str, set[tuple[str, int]]]:
    """The function `nans`, and what it calls."""
    return by_kind("nans", "ptr noalias align 64 %g, i64 %n", nans, "i64")


UPDATES = {"descend": descend, "momentum": with_momentum, "adam": adam}
