"""The training loop in native code, the same for every program: a driver is given its `step`.

    for k in first ... last:  gather the batch;  loss = step();  stop before a gradient with a nan;
                              update the parameters with the rate of step k

The updates are those of nn.optim, written over eight parameters at a time, and equal to them to the
last bit: SGD with momentum m, v <- m v + g, p <- p - lr v; Adam with its two means.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from .jit import Library
from .llvm import LANES, Writer, declarations

ARGUMENTS = ("ptr %step, ptr noalias align 64 %s, ptr noalias align 64 %g, ptr noalias %t, i64 %n, "
             "i64 %first, i64 %last, ptr noalias %rates, ptr noalias %losses, i64 %check, "
             "ptr noalias %m, ptr noalias %v, double %a, double %b, double %eps, double %time, "
             "ptr noalias %rows, ptr noalias %columns, i64 %leaves, ptr noalias %order, i64 %lanes")
KINDS = (int, *["ptr"] * 4, *[int] * 3, *["ptr"] * 2, int, *["ptr"] * 2, *[float] * 4,
         *["ptr"] * 2, int, "ptr", int)

LOOP = """define i64 @{name}({arguments}) {{
entry:
  %any = icmp ult i64 %first, %last
  br i1 %any, label %round, label %out
round:
  %k = phi i64 [ %first, %entry ], [ %k.next, %updated ]
  %some = icmp ugt i64 %leaves, 0
  br i1 %some, label %leaf, label %run
leaf:
  %r = phi i64 [ 0, %round ], [ %r.next, %leaf.end ]
  %row.p = getelementptr i64, ptr %rows, i64 %r
  %row = load i64, ptr %row.p
  %column.p = getelementptr ptr, ptr %columns, i64 %r
  %column = load ptr, ptr %column.p
  %base = mul i64 %k, %lanes
  br label %lane
lane:
  %l = phi i64 [ 0, %leaf ], [ %l.next, %lane ]
  %at = add i64 %base, %l
  %which.p = getelementptr i64, ptr %order, i64 %at
  %which = load i64, ptr %which.p
  %from = getelementptr double, ptr %column, i64 %which
  %x = load double, ptr %from
  %to.i = add i64 %row, %l
  %to = getelementptr double, ptr %s, i64 %to.i
  store double %x, ptr %to
  %l.next = add i64 %l, 1
  %l.more = icmp ult i64 %l.next, %lanes
  br i1 %l.more, label %lane, label %leaf.end
leaf.end:
  %r.next = add i64 %r, 1
  %r.more = icmp ult i64 %r.next, %leaves
  br i1 %r.more, label %leaf, label %run
run:
  %loss = call double %step(ptr %s, ptr %g, ptr %t)
  %losses.p = getelementptr double, ptr %losses, i64 %k
  store double %loss, ptr %losses.p
  %bad = call i64 @nans(ptr %g, i64 %n)
  %stop = and i64 %bad, %check
  %is.bad = icmp ne i64 %stop, 0
  br i1 %is.bad, label %out, label %update
update:
  %rate.p = getelementptr double, ptr %rates, i64 %k
  %rate = load double, ptr %rate.p
  %k.f = uitofp i64 %k to double
  %now = fadd double %time, %k.f
  call void @{name}.update(ptr %s, ptr %g, i64 %n, double %rate, ptr %m, ptr %v, double %a,
                           double %b, double %eps, double %now)
  br label %updated
updated:
  %k.next = add i64 %k, 1
  %more = icmp ult i64 %k.next, %last
  br i1 %more, label %round, label %out
out:
  %at.end = phi i64 [ %first, %entry ], [ %k, %run ], [ %k.next, %updated ]
  ret i64 %at.end
}}"""


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


def width(w: Writer) -> int:
    """How many numbers the writer takes at a time."""
    return LANES if w.wide else 1


def descend(w: Writer) -> str:
    """Gradient descent."""
    with w.loop("%n", width(w)) as i:
        move(w, i, w.load_again("%g", i))
    return ""


def with_momentum(w: Writer) -> str:
    """Gradient descent along the velocity."""
    with w.loop("%n", width(w)) as i:
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
    with w.loop("%n", width(w)) as i:
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
    place = w.variable()
    with w.loop("%n", width(w)) as i:
        g = w.load_again("%g", i)
        w.store(w.load_again(place, 0) + w.select(w.compare("==", g, g), 0.0, g), place, 0)
    total = w.across(w.load_again(place, 0)).name
    w.lines += [f"  %bad = fcmp uno double {total}, 0.0", "  %word = zext i1 %bad to i64"]
    return "%word"


def looks_for_nan() -> tuple[str, set[tuple[str, int]]]:
    """The function `nans`, and what it calls."""
    return by_kind("nans", "ptr noalias align 64 %g, i64 %n", nans, "i64")


REPEAT = """define double @repeat(ptr %step, ptr %s, ptr %g, ptr %t, i64 %times) {
entry:
  br label %round
round:
  %k = phi i64 [ 0, %entry ], [ %k.next, %round ]
  %loss = call double %step(ptr %s, ptr %g, ptr %t)
  %k.next = add i64 %k, 1
  %more = icmp ult i64 %k.next, %times
  br i1 %more, label %round, label %out
out:
  ret double %loss
}"""

UPDATES = {"descend": descend, "momentum": with_momentum, "adam": adam}


@cache
def drivers() -> Library:
    """All drivers, compiled once in a process."""
    check, needs = looks_for_nan()
    parts = [check, REPEAT]
    for name, write in UPDATES.items():
        text, calls = by_kind(f"{name}.update", UPDATE, write)
        parts += [text, LOOP.format(name=name, arguments=ARGUMENTS)]
        needs |= calls
    roots = [f"declare {kind} @llvm.sqrt.{suffix}({kind})"
             for kind, suffix in (("double", "f64"), (f"<{LANES} x double>", f"v{LANES}f64"))]
    return Library("\n\n".join([declarations(needs), *roots, *parts]) + "\n", {
        **dict.fromkeys(UPDATES, KINDS), "repeat": (float, *["ptr"] * 4, int)})
