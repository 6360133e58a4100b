"""Losses of ten training steps of a small MLP in PyTorch: the constants of tests/tests/gradients.rs.

    python tests/golden/mlp_torch.py        # written with PyTorch 2.15.0
"""

import math

import torch

ROWS, SIZES = 12, [5, 8, 7, 4]


def parameters():
    """The same formulas as in the test, in float64."""
    layers = []
    for l, (inputs, outputs) in enumerate(zip(SIZES, SIZES[1:])):
        w = [[0.6 * math.sin(1.0 + l + 3 * i + 7 * j) for j in range(outputs)] for i in range(inputs)]
        b = [0.1 * math.cos(2.0 + l + 5 * j) for j in range(outputs)]
        layers.append((torch.tensor(w, dtype=torch.float64), torch.tensor(b, dtype=torch.float64)))
    return layers


def losses(optimiser, activation):
    x = torch.tensor(
        [[math.sin(0.5 + 1.7 * i + 2.3 * j) for j in range(SIZES[0])] for i in range(ROWS)],
        dtype=torch.float64,
    )
    labels = torch.tensor([i * i % SIZES[-1] for i in range(ROWS)])
    layers = [(w.requires_grad_(), b.requires_grad_()) for w, b in parameters()]
    optimiser = optimiser([p for layer in layers for p in layer])
    found = []
    for _ in range(10):
        h = x
        for w, b in layers[:-1]:
            h = activation(h @ w + b)
        w, b = layers[-1]
        loss = torch.nn.functional.cross_entropy(h @ w + b, labels)
        found.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return found


print("torch", torch.__version__)
for name, optimiser, activation in [
    ("adam, relu", lambda p: torch.optim.Adam(p, lr=0.01, eps=1e-8), torch.relu),
    ("sgd, tanh", lambda p: torch.optim.SGD(p, lr=0.5, momentum=0.9), torch.tanh),
]:
    print(name, [round(loss, 8) for loss in losses(optimiser, activation)])
