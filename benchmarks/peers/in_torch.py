"""torch: losses.tensor_loss, each operation at once or all of a step compiled."""

from native_work import RATE

from .losses import arrays, flat, step_by_step, tensor_loss


def loss_of(work, x, y, p):
    """The loss of a list of tensors, and the first ones."""
    import torch
    torch.set_num_threads(1)

    class Like:
        relu, sigmoid, log = torch.relu, torch.sigmoid, torch.log

        @staticmethod
        def softmax(v):
            return torch.softmax(v, -1)

        @staticmethod
        def log_softmax(v):
            return torch.log_softmax(v, -1)

    X, Y = (None if a is None else torch.tensor(a) for a in (x, y))
    start = [torch.tensor(w, dtype=torch.float64) for w in arrays(work, p)]
    if work == "chain":
        return lambda q: step_by_step(*q), start
    return lambda q: tensor_loss(work, q, X, Y, Like), start


def eager(work, x, y, p):
    import torch
    loss, start = loss_of(work, x, y, p)

    def leaves():
        return [w.clone().requires_grad_() for w in start]

    def run(rounds):
        q = leaves()
        for _ in range(rounds):
            grads = torch.autograd.grad(loss(q), q)
            if work in RATE:
                with torch.no_grad():
                    torch._foreach_add_(q, grads, alpha=-RATE[work])    # as its own SGD does

    def result():
        q = leaves()
        value = loss(q)
        return float(value.detach()), flat(torch.autograd.grad(value, q))

    return run, result


def compiled(work, x, y, p):
    """A whole step, gradients and update, as one compiled function."""
    if work == "chain":                     # it would write all steps out
        return None
    import torch
    loss, start = loss_of(work, x, y, p)
    both = torch.func.grad_and_value(loss)

    def step(q):
        grads, value = both(q)
        return [w - RATE[work] * g for w, g in zip(q, grads)] if work in RATE else grads, value

    fast = torch.compile(step, dynamic=False, fullgraph=True)

    def run(rounds):
        q = start
        with torch.no_grad():
            for _ in range(rounds):
                new, _ = fast(q)
                q = new if work in RATE else q

    def result():
        with torch.no_grad():
            new, value = fast(start)
        return float(value), (flat(start) - flat(new)) / RATE[work] if work in RATE else flat(new)

    return run, result
