# torch's or numpy's functions on given inputs. usage: accuracy.py torch|numpy INPUTS DIRECTORY
# INPUTS holds f32 in this machine's order; DIRECTORY/<function>.f32 will hold the results. Prints the peer's version.
import sys
import numpy as np

peer, inputs, directory = sys.argv[1:]
x = np.fromfile(inputs, np.float32)

if peer == "torch":
    import torch
    import torch.nn.functional as F

    functions = {
        "identity": lambda x: x.clone(), "relu": F.relu, "relu6": F.relu6, "abs": torch.abs,
        "leaky_relu": lambda x: F.leaky_relu(x, 0.01), "elu": F.elu, "selu": F.selu, "celu": F.celu,
        "gelu": F.gelu, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu, "mish": F.mish,
        "hard_swish": F.hardswish, "hard_sigmoid": F.hardsigmoid, "softplus": F.softplus, "sigmoid": torch.sigmoid,
        "tanh": torch.tanh, "softsign": F.softsign, "exp": torch.exp, "log1p": torch.log1p, "erf": torch.erf,
    }
    run = lambda f: f(torch.from_numpy(x)).numpy()
elif peer == "numpy":
    sigmoid = lambda x: 1 / (1 + np.exp(-x))
    functions = {
        "relu": lambda x: np.maximum(x, np.float32(0)), "abs": np.abs, "exp": np.exp, "log1p": np.log1p, "tanh": np.tanh,
        "elu": lambda x: np.where(x > 0, x, np.expm1(x)), "sigmoid": sigmoid, "silu": lambda x: x * sigmoid(x),
        "softplus": lambda x: np.logaddexp(np.float32(0), x), "softsign": lambda x: x / (1 + np.abs(x)),
    }
    np.seterr(all="ignore")
    run = lambda f: f(x)
else:
    sys.exit(f"accuracy.py: no peer is called {peer}")

for name, function in functions.items():
    y = run(function)
    assert y.dtype == np.float32, name
    y.tofile(f"{directory}/{name}.f32")
print(peer, (torch if peer == "torch" else np).__version__)
