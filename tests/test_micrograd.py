"""Programs written for micrograd run with only their imports changed, and find the same numbers."""

import pytest

DEMO = '''
import random
import numpy as np
from micrograd.engine import Value
from micrograd.nn import Neuron, Layer, MLP

np.random.seed(1337)
random.seed(1337)
t = np.linspace(0, np.pi, 25)
X = np.concatenate([np.c_[np.cos(t), np.sin(t)], np.c_[1 - np.cos(t), 0.5 - np.sin(t)]])
X = X + 0.1 * np.random.randn(*X.shape)
y = np.repeat([-1, 1], 25)

model = MLP(2, [8, 8, 1])
shown = [str(model), str(len(model.parameters()))]

def loss(batch_size=None):
    if batch_size is None:
        Xb, yb = X, y
    else:
        ri = np.random.permutation(X.shape[0])[:batch_size]
        Xb, yb = X[ri], y[ri]
    inputs = [list(map(Value, xrow)) for xrow in Xb]
    scores = list(map(model, inputs))
    losses = [(1 + -yi*scorei).relu() for yi, scorei in zip(yb, scores)]
    data_loss = sum(losses) * (1.0 / len(losses))
    alpha = 1e-4
    reg_loss = alpha * sum((p*p for p in model.parameters()))
    total_loss = data_loss + reg_loss
    accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(yb, scores)]
    return total_loss, sum(accuracy) / len(accuracy)

history = []
for k in range(8):
    total_loss, acc = loss(20 if k % 2 else None)
    model.zero_grad()
    total_loss.backward()
    learning_rate = 1.0 - 0.9*k/100
    for p in model.parameters():
        p.data -= learning_rate * p.grad
    history.append((total_loss.data, acc))

mesh = [list(map(Value, row)) for row in np.c_[np.linspace(-1, 2, 9), np.linspace(-1, 1, 9)]]
boundary = [s.data > 0 for s in map(model, mesh)]
'''

WALK = '''
from micrograd.engine import Value

def trace(root):
    nodes, edges = set(), set()
    def build(v):
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)
    build(root)
    return nodes, edges

x = Value(1.0)
y = (x * 2 + 1).relu()
y.backward()
nodes, edges = trace(y)
drawn = sorted("{data %.4f | grad %.4f}" % (n.data, n.grad) + n._op for n in nodes if n._op)
counts = (len(nodes), len(edges))
'''


def run(program, ours):
    if ours:
        program = program.replace("micrograd.engine", "engine").replace("micrograd.nn", "nn")
    names = {}
    exec(program, names)
    return names


def test_the_moons_demo_trains_to_the_same_numbers():
    ours, theirs = run(DEMO, True), run(DEMO, False)
    assert ours["shown"] == theirs["shown"] and ours["boundary"] == theirs["boundary"]
    for (a, right), (b, also) in zip(ours["history"], theirs["history"]):
        assert a == pytest.approx(b, rel=1e-9) and right == also


def test_a_hand_written_walk_over_the_graph_works():
    ours, theirs = run(WALK, True), run(WALK, False)
    assert ours["counts"] == theirs["counts"]
    assert [d.lower() for d in ours["drawn"]] == [d.lower() for d in theirs["drawn"]]
