"""Optimizers: rules that turn gradients into a change of the parameters.

Each works out all changes before it makes the first one. `optimizer.parameters` is a plain list;
`optimizer.lr` may be set at any time.
"""

from collections.abc import Iterable

from engine import Value, computed
from engine.scalars import UNSET


class Optimizer:
    """What SGD and Adam share; a subclass gives `changes()`, one number per parameter."""

    def __init__(self, parameters: Iterable[Value], lr: float) -> None:
        if not isinstance(parameters, Iterable):
            raise TypeError(f"an optimizer takes a list of Values, and got {parameters!r}: pass "
                            f"model.parameters()")
        self.parameters = list(parameters)
        for p in self.parameters:
            if not isinstance(p, Value):
                raise TypeError(f"an optimizer moves Values, and {p!r} is not one: pass "
                                f"model.parameters()")
        self.lr = positive("lr", lr)
        if not self.parameters:
            raise ValueError("an optimizer of no parameters has nothing to do: "
                             "pass model.parameters()")

    def zero_grad(self) -> None:
        """Forgets the gradients of all parameters."""
        for p in self.parameters:
            p.grad = UNSET

    def step(self) -> None:
        """Moves every parameter once, by the gradients as they are."""
        if not any(map(computed, self.parameters)):
            raise ValueError("no gradient was computed for any parameter: "
                             "call loss.backward() before step()")
        for p, change in zip(self.parameters, self.changes()):
            p.data += change

    def changes(self) -> list[float]:
        """How far each parameter moves at this step."""
        raise NotImplementedError(f"{type(self).__name__} must define changes()")


class SGD(Optimizer):
    """Gradient descent p <- p - lr * grad; with momentum m, v <- m v + grad in place of grad."""

    def __init__(self, parameters: Iterable[Value], lr: float = 0.01,
                 momentum: float = 0.0) -> None:
        super().__init__(parameters, lr)
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum={momentum!r} is not in [0, 1): "
                             f"use 0 for none, 0.9 as a common choice")
        self.momentum = momentum
        self.velocity = [0.0] * len(self.parameters)

    def changes(self) -> list[float]:
        """-lr times the velocity."""
        self.velocity = [self.momentum * v + p.grad for v, p in zip(self.velocity, self.parameters)]
        return [-self.lr * v for v in self.velocity]


class Adam(Optimizer):
    """Adam (Kingma, Ba 2015, algorithm 1): steps scaled by running means of grad and its square."""

    def __init__(self, parameters: Iterable[Value], lr: float = 0.001,
                 betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8) -> None:
        super().__init__(parameters, lr)
        if not all(0 <= b < 1 for b in betas):
            raise ValueError(f"betas={betas!r} are not both in [0, 1): "
                             f"the usual choice is (0.9, 0.999)")
        self.betas, self.eps, self.t = betas, positive("eps", eps), 0
        self.m = [0.0] * len(self.parameters)
        self.v = [0.0] * len(self.parameters)

    def changes(self) -> list[float]:
        """-lr times the corrected mean over the root of the corrected mean square."""
        b1, b2 = self.betas
        self.t += 1
        self.m = [b1 * m + (1 - b1) * p.grad for m, p in zip(self.m, self.parameters)]
        self.v = [b2 * v + (1 - b2) * p.grad * p.grad for v, p in zip(self.v, self.parameters)]
        c1, c2 = 1 - b1 ** self.t, 1 - b2 ** self.t
        return [-self.lr * (m / c1) / ((v / c2) ** 0.5 + self.eps) for m, v in zip(self.m, self.v)]


def positive(name: str, x: float) -> float:
    """x itself, if it is a positive number; ValueError otherwise."""
    if isinstance(x, str) or not 0 < x < float("inf"):
        raise ValueError(f"{name}={x!r} must be a positive number, such as 0.01")
    return x
