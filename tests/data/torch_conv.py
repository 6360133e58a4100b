"""Convolution, its gradients, and max-pooling in PyTorch: the numbers of tests/tests/conv/.

    python tests/data/torch_conv.py > tests/data/torch_conv.txt

The inputs are formulas that the test repeats; arrays are written as [batch, height, width, channels] and
[kernel_h, kernel_w, in_channels, out_channels], in float64.
"""

import math

import torch
from torch.nn import functional as F

# name, x [batch, height, width, channels], weights, stride, same padding
CONVOLUTIONS = [
    ("valid", [2, 5, 6, 3], [3, 3, 3, 4], [1, 1], False),
    ("strided", [2, 7, 6, 2], [3, 2, 2, 5], [2, 1], False),
    ("same", [1, 5, 4, 2], [3, 3, 2, 3], [1, 1], True),
    ("same_even", [2, 4, 5, 1], [2, 4, 1, 2], [1, 1], True),
    ("pointwise", [2, 3, 3, 4], [1, 1, 4, 5], [1, 1], False),
    ("whole", [3, 4, 3, 2], [4, 3, 2, 6], [1, 1], False),
]

# name, x, window, stride
POOLS = [
    ("halves", [2, 5, 4, 3], [2, 2], [2, 2]),
    ("overlapping", [1, 6, 7, 2], [3, 3], [2, 1]),
]


def numbers(shape, phase, step):
    """sin(phase + step · i) for element i."""
    count = math.prod(shape)
    values = [math.sin(phase + step * i) for i in range(count)]
    # The test has the numbers in float32.
    return torch.tensor(values, dtype=torch.float32).double().reshape(shape)


def write(name, what, tensor):
    print(name, what, *(repr(x) for x in tensor.detach().flatten().tolist()))


def to_nchw(x):
    return x.permute(0, 3, 1, 2)


def to_nhwc(x):
    return x.permute(0, 2, 3, 1)


def convolutions():
    for name, x_shape, w_shape, stride, same in CONVOLUTIONS:
        x = numbers(x_shape, 0.3, 1.7).requires_grad_()
        w = numbers(w_shape, 1.1, 2.3).requires_grad_()
        b = numbers(w_shape[3:], 0.5, 0.9).requires_grad_()
        padding = "same" if same else 0
        y = to_nhwc(F.conv2d(to_nchw(x), w.permute(3, 2, 0, 1), b, stride, padding))
        dy = numbers(list(y.shape), 2.0, 1.3)
        y.backward(dy)
        for what, tensor in [("y", y), ("dw", w.grad), ("db", b.grad), ("dx", x.grad)]:
            write(name, what, tensor)


def pools():
    for name, shape, window, stride in POOLS:
        x = numbers(shape, 0.3, 1.7).requires_grad_()
        y = to_nhwc(F.max_pool2d(to_nchw(x), window, stride))
        y.backward(numbers(list(y.shape), 2.0, 1.3))
        write(name, "y", y)
        write(name, "dx", x.grad)


if __name__ == "__main__":
    print(f"# PyTorch {torch.__version__}, tests/data/torch_conv.py")
    convolutions()
    pools()
