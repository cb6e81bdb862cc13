"""The native gear against its peers: `python benchmarks/native.py` prints the table of the README.

Every peer prepares and runs each work in a process of its own, on one thread; before it is timed,
its loss and gradients must agree with handgrad's eager ones to 1e-9. The peers take turns, round
after round, and a cell shows the least time per iteration of all rounds, for a shared machine can
only make them slower. Python's garbage collector is paused while a peer prepares. Peers come with
`pip install ".[bench]"`; those that are missing or fail are named below the table, and those that
have no way to do some work are left out. C by hand and casadi to C need gcc, drjit LLVM's library.

    expression   micrograd's README example: forward and backward
    network      document 001's network 3-3-3: one step of gradient descent
    moons        micrograd's demo, MLP 2-16-16-1 on 100 points: one full-batch step
    digits       MLP 64-32-10 on 32 images: one step
    chain        500,000 times y <- y a + b: forward and backward
    wide         the sum of a million (w x)^2: forward and backward

    python benchmarks/native.py moons digits        some of the work
    python benchmarks/native.py --plot file.svg     and a picture of it
"""

import gc
import os
import subprocess
import sys
import time

os.environ |= {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
                                      "NUMBA_NUM_THREADS")}
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import numpy as np
from native_peers import PEERS
from native_work import LOSSES, data

ROUNDS = 3
SECONDS = 0.3                   # that a process measures
WANTED = {"expression": "12 ns", "network": "180 ns", "moons": "9.5 us", "digits": "20 us",
          "chain": "1.9 ms", "wide": "1.2 ms"}


def measure(peer, work):
    """Prints the seconds to prepare and per iteration; exits with 3 where a peer has no way.

    Where it is not installed, the status is 4.
    """
    gc.disable()                # it would walk through millions of nodes again and again
    x, y, p = data(work)
    start = time.perf_counter()
    try:
        made = PEERS[peer](work, x, y, p)
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(4)
    if made is None:
        sys.exit(3)
    run, result = made
    check(peer, work, *result())
    run(1)
    prepared = time.perf_counter() - start
    gc.freeze()
    gc.enable()
    rounds, best, end = 1, float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < end or best == float("inf"):
        begin = time.perf_counter()
        run(rounds)
        took = time.perf_counter() - begin
        best = min(best, took / rounds)
        rounds = max(1, min(10_000_000, round(rounds * 0.03 / max(took, 1e-9))))
    print(prepared, best)


def check(peer, work, loss, gradients):
    """Exits if a peer's loss or gradients are not those of the eager engine."""
    reference = f"{work}.npz"
    place = os.path.join(os.environ["HANDGRAD_BENCH"], reference)
    if not os.path.exists(place):
        x, y, p = data(work)
        made, parameters = LOSSES[work](x, y, p, scalar=False)
        made.backward()
        np.savez(place, loss=made.data, gradients=[w.grad for w in parameters])
    known = np.load(place)
    if not (np.allclose(loss, known["loss"], rtol=1e-9, atol=0)
            and np.allclose(gradients, known["gradients"], rtol=1e-9, atol=1e-12)):
        sys.exit(f"{peer} does not agree on {work}: loss {loss!r} and {known['loss']!r}")


def one(peer, work):
    """The seconds of one process; None where a peer has no way, a sentence where it failed."""
    done = subprocess.run([sys.executable, __file__, "--measure", peer, work],
                          capture_output=True, text=True, check=False)
    if done.returncode == 3:
        return None
    if done.returncode:
        why = "not installed" if done.returncode == 4 else "failed"
        return f"{peer}: {why}: {''.join(done.stderr.strip().splitlines()[-1:])}"
    return tuple(map(float, done.stdout.split()))


def shown(seconds):
    """A time with its unit."""
    for unit, size in (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3)):
        if seconds < 1000 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def table(works):
    """Measures all peers in turns and prints a table; returns the times per iteration."""
    found = {}
    for work in works:
        peers, missing = list(PEERS), []
        for _ in range(ROUNDS):
            for peer in list(peers):
                times = one(peer, work)
                if times is None or isinstance(times, str):
                    peers.remove(peer)
                    missing += [times] if times else []
                    continue
                known = found.setdefault((work, peer), times)
                found[work, peer] = tuple(map(min, known, times))
        limit = found[work, "C by hand"][1]
        print(f"\n{work} (to reach: {WANTED[work]})")
        print(f"{'':<18}{'time':>10}{'of C':>9}{'prepared':>12}")
        for peer in sorted(peers, key=lambda q: found[work, q][1]):
            prepared, each = found[work, peer]
            print(f"{peer:<18}{shown(each):>10}{each / limit:>8.1f}x{shown(prepared):>12}",
                  flush=True)
        print(*(f"    {sentence}" for sentence in missing), sep="\n")
    return {key: each for key, (_, each) in found.items()}


def plot(times, place):
    """One row of dots per work: how many times slower than C by hand."""
    import matplotlib.pyplot as plt
    works = list(dict.fromkeys(work for work, _ in times))
    fig, ax = plt.subplots(figsize=(9, 1 + 0.85 * len(works)))
    for row, work in enumerate(reversed(works)):
        peers = sorted((each, peer) for (name, peer), each in times.items() if name == work)
        for i, (each, peer) in enumerate(peers):
            ratio, ours, up = each / times[work, "C by hand"], peer == "handgrad", i % 2 == 0
            ax.plot(ratio, row, "o", color="C3" if ours else "0.65", ms=9 if ours else 6)
            ax.annotate(peer.removeprefix("handgrad, "), (ratio, row), (0, 7 if up else -7),
                        textcoords="offset points", rotation=20 if up else -20, fontsize=7,
                        rotation_mode="anchor", va="bottom" if up else "top",
                        color="C3" if ours else "0.3")
    ax.set(xscale="log", ylim=(-0.6, len(works) - 0.3), xlabel="time, as a multiple of C by hand",
           yticks=range(len(works)), yticklabels=list(reversed(works)))
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="x", alpha=0.3)
    fig.tight_layout()
    fig.savefig(place, dpi=150)


def main(arguments):
    import tempfile
    place = arguments.pop(arguments.index("--plot") + 1) if "--plot" in arguments else None
    works = [a for a in arguments if a in WANTED] or list(WANTED)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HANDGRAD_BENCH"] = folder
        times = table(works)
    if place:
        plot(times, place)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(*sys.argv[2:])
    else:
        main(sys.argv[1:])
