"""The work as a loss, once for scalars and once for tensors; `like` holds a library's functions.

`scalar_loss` takes flat parameters and `like.relu, .exp, .log, .sum`; `sample_loss` is that of one
sample, whose numbers may also be lanes. `tensor_loss` takes arrays, as `arrays` makes them.
"""

from itertools import pairwise

import numpy as np
from native_work import CHAIN, NETWORKS, expression, sizes, split


class Plain:
    """Sums as Python does them; libraries add the rest."""

    @staticmethod
    def sum(terms):
        return sum(terms[1:], terms[0])


# ---- scalars

def scalar_loss(work, p, x, y, like):
    if work == "expression":
        return expression(p[0], p[1], like.relu)
    if work == "chain":
        return step_by_step(*p)
    if work == "wide":
        return like.sum([(w * k)**2 for w, k in zip(p, x.tolist())])
    if work == "network":
        return sample_loss(work, p, x.tolist(), y.tolist(), like)
    targets = [[t] for t in y.tolist()] if work == "moons" else y.tolist()
    terms = [sample_loss(work, p, row, t, like) for row, t in zip(x.tolist(), targets)]
    mean = like.sum(terms) * (1.0 / len(terms))
    return mean + 1e-4 * like.sum([w * w for w in p]) if work == "moons" else mean


def sample_loss(work, p, x, y, like):
    """Max-margin, softmax cross-entropy or (network) binary cross-entropy of a softmax."""
    h, last = x, len(sizes(work)) - 2
    for k, (W, b) in enumerate(layers(work, p)):
        z = [like.sum([bias, *(w * v for w, v in zip(row, h))]) for row, bias in zip(W, b)]
        if work == "network" and k == 1:
            h = [1.0 / (1.0 + like.exp(-v)) for v in z]
        else:
            h = list(map(like.relu, z)) if k < last else z
    if work == "moons":
        return like.relu(1.0 - y[0] * h[0])
    e = list(map(like.exp, h))
    if work == "digits":
        return like.log(like.sum(e)) - like.sum([t * v for t, v in zip(y, h)])
    outs = [v / like.sum(e) for v in e]
    return -like.sum([like.log(o if t else 1.0 - o) for o, t in zip(outs, y)])


def layers(work, p):
    """Flat parameters as rows of weights, one per unit, and biases."""
    at = 0
    for a, b in pairwise(sizes(work)):
        W, end = p[at:at + a * b], at + a * b + b
        rows = [W[j::b] if work == "network" else W[j * a:j * a + a] for j in range(b)]
        yield rows, p[at + a * b:end]
        at = end


# ---- tensors

def arrays(work, p):
    """Flat parameters as the arrays of tensor_loss: W, b, ...; one vector; or single numbers."""
    if work in (*NETWORKS, "network"):
        return split(p, work)
    return [p] if work == "wide" else list(p)


def tensor_loss(work, p, x, y, like):
    """like: relu, sigmoid, softmax and log_softmax over the last axis, log."""
    if work == "expression":
        return expression(*p, like.relu)
    if work == "wide":
        return ((p[0] * x)**2).sum()
    if work == "network":
        h = like.relu(x @ p[0] + p[1])
        o = like.softmax(like.sigmoid(h @ p[2] + p[3]) @ p[4] + p[5])
        return -(y * like.log(o) + (1.0 - y) * like.log(1.0 - o)).sum()
    h = x
    for k in range(0, len(p), 2):
        h = h @ p[k].T + p[k + 1]
        h = like.relu(h) if k < len(p) - 2 else h
    if work == "moons":
        return like.relu(1.0 - y * h[:, 0]).mean() + 1e-4 * sum((w * w).sum() for w in p)
    return -(y * like.log_softmax(h)).sum() / x.shape[0]


def step_by_step(a, b, out):
    """The chain, by the loop that it is."""
    for _ in range(CHAIN // 2):
        out = out * a + b
    return out


def flat(gradients):
    """A list of arrays as one vector."""
    return np.concatenate([np.ravel(g) for g in gradients])
