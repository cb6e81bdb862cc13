"""micrograd's demo, its loop as it is, before and after one line: `python benchmarks/demo.py`.

An MLP 2-16-16-1 in micrograd's own scalar code, neuron by neuron and product by product, learns 100
points in 100 full-batch steps. The line is `loss = engine.compile(loss)`; the second time includes
recording and compiling, with what earlier runs left in the cache.
"""

import time

from native_work import data, model_of

import engine
from engine import Value

STEPS = 100


def trained(compiled):
    """The seconds that the loop takes, and its last loss."""
    x, y, p = data("moons")
    model, _ = model_of("moons", p)

    def loss():
        scores = [model(list(map(Value, row))) for row in x]
        losses = [(1 + -yi * score).relu() for yi, score in zip(y.tolist(), scores)]
        data_loss = sum(losses) * (1.0 / len(losses))
        return data_loss + 1e-4 * sum(w * w for w in model.parameters())

    start = time.perf_counter()
    if compiled:
        loss = engine.compile(loss)
    for k in range(STEPS):
        total_loss = loss()
        model.zero_grad()
        total_loss.backward()
        learning_rate = 1.0 - 0.9 * k / STEPS
        for w in model.parameters():
            w.data -= learning_rate * w.grad
    return time.perf_counter() - start, total_loss.data


def main():
    for name, compiled in (("as it is", False), ("with the line", True)):
        seconds, last = trained(compiled)
        print(f"{name:<15}{seconds:>7.2f} s, last loss {last:.6f}")


if __name__ == "__main__":
    main()
