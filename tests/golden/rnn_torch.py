"""Losses of ten training steps of small recurrent networks in PyTorch: the constants of trainer/src/rnn/tests.rs.

    python tests/golden/rnn_torch.py        # written with PyTorch 2.15.0
"""

import math

import torch
from torch import nn

ROWS, STEPS, INPUTS, HIDDEN, CLASSES = 12, 4, 3, 5, 4


def numbers(shape, phase, step, factor):
    """factor · sin(phase + step · i) for element i, in float32 as in the test."""
    values = [factor * math.sin(phase + step * i) for i in range(math.prod(shape))]
    return torch.tensor(values, dtype=torch.float32).double().reshape(shape)


def losses(activation, clip):
    rnn = nn.RNN(INPUTS, HIDDEN, nonlinearity=activation, batch_first=True).double()
    top = nn.Linear(HIDDEN, CLASSES).double()
    rnn.weight_ih_l0.data = numbers([INPUTS, HIDDEN], 1.0, 2.3, 0.6).T.contiguous()
    rnn.weight_hh_l0.data = numbers([HIDDEN, HIDDEN], 2.0, 2.3, 0.6).T.contiguous()
    rnn.bias_ih_l0.data = numbers([HIDDEN], 3.0, 2.3, 0.6)
    # PyTorch has two biases, of which ours is the sum.
    rnn.bias_hh_l0.data.zero_()
    rnn.bias_hh_l0.requires_grad_(False)
    top.weight.data = numbers([HIDDEN, CLASSES], 4.0, 2.3, 0.6).T.contiguous()
    top.bias.data = numbers([CLASSES], 5.0, 2.3, 0.6)
    parameters = [p for p in [*rnn.parameters(), *top.parameters()] if p.requires_grad]
    optimiser = torch.optim.SGD(parameters, lr=0.2, momentum=0.9)
    x = numbers([ROWS, STEPS, INPUTS], 0.3, 1.7, 1.0)
    labels = torch.tensor([i * i % CLASSES for i in range(ROWS)])
    found = []
    for _ in range(10):
        _, h = rnn(x)
        loss = nn.functional.cross_entropy(top(h[0]), labels)
        found.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(parameters, clip)
        optimiser.step()
    return found


print("torch", torch.__version__)
for activation, clip in [("tanh", None), ("relu", None), ("relu", 0.1)]:
    print(activation, clip, [round(loss, 8) for loss in losses(activation, clip)])
