"""The peers of native.py, by kind:

    losses.py       the work as a loss, for scalars and for tensors        <- start here
    scalars.py      graphs of scalars in Python: handgrad, micrograd, xad
    by_hand.py      numpy, and C (../native_hand.c); in_numba.py: loops compiled by numba
    tensors.py      jax, autograd, pytensor; in_torch.py
    symbolic.py     expressions that become programs: casadi, heyoka; casadi_loop.c around them
    in_drjit.py     drjit, whose numbers are lanes

A peer is a function of (work, x, y, p) that prepares some work. It returns `run(rounds)`, which
does so many rounds (a round: forward and backward, and for a network one step of gradient descent),
and `result()`, the loss and flat gradients at the first parameters; or None, where it has no way.
Rounds are run inside compiled code where a peer can do that: C, handgrad, numba, jax's fori_loop,
pytensor's scan, the C that casadi writes, drjit's loops; the others are called round after round.
"""

from . import by_hand, in_drjit, in_numba, in_torch, scalars, symbolic, tensors

PEERS = {                           # each with the modules it needs
    "C by hand":        (by_hand.c,),
    "handgrad":         (scalars.handgrad, "engine", "engine.native.program", "llvmlite.binding"),
    "handgrad, called": (scalars.called, "engine", "engine.native.program", "llvmlite.binding"),
    "handgrad, eager":  (scalars.eager, "engine"),
    "numpy by hand":    (by_hand.numpy,),
    "numba by hand":    (in_numba.numba, "numba"),
    "pytensor":         (tensors.pytensor, "pytensor", "pytensor.tensor"),
    "jax":              (tensors.jax, "jax", "jax.numpy"),
    "torch":            (in_torch.eager, "torch"),
    "torch.compile":    (in_torch.compiled, "torch"),
    "autograd":         (tensors.autograd, "autograd", "autograd.numpy", "autograd.scipy.special"),
    "casadi":           (symbolic.casadi, "casadi"),
    "casadi to C":      (symbolic.casadi_to_c, "casadi"),
    "heyoka":           (symbolic.heyoka, "heyoka"),
    "drjit":            (in_drjit.drjit, "drjit", "drjit.llvm.ad"),
    "xad":              (scalars.xad, "xad.adj_1st", "xad.math"),
    "micrograd":        (scalars.micrograd, "micrograd.engine"),
}
