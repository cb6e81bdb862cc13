"""nn: networks of scalar neurons, and what it takes to train them.

    module.py     Module: parameters by name, saving and loading
    layers.py     Neuron, Layer, MLP                     <- start here
    losses.py     how far outputs are from targets
    optim.py      SGD, Adam
    networks.py   the two networks of the documents, with their numbers
"""

from . import networks
from .layers import MLP, Layer, Neuron
from .losses import (
    binary_cross_entropy,
    categorical_cross_entropy,
    half_sum_of_squares,
    max_margin,
    mean_squared_error,
)
from .module import Module
from .optim import SGD, Adam

__all__ = [
    "MLP", "SGD", "Adam", "Layer", "Module", "Neuron", "binary_cross_entropy",
    "categorical_cross_entropy", "half_sum_of_squares", "max_margin", "mean_squared_error",
    "networks",
]
