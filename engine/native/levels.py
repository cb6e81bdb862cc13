"""How deep every node of a graph is: a loop over all operands, in native code."""

from functools import cache

import numpy as np

from .choose import Array
from .jit import Library
from .kinds import Inner

TEXT = """define void @levels(ptr noalias %inputs, ptr noalias %counts, ptr %level, ptr %end) {
entry:
  br label %node
node:
  %count.p = phi ptr [ %counts, %entry ], [ %count.next, %done ]
  %input.p = phi ptr [ %inputs, %entry ], [ %input.next, %done ]
  %place = phi ptr [ %end, %entry ], [ %place.next, %done ]
  %count = load i64, ptr %count.p
  br label %input
input:
  %q = phi i64 [ 0, %node ], [ %q.next, %input ]
  %deepest = phi i64 [ 0, %node ], [ %deeper, %input ]
  %x.p = getelementptr i64, ptr %input.p, i64 %q
  %x = load i64, ptr %x.p
  %level.p = getelementptr i64, ptr %level, i64 %x
  %found = load i64, ptr %level.p
  %more = icmp ugt i64 %found, %deepest
  %deeper = select i1 %more, i64 %found, i64 %deepest
  %q.next = add i64 %q, 1
  %again = icmp ult i64 %q.next, %count
  br i1 %again, label %input, label %done
done:
  %own = add i64 %deeper, 1
  store i64 %own, ptr %place
  %count.next = getelementptr i64, ptr %count.p, i64 1
  %input.next = getelementptr i64, ptr %input.p, i64 %count
  %place.next = getelementptr i64, ptr %place, i64 1
  %left = load i64, ptr %count.next
  %any = icmp ugt i64 %left, 0
  br i1 %any, label %node, label %out
out:
  ret void
}
"""


@cache
def library() -> Library:
    """The loop, compiled once in a process."""
    return Library(TEXT, {"levels": (None, *["ptr"] * 4)}, level=1)


def levels(inner: Inner) -> Array:
    """The level of every node: 0 for a leaf, else 1 more than the deepest of its inputs."""
    level = np.zeros(len(inner.moving), dtype=np.int64)
    counts = np.append(inner.counts, 0)                  # 0 ends the loop: every node has inputs
    library().levels(inner.inputs.ctypes.data, counts.ctypes.data, level.ctypes.data,
                     level.ctypes.data + 8 * inner.leaves)
    return level
