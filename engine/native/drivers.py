"""The training loop in native code, the same for every program: a driver is given its `step`.

    for k in first ... last:  gather the batch;  loss = step();  stop before a gradient with a nan;
                              update the parameters with the rate of step k

What is done to the parameters stands in updates.py.
"""

from functools import cache

from .jit import Library
from .llvm import LANES, declarations
from .updates import UPDATE, UPDATES, by_kind, looks_for_nan

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


@cache
def driver(name: str) -> Library:
    """The function of that name: a training loop, compiled when it is first asked for."""
    check, needs = looks_for_nan()
    update, calls = by_kind(f"{name}.update", UPDATE, UPDATES[name])
    roots = [f"declare {kind} @llvm.sqrt.{suffix}({kind})"
             for kind, suffix in (("double", "f64"), (f"<{LANES} x double>", f"v{LANES}f64"))]
    parts = [declarations(needs | calls), *roots, check, update,
             LOOP.format(name=name, arguments=ARGUMENTS)]
    return Library("\n\n".join(parts) + "\n", {name: KINDS})
