"""Samples of different classes are lanes of one program, however the loss picks their class."""

import pytest
from test_native import GEARS, agree, network, points

import engine
import nn
from engine import Value
from engine.native.graph import Graph
from engine.native.turns import Share, turn_back

N, CLASSES = 20, 5
LABELS = [k * k % CLASSES for k in range(N)]        # 2 and 3 do not occur


@pytest.fixture(params=GEARS)
def gear(request, monkeypatch):
    monkeypatch.setenv("HANDGRAD_NATIVE", "0" if request.param == "numpy" else "1")
    return request.param


def by_labels(outs):
    return nn.categorical_cross_entropy(outs, LABELS, logits=True)


def by_probability(outs):
    return -sum(engine.softmax(out)[y].log() for out, y in zip(outs, LABELS))


def by_hand(outs):
    return engine.total([-engine.log_softmax(out)[y] for out, y in zip(outs, LABELS)]) / N


def smoothed(outs):
    targets = [[0.9 if k == y else 0.1 if k == (y + 1) % CLASSES else 0.0
                for k in range(CLASSES)] for y in LABELS]
    return nn.categorical_cross_entropy(outs, targets, logits=True)


def with_temperature(outs):
    return by_hand([[o * 0.5 for o in out] for out in outs])


LOSSES = [by_labels, by_probability, by_hand, smoothed, with_temperature]


@pytest.mark.parametrize("kind", ["scalar", "dot"])
@pytest.mark.parametrize("loss", LOSSES)
def test_all_samples_are_lanes(loss, kind, gear):
    model, (xs, _) = network(kind, (2, [6, CLASSES])), points(N)
    program = agree(loss([model(x) for x in xs]), model.parameters(), rel=1e-12)
    assert program.lanes == [N]


def test_large_scores_agree(gear):
    model, (xs, _) = network("dot", (2, [6, CLASSES])), points(N)
    for k, p in enumerate(model.parameters()):
        p.data *= 400.0 + 100 * (k % 7)
    agree(by_labels([model(x) for x in xs]), model.parameters(), rel=1e-11)


def shares_in(loss):
    graph = Graph(loss)
    turn_back(graph)
    return [rule for k in graph.order if isinstance(rule := graph.rules[k], Share)]


def test_lists_stay_where_every_turn_is_there_or_all_look_at_one_place():
    model, (xs, _) = network("dot", (2, [6, CLASSES])), points(4)
    outs = [model(x) for x in xs]
    assert not shares_in(sum(s.log() for out in outs for s in engine.softmax(out)))
    assert not shares_in(sum(engine.softmax(out)[3] for out in outs))
    assert len(shares_in(sum(engine.softmax(out)[k] for k, out in enumerate(outs)))) == 4


def test_lists_stay_where_nothing_tells_where_they_began():
    scores = [[Value(0.1 * k * n) for k in range(CLASSES)] for n in range(3)]
    assert not shares_in(sum(engine.softmax(xs)[k] for k, xs in enumerate(scores)))
    shared = Value(0.5)
    alike = [[(shared * (k + n)).sin() for k in range(CLASSES)] for n in range(3)]
    assert not shares_in(sum(engine.softmax(xs)[k] for k, xs in enumerate(alike)))
