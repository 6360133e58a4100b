"""Principal components in scikit-learn: the numbers of datasets/tests/pca.rs.

    python datasets/tests/data/sklearn_pca.py > datasets/tests/data/sklearn_pca.txt

Sets: sines by a formula that the test repeats, with more rows than columns and the other way round; the digits and
the breast cancer data that are embedded in the crate too, the latter standardised. `scores` are the coordinates of
the first rows.
"""

import numpy as np
import sklearn
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

FIRST = 5


def sines(rows, columns):
    i = np.arange(rows * columns, dtype=np.float64)
    x = np.sin(0.3 + 0.017 * i * i) / (1 + i % columns) + 0.25 * (i % columns)
    return x.astype(np.float32).astype(np.float64).reshape(rows, columns)


def standardised(x):
    # The test has the numbers in float32.
    return StandardScaler().fit_transform(x.astype(np.float32).astype(np.float64)).astype(np.float32).astype(np.float64)


def write(name, what, values):
    print(name, what, *(repr(float(x)) for x in np.ravel(values)))


if __name__ == "__main__":
    print(f"# scikit-learn {sklearn.__version__}, numpy {np.__version__}, datasets/tests/data/sklearn_pca.py")
    for name, x, components in [
        ("tall", sines(40, 7), 7),
        ("wide", sines(6, 11), 4),
        ("optdigits", load_digits().data, 20),
        ("wdbc", standardised(load_breast_cancer().data), 30),
    ]:
        pca = PCA(components, svd_solver="full").fit(x)
        write(name, "components", pca.components_)
        write(name, "variance", pca.explained_variance_)
        write(name, "ratio", pca.explained_variance_ratio_)
        write(name, "scores", pca.transform(x[:FIRST]))
