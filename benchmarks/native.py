"""The native gear against its peers: `python benchmarks/native.py` prints the table of the README.

Every peer (peers/) prepares and runs each work in a process of its own, on one thread; before it is
timed, its loss and gradients must agree with handgrad's eager ones to 1e-9. The peers take turns,
round after round, and a cell shows the least time per iteration of all rounds, for a shared machine
can only make them slower; a peer that needs over a second is measured in the first round only.
Preparing is everything from numbers in numpy to the first result, but for imports, with Python's
garbage collector paused: the first process finds empty caches, later ones what the first has kept.
Peers come with `pip install ".[bench]"`; those that are missing or fail are named below the table,
and those that have no way to do some work are left out. C by hand and casadi to C need gcc, drjit
LLVM's library, torch.compile a C++ compiler.

    expression   micrograd's README example: forward and backward
    network      document 001's network 3-3-3: one step of gradient descent
    moons        micrograd's demo, MLP 2-16-16-1 on 100 points: one full-batch step
    digits       MLP 64-32-10 on 32 images: one step
    chain        500,000 times y <- y a + b: forward and backward
    wide         the sum of a million (w x)^2: forward and backward

    python benchmarks/native.py moons digits        some of the work
    python benchmarks/native.py --plot file.svg     and a picture of it
    python benchmarks/native.py --keep times.json   and the times: what stands there is not measured
"""

import argparse
import gc
import importlib
import json
import os
import site
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ |= {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
                                      "NUMBA_NUM_THREADS")}
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import numpy as np
from native_plot import plot, shown
from native_work import LOSSES, data
from peers import PEERS

ROUNDS = 3
SECONDS = 0.3                   # that a process measures
SLOW = 1.0                      # seconds per iteration
PATIENCE = 240                  # seconds for one process
WANTED = {"expression": "12 ns", "network": "180 ns", "moons": "9.5 us", "digits": "20 us",
          "chain": "1.9 ms", "wide": "1.2 ms"}
NO_WAY, NOT_INSTALLED = 3, 4    # exit statuses


# ---- one process

def measure(peer, work):
    """Prints the seconds to prepare and per iteration, or exits with one of the statuses."""
    make, *modules = PEERS[peer]
    try:
        for module in modules:
            importlib.import_module(module)
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(NOT_INSTALLED)
    gc.disable()                # it would walk through millions of nodes again and again
    x, y, p = data(work)
    start = time.perf_counter()
    made = make(work, x, y, p)
    if made is None:
        sys.exit(NO_WAY)
    run, result = made
    found = result()
    prepared = time.perf_counter() - start
    check(peer, work, *found)
    gc.freeze()
    gc.enable()
    print(prepared, least(run))


def least(run):
    """The least seconds per iteration."""
    took = once(run, 1)
    if took > SLOW:
        return took
    rounds, best, end = 1, float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < end or best == float("inf"):
        took = once(run, rounds)
        best = min(best, took / rounds)
        rounds = max(1, min(10_000_000, round(rounds * 0.03 / max(took, 1e-9))))
    return best


def once(run, rounds):
    begin = time.perf_counter()
    run(rounds)
    return time.perf_counter() - begin


def check(peer, work, loss, gradients):
    """Exits if a peer's loss or gradients are not those of the eager engine."""
    place = Path(os.environ["HANDGRAD_BENCH"], f"{work}.npz")
    if not place.exists():
        made, parameters = LOSSES[work](*data(work), scalar=False)
        made.backward()
        np.savez(place, loss=made.data, gradients=[w.grad for w in parameters])
    known = np.load(place)
    if not (np.allclose(loss, known["loss"], rtol=1e-9, atol=0)
            and np.allclose(gradients, known["gradients"], rtol=1e-9, atol=1e-12)):
        sys.exit(f"{peer} does not agree on {work}: loss {loss!r} and {known['loss']!r}")


# ---- all of them

def one(peer, work, folder):
    """The seconds of one process; None where a peer has no way, a sentence where it failed."""
    try:
        done = subprocess.run([sys.executable, __file__, "--measure", peer, work], check=False,
                              capture_output=True, text=True, timeout=PATIENCE,
                              env=os.environ | caches(folder))
    except subprocess.TimeoutExpired:
        return f"{peer}: not done after {PATIENCE} s"
    if done.returncode == NO_WAY:
        return None
    if done.returncode:
        why = "not installed" if done.returncode == NOT_INSTALLED else "failed"
        return f"{peer}: {why}: {''.join(done.stderr.strip().splitlines()[-1:])}"
    return tuple(map(float, done.stdout.split()[-2:]))


def turns(work, folder):
    """By peer: the seconds to prepare at first and later, and per iteration; and what failed."""
    found, missing = {}, []
    for peer in PEERS:
        times = one(peer, work, folder)
        if isinstance(times, str):
            missing.append(times)
        elif times:
            found[peer] = [times[0], None, times[1]]
    for _ in range(ROUNDS - 1):
        for peer, (first, later, each) in found.items():
            if each < SLOW and isinstance(times := one(peer, work, folder), tuple):
                found[peer] = [first, min(later or times[0], times[0]), min(each, times[1])]
    return found, missing


def table(work, found, missing):
    limit = found.get("C by hand", [None] * 3)[2]
    print(f"\n{work} (to reach: {WANTED[work]})")
    print(f"{'':<18}{'time':>10}{'of C':>11}{'prepared':>12}{'again':>10}")
    for peer, (first, later, each) in sorted(found.items(), key=lambda item: item[1][2]):
        ratio = f"{each / limit:.1f}x" if limit else ""
        print(f"{peer:<18}{shown(each):>10}{ratio:>11}{shown(first):>12}"
              f"{shown(later) if later else '':>10}")
    print(*(f"    {sentence}" for sentence in missing), sep="\n", flush=True)


def caches(folder):
    """The environment in which everything that peers keep on disk is in this folder."""
    return {"HOME": folder, "PYTHONUSERBASE": site.getuserbase(), "HANDGRAD_BENCH": folder,
            "HANDGRAD_CACHE": f"{folder}/handgrad", "TORCHINDUCTOR_CACHE_DIR": f"{folder}/inductor"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("works", nargs="*", metavar="work", help=", ".join(WANTED))
    parser.add_argument("--plot", metavar="FILE", help="draw what was measured")
    parser.add_argument("--keep", metavar="FILE", help="times of this run and earlier ones")
    asked = parser.parse_args()
    if wrong := set(asked.works) - set(WANTED):
        parser.error(f"there is no work {min(wrong)!r}: choose from {', '.join(WANTED)}")
    kept = Path(asked.keep) if asked.keep else None
    known = json.loads(kept.read_text()) if kept and kept.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        for work in asked.works or WANTED:
            if work not in known:
                known[work] = turns(work, folder)
            table(work, *known[work])
            if kept:
                kept.write_text(json.dumps(known, indent=1))
    if asked.plot:
        plot({work: known[work][0] for work in WANTED if work in known}, asked.plot)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(*sys.argv[2:])
    else:
        main()
