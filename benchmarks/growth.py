"""Time and memory per node as graphs grow: `python benchmarks/growth.py` prints a table.

Every graph is recorded, compiled and replayed in a process of its own, with the cache of compiled
code turned off, the compiler loaded, and Python's garbage collector paused (--gc leaves it as
Python ships it). All columns are per operation recorded: one that stays level means growth in
proportion.

    recording     Python builds the graph                                   us
    preparing     engine.compile makes a program of it                      us
    replay        one forward and backward pass of the program, least       ns
    eager         backward() of the graph in Python, by itself              ns
    graph         how much memory recording took                            bytes
    peak          how much more preparing took at its height                bytes
    program       the program's own numbers (program.bytes)                 bytes

    wide          the sum of (w x)^2
    chain         y <- y a + b
    irregular     sin, tanh, +, - and * of nodes drawn at random from all before, by a fixed seed

    python benchmarks/growth.py wide chain          some of the shapes
    python benchmarks/growth.py --most 1e6          less than ten million nodes (of some 5 GB)
"""

import argparse
import gc
import os
import random
import resource
import subprocess
import sys
import time
from itertools import pairwise

os.environ["HANDGRAD_CACHE"] = ""

import engine
from engine import Value

SIZES = [10**k for k in range(3, 8)]
SECONDS = 1.0                           # of replaying
PATIENCE = 900                          # seconds for one process
COLUMNS = ("recording", "preparing", "replay", "eager", "graph", "peak", "program")


# ---- shapes: a loss of about n operations, and its parameters

def wide(n, draw):
    ws = [Value(draw.uniform(-1, 1)) for _ in range(n // 3)]
    return sum((w * draw.uniform(-1, 1))**2 for w in ws), ws


def chain(n, draw):
    a, b, out = first = Value(1 - 1 / n), Value(1 / n), Value(0.5)  # slopes stay normal
    for _ in range(n // 2):
        out = out * a + b
    return out, list(first)


def irregular(n, draw):
    """Numbers beyond 2 go through tanh, so that all stay below 4; unused nodes are added up."""
    rows = [Value.sin, Value.tanh, Value.__add__, Value.__sub__, Value.__mul__]
    leaves = [Value(draw.uniform(-1, 1)) for _ in range(max(4, n // 10))]
    nodes, used = [*leaves], bytearray(n + len(leaves))
    for _ in range(n):
        i, j, k = (int(draw.random() * len(nodes)) for _ in range(3))
        x, y = nodes[i], nodes[j]
        row = rows[k % len(rows)]
        if abs(x.data) > 2 or abs(y.data) > 2:
            i, row = (i, Value.tanh) if abs(x.data) > 2 else (j, Value.tanh)
            x = nodes[i]
        binary = row in rows[2:]
        nodes.append(row(x, y) if binary else row(x))
        used[i] = 1
        used[j] |= binary
    return engine.total([node for node, u in zip(nodes, used) if not u]), leaves


# ---- one process

def measure(shape, n):
    """Prints the gear and the columns."""
    engine.compile(Value(1.0) * Value(2.0)).value()             # loads the compiler
    laps = [lap()]
    loss, parameters = globals()[shape](n, random.Random(1))
    laps.append(lap())
    program = engine.compile(loss, parameters=parameters)
    program.repeat(1)
    laps.append(lap())
    each = replay(program)
    begin = time.perf_counter()
    loss.backward()
    eager = time.perf_counter() - begin
    (recorded, graph), (prepared, height) = ((t - s, b - a) for (s, a), (t, b) in pairwise(laps))
    columns = (1e6 * recorded, 1e6 * prepared, 1e9 * each, 1e9 * eager, graph, height,
               program.bytes)
    print(program.gear, program.size, *(x / program.size for x in columns))


def lap():
    """The time, and the most memory that this process has had, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter(), unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def replay(program):
    """The least seconds of a forward and backward pass."""
    best, rounds, end = float("inf"), 1, time.perf_counter() + SECONDS
    while time.perf_counter() < end or best == float("inf"):
        begin = time.perf_counter()
        program.repeat(rounds, pull=False)
        took = time.perf_counter() - begin
        best = min(best, took / rounds)
        rounds = max(1, round(rounds * 0.03 / took))
    return best


# ---- all of them

def line(shape, n, collecting):
    command = [sys.executable, __file__, "--measure", shape, str(n), *["--gc"] * collecting]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return f"not done after {PATIENCE} s"
    if done.returncode:
        last = "".join(done.stderr.strip().splitlines()[-1:])
        return f"failed with status {done.returncode}: {last}"
    gear, size, *numbers = done.stdout.split()
    return f"{int(size):>10,}  {gear:<7}" + "".join(f"{float(x):>10.4g}" for x in numbers)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("shapes", nargs="*", help="wide, chain, irregular")
    parser.add_argument("--most", type=float, default=SIZES[-1], metavar="N", help="nodes")
    parser.add_argument("--gc", action="store_true", help="with garbage collections")
    asked = parser.parse_args()
    print(f"{'':<11}{'nodes':>10}  {'gear':<7}" + "".join(f"{name:>10}" for name in COLUMNS))
    for shape in asked.shapes or ("wide", "chain", "irregular"):
        for n in [n for n in SIZES if n < asked.most] + [int(asked.most)]:
            print(f"{shape:<11}{line(shape, n, asked.gc)}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        if "--gc" not in sys.argv:
            gc.disable()
        measure(sys.argv[2], int(sys.argv[3]))
    else:
        main()
