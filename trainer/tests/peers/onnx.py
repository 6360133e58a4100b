# Whether onnxruntime computes what halfwave does. usage: onnx.py DIRECTORY
# For each NAME.onnx there are NAME.x.npy, NAME.outputs.npy, NAME.class.npy and, where the head is a softmax, NAME.probabilities.npy.
import pathlib
import sys

import numpy as np
import onnxruntime

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    x = np.load(path.with_suffix(".x.npy"))
    names = [output.name for output in session.get_outputs()]
    for rows in (len(x), 1):
        for name, found in zip(names, session.run(names, {"x": x[:rows]})):
            wanted = np.load(path.with_suffix(f".{name}.npy"))[:rows]
            assert found.shape == wanted.shape, (path.stem, name, found.shape, wanted.shape)
            error = np.abs(found - wanted).max() / max(1, np.abs(wanted).max())
            assert error < 2e-5 if name != "class" else error == 0, (path.stem, name, error)
    assert session.get_modelmeta().custom_metadata_map["classes"] == '["a","b","c"]'
    print(path.stem, "is the same", names)
