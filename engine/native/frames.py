"""The loops around the code of groups, and what runs them all: `step` and `value`.

A loop knows where the next group's begins and jumps to it, so that nothing runs in between. What
the loops handle stands in memory in the order in which they need it:

    %run        a group: the address of its loop, then its word, how many nodes and operands of each
    %z %x       the values of its nodes, and the places of their operands; on the way back, where
                those end, and so for %h, the shares of the operands; %r, the readers of its nodes
    %s          all values

In front of the tables in %t stand some numbers, and where the tables begin.
"""

GIVEN = {"forward": "ptr %run, ptr noalias %s, ptr noalias %z, ptr noalias %x",
         "back": "ptr %run, ptr noalias %s, ptr %z.end, ptr %x.end, ptr %h.end, ptr %r"}

AGAIN = """  br label %next
next:
  %k.next = add nuw nsw i64 %k, 1
  %more = icmp ult i64 %k.next, %n
  br i1 %more, label %node, label %end
end:"""

FORWARD = """define void @"{name}.forward"({forward}) {{
entry:
{counts}
  br label %node
node:
  %k = phi i64 [ 0, %entry ], [ %k.next, %next ]
  %first = mul nuw nsw i64 %k, {m}
  br label %body
body:
{body}
{again}
  %z.next = getelementptr double, ptr %z, i64 %n
  %x.next = getelementptr i32, ptr %x, i64 %all
  %run.next = getelementptr i64, ptr %run, i64 2
  %f = load ptr, ptr %run.next
  musttail call void %f(ptr %run.next, ptr %s, ptr %z.next, ptr %x.next)
  ret void
}}"""

BACK = """define void @"{name}.back"({back}) {{
entry:
{counts}
  %back = sub i64 0, %all
  %n.back = sub i64 0, %n
  %z = getelementptr double, ptr %z.end, i64 %n.back
  %x = getelementptr i32, ptr %x.end, i64 %back
  %h = getelementptr double, ptr %h.end, i64 %back
  br label %node
node:
  %k = phi i64 [ 0, %entry ], [ %k.next, %next ]
  %r.k = phi ptr [ %r, %entry ], [ %r.next, %next ]
  %first = mul nuw nsw i64 %k, {m}
  %h.k = getelementptr double, ptr %h, i64 %first
{gather}
  br label %body
body:
{body}
{again}
  %run.next = getelementptr i64, ptr %run, i64 2
  %f = load ptr, ptr %run.next
  musttail call void %f(ptr %run.next, ptr %s, ptr %z, ptr %x, ptr %h, ptr %r.next)
  ret void
}}"""

# the first reader, and then the others; the last one stands there as ~reader
GATHER = """  %r.0 = load i32, ptr %r.k
  %r.one = getelementptr i32, ptr %r.k, i64 1
  %sign.0 = ashr i32 %r.0, 31
  %plain.0 = xor i32 %r.0, %sign.0
  %at.0 = zext i32 %plain.0 to i64
  %p.0 = getelementptr double, ptr %h.k, i64 %at.0
  %g.0 = load double, ptr %p.0
  %only = icmp slt i32 %r.0, 0
  br i1 %only, label %gathered, label %gather
gather:
  %r.here = phi ptr [ %r.one, %node ], [ %r.then, %gather ]
  %g.here = phi double [ %g.0, %node ], [ %g.then, %gather ]
  %r.1 = load i32, ptr %r.here
  %r.then = getelementptr i32, ptr %r.here, i64 1
  %sign.1 = ashr i32 %r.1, 31
  %plain.1 = xor i32 %r.1, %sign.1
  %at.1 = zext i32 %plain.1 to i64
  %p.1 = getelementptr double, ptr %h.k, i64 %at.1
  %share = load double, ptr %p.1
  %g.then = fadd double %g.here, %share
  %last = icmp slt i32 %r.1, 0
  br i1 %last, label %gathered, label %gather
gathered:
  %g.sum = phi double [ %g.0, %node ], [ %g.then, %gather ]
  %r.next = phi ptr [ %r.one, %node ], [ %r.then, %gather ]"""

COUNTS = """  %word = getelementptr i64, ptr %run, i64 1
  %n.word = load i32, ptr %word
  %n = zext i32 %n.word to i64
  %m.place = getelementptr i32, ptr %word, i64 1
  %m.word = load i32, ptr %m.place
  %m = zext i32 %m.word to i64
  %all = mul i64 %n, {m}"""


MAIN = """define void @stop.forward({forward}) {{
  ret void
}}

define void @stop.back({back}) {{
  ret void
}}

define double @value({arguments}) {{
{words}
  %s.first = getelementptr double, ptr %s, i64 %start
  %f = load ptr, ptr %forward
  call void %f(ptr %forward, ptr %s, ptr %s.first, ptr %x)
  %s.loss = getelementptr double, ptr %s, i64 %loss
  %found = load double, ptr %s.loss
  ret double %found
}}

define double @step({arguments}) {{
entry:
{words}
  %found = call double @value(ptr %s, ptr %g, ptr %t)
  %s.end = getelementptr double, ptr %s, i64 %end
  %x.end = getelementptr i32, ptr %x, i64 %operands
  %h.end = getelementptr double, ptr %h.k, i64 %operands
  store double 1.0, ptr %h.end
  %f = load ptr, ptr %back
  call void %f(ptr %back, ptr %s, ptr %s.end, ptr %x.end, ptr %h.end, ptr %r)
  %r.p = getelementptr i32, ptr %r, i64 %own
  %some = icmp ugt i64 %parameters, 0
  br i1 %some, label %node, label %out
node:
  %k = phi i64 [ 0, %entry ], [ %k.next, %gathered ]
  %r.k = phi ptr [ %r.p, %entry ], [ %r.next, %gathered ]
{gather}
  %place = getelementptr double, ptr %g, i64 %k
  store double %g.sum, ptr %place
  %k.next = add nuw nsw i64 %k, 1
  %more = icmp ult i64 %k.next, %parameters
  br i1 %more, label %node, label %out
out:
  ret double %found
}}"""

NUMBERS = ("start", "loss", "end", "operands", "parameters", "own")
PLACES = ("forward", "back", "x", "h.k", "r")


def loop(template: str, name: str, m: "int | str", entry: list[str], body: list[str]) -> str:
    """A loop over the nodes of a group, each with m operands."""
    counts = "\n".join([*entry, COUNTS.format(m=m)])
    return template.format(name=name, counts=counts, m=m, gather=GATHER, again=AGAIN,
                           body="\n".join(body), **GIVEN)


def main(arguments: str) -> str:
    """The functions `step` and `value`, and what stands behind the last group."""
    return MAIN.format(arguments=arguments, words=words(), gather=GATHER, **GIVEN)


def words() -> str:
    """Reads what stands in front of the tables: numbers, and how many words behind %t they are."""
    lines = []
    for i, name in enumerate([*NUMBERS, *PLACES]):
        to = name if name in NUMBERS else f"{name}.words"
        lines += [f"  %{name}.in = getelementptr i64, ptr %t, i64 {i}",
                  f"  %{to} = load i64, ptr %{name}.in"]
    lines += [f"  %{name} = getelementptr i64, ptr %t, i64 %{name}.words"
              for name in PLACES]
    return "\n".join(lines)
