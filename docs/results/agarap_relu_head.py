"""Agarap's dense network with the ReLU head in torch: whether it does what ours does.

    python agarap_relu_head.py FOLDER_OF_FASHION_MNIST SEED...        # numpy, scikit-learn, torch; one thread

The first of ten folds of the published protocol: 55,000 images, standardised, 256 principal components, 32 epochs of Adam in
batches of 256, cross-entropy of max(0, z) / sum as Keras 2.1.2 has it. Test images are not read. Prints of each seed the
accuracy on the fold after the last epoch, and which outputs are above 0 for no training image.
"""

import gzip
import sys
from pathlib import Path

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

EPSILON = 1e-7


def read(folder, name, header):
    path = next(Path(folder).glob(f"{name}*"))
    data = (gzip.open if path.suffix == ".gz" else open)(path, "rb").read()
    return np.frombuffer(data, np.uint8, offset=header)[:]


def network():
    layers, inputs = [], 256
    for units in (512, 512, 512):
        layers += [torch.nn.Linear(inputs, units), torch.nn.ReLU(), torch.nn.Dropout(0.1)]
        inputs = units
    layers += [torch.nn.Linear(inputs, 10), torch.nn.ReLU()]
    for layer in layers:
        if isinstance(layer, torch.nn.Linear):
            torch.nn.init.xavier_uniform_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
    return torch.nn.Sequential(*layers)


def losses(outputs, labels):
    """Where all outputs are 0, as Keras' clipped probability: no gradient."""
    sums = outputs.sum(1)
    some = sums > 0
    p = (outputs[some] / sums[some, None]).gather(1, labels[some, None])[:, 0]
    result = torch.full_like(sums, -float(np.log(EPSILON)))
    result[some] = -torch.log(p.clamp(EPSILON, 1 - EPSILON))
    return result


def main(folder, *seeds):
    torch.set_num_threads(1)
    x = read(folder, "train-images", 16).reshape(-1, 784)[5000:] / 255
    y = read(folder, "train-labels", 8)[5000:].astype(np.int64)
    x = PCA(256, svd_solver="covariance_eigh").fit_transform(StandardScaler().fit_transform(x))
    train, held = next(StratifiedKFold(10, shuffle=True, random_state=10).split(x, y))
    x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    for seed in map(int, seeds):
        torch.manual_seed(seed)
        net = network()
        adam = torch.optim.Adam(net.parameters(), lr=1e-3, eps=1e-8)
        for _ in range(32):
            net.train()
            for batch in torch.tensor(train)[torch.randperm(len(train))].split(256):
                loss = losses(net(x[batch]), y[batch]).mean()
                adam.zero_grad()
                loss.backward()
                adam.step()
        net.eval()
        with torch.no_grad():
            accuracy = 100 * (net(x[held]).argmax(1) == y[held]).float().mean().item()
            dead = [c for c, some in enumerate((net(x[train]) > 0).any(0)) if not some]
        print(f"seed {seed}: {accuracy:.2f} %, dead outputs {dead}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
