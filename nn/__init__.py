"""nn: networks of scalar neurons, and what it takes to train and to question them.

    module.py     Module: parameters by name, saving and loading
    layers.py     Neuron, Layer, MLP                     <- start here
    losses.py     how far outputs are from targets
    optim.py      SGD, Adam
    networks.py   the two networks of the documents, with their numbers
    train.py      fit: training, with a record and warnings; Stop
      task.py       what fit was given, checked
      data.py       samples and batches, checked
      watch.py      what goes wrong while training, said in one sentence
    history.py    History: the record of a training run
    schedules.py  learning rates that change
    init.py       weights drawn anew; symmetry
    tables.py     updates, weights and gradients as aligned tables
    diagnose.py   why a gradient is zero, why it is huge
      paths.py      the path that did it
    collapse.py   linear layers as one layer
    structure.py  the layers of any module, by name
    matrices.py   the documents' closed matrix formulas, in plain numpy (import by name)
"""

from . import networks, schedules
from .collapse import collapse
from .diagnose import diagnose
from .history import History
from .init import initialise, symmetry
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
from .paths import path
from .tables import batch_gradients, compare_states, gradient_table, update_table
from .train import Stop, fit
from .watch import TrainingWarning

__all__ = [
    "MLP", "SGD", "Adam", "History", "Layer", "Module", "Neuron", "Stop", "TrainingWarning",
    "batch_gradients", "binary_cross_entropy", "categorical_cross_entropy", "collapse",
    "compare_states", "diagnose", "fit", "gradient_table", "half_sum_of_squares", "initialise",
    "max_margin", "mean_squared_error", "networks", "path", "schedules", "symmetry", "update_table",
]
