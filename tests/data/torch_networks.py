"""Training steps of small networks in PyTorch: the numbers of tests/tests/gradients.rs.

    python tests/data/torch_networks.py > tests/data/torch_networks.txt

The data and the parameters are formulas that the test repeats; weights are written as
[kernel_h, kernel_w, in_channels, out_channels] and [inputs, outputs], images as [height, width, channels], all
in float64. `losses` are those of ten steps on all rows, the rest is after the last one: `evaluation` the mean
loss with running moments. Weight decay is of the weights of convolutions and linear layers only.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

ROWS, SHAPE, CLASSES, STEPS = 12, [8, 7, 2], 4, 10


def numbers(shape, phase, step, factor=1.0):
    """factor · sin(phase + step · i) for element i, in float32 as in the test."""
    values = [factor * math.sin(phase + step * i) for i in range(math.prod(shape))]
    return torch.tensor(values, dtype=torch.float32).double().reshape(shape)


class Nhwc(nn.Module):
    """Flattens [batch, channels, height, width] in the order height, width, channels."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


def plain():
    return nn.Sequential(
        nn.Conv2d(2, 5, 3), nn.ReLU(), nn.MaxPool2d(2), Nhwc(), nn.Linear(30, 6), nn.Tanh(), nn.Linear(6, CLASSES)
    )


def normalised():
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding="same"), nn.ReLU(), nn.BatchNorm2d(4),
        nn.Conv2d(4, 3, (3, 2), stride=(2, 1)), nn.SiLU(),
        nn.MaxPool2d(2, stride=1), Nhwc(), nn.BatchNorm1d(30), nn.Linear(30, CLASSES),
    )


def learned():
    return nn.Sequential(
        Nhwc(), nn.Linear(112, 9), nn.LayerNorm(9), nn.PReLU(9), nn.Linear(9, 6), nn.PReLU(), nn.Linear(6, CLASSES)
    )


class DynamicTanh(nn.Module):
    """y = gamma tanh(alpha x) + beta (Zhu et al. 2025)."""

    def __init__(self, width):
        super().__init__()
        self.alpha = nn.Parameter(torch.tensor([0.5]))
        self.gamma = nn.Parameter(torch.ones(width))
        self.beta = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return self.gamma * torch.tanh(self.alpha * x) + self.beta


def directions():
    return nn.Sequential(Nhwc(), weight_norm(nn.Linear(112, 9)), nn.SiLU(), DynamicTanh(9), nn.Linear(9, CLASSES))


def smooth():
    return nn.Sequential(
        Nhwc(), nn.Linear(112, 9), nn.GELU(), nn.Linear(9, 6), nn.Softplus(), nn.Linear(6, CLASSES)
    )


def one_hot(labels):
    return F.one_hot(labels, CLASSES).double()


def logistic(z, labels):
    return F.binary_cross_entropy_with_logits(z, one_hot(labels), reduction="sum") / len(z)


def squared_error(z, labels):
    return 0.5 * ((z - one_hot(labels)) ** 2).sum() / len(z)


def normalised_relu(z, labels):
    """Cross-entropy of max(0, z) divided by its sum; 0 where all are 0."""
    scores = F.relu(z)
    p = scores / scores.sum(1, keepdim=True).clamp_min(1e-30)
    return F.nll_loss(p.clamp(1e-7, 1 - 1e-7).log(), labels)


def fill(network):
    """The formulas of the test: layer by layer, weights and biases; the others keep their first values."""
    layers = [m for m in network if list(m.parameters())]
    for l, layer in enumerate(layers):
        if isinstance(layer, nn.Conv2d):
            out, inputs, *kernel = layer.weight.shape
            w = numbers([*kernel, inputs, out], 1.0 + l, 2.3, 0.4)
            layer.weight.data = w.permute(3, 2, 0, 1).contiguous()
        elif hasattr(layer, "parametrizations"):
            direction = numbers([layer.in_features, layer.out_features], 1.0 + l, 2.3, 0.4).T.contiguous()
            layer.parametrizations.weight.original1.data = direction
            layer.parametrizations.weight.original0.data = direction.norm(dim=1, keepdim=True)
        elif isinstance(layer, nn.Linear):
            layer.weight.data = numbers([layer.in_features, layer.out_features], 1.0 + l, 2.3, 0.4).T.contiguous()
        else:
            continue
        layer.bias.data = numbers(layer.bias.shape, 0.5 + l, 0.9, 0.1)
    return layers


def parameters(layers):
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            yield layer.weight.permute(2, 3, 1, 0)
        elif hasattr(layer, "parametrizations"):
            yield layer.parametrizations.weight.original1.T
            yield layer.parametrizations.weight.original0
        elif isinstance(layer, DynamicTanh):
            yield from (layer.alpha, layer.gamma, layer.beta)
            continue
        elif isinstance(layer, nn.Linear):
            yield layer.weight.T
        else:
            yield layer.weight
        if not isinstance(layer, nn.PReLU):
            yield layer.bias


def write(name, what, values):
    print(name, what, *(repr(float(x)) for x in values))


def run(name, network, optimiser, head=F.cross_entropy):
    network = network().double()
    layers = fill(network)
    if head is normalised_relu:
        # Or most outputs are dead.
        layers[-1].bias.data += 0.75
    weights = [layer.weight for layer in layers if isinstance(layer, (nn.Conv2d, nn.Linear)) and not hasattr(layer, "parametrizations")]
    others = [p for p in network.parameters() if not any(p is weight for weight in weights)]
    optimiser = optimiser([{"params": weights}, {"params": others, "weight_decay": 0.0}])
    x = numbers([ROWS, *SHAPE], 0.3, 1.7).permute(0, 3, 1, 2)
    labels = torch.tensor([i * i % CLASSES for i in range(ROWS)])
    losses = []
    network.train()
    for _ in range(STEPS):
        loss = head(network(x), labels)
        losses.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    write(name, "losses", losses)
    write(name, "parameters", torch.cat([p.detach().flatten() for p in parameters(layers)]))
    network.eval()
    with torch.no_grad():
        write(name, "evaluation", [head(network(x), labels)])


if __name__ == "__main__":
    print(f"# PyTorch {torch.__version__}, tests/data/torch_networks.py")
    for name, network in [("plain", plain), ("normalised", normalised)]:
        run(name + "_adam", network, lambda p: torch.optim.Adam(p, lr=0.01, eps=1e-8))
        run(name + "_sgd", network, lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9))
    run("directions_adam", directions, lambda p: torch.optim.Adam(p, lr=0.01, eps=1e-8))
    for head in [logistic, squared_error, normalised_relu]:
        run(head.__name__ + "_sgd", smooth, lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9), head)
    run("learned_adamw", learned, lambda p: torch.optim.AdamW(p, lr=0.01, eps=1e-8, weight_decay=0.3))
    run("learned_nesterov", learned, lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01))
