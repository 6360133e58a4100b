"""Standardised columns, folds, splits and scores in scikit-learn: the numbers of tests/tests/sklearn.rs.

    python tests/data/sklearn_numbers.py > tests/data/sklearn_numbers.txt

The numbers and labels are formulas that the test repeats, and the breast cancer data that are embedded in the crate too.
Of folds and splits it is the number of rows of each class: which rows these are is another generator's choice. Class 4 is
predicted, but no row has it.
"""

import numpy as np
import sklearn
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.preprocessing import StandardScaler

ROWS = 203


def write(name, what, values):
    print(name, what, " ".join(repr(float(value)) for value in np.ravel(values)))


def labels():
    i = np.arange(ROWS)
    y = np.searchsorted([50, 75, 90], (31 * i * i + 17 * i) % 100, side="right")
    y[:4] = range(4)
    return y


def predicted(y):
    i = np.arange(ROWS)
    return np.where(13 * i % 7 < 5, y, (y + 1 + i % 3) % 5)


def scaler(name, x):
    scaler = StandardScaler().fit(x.astype(np.float32).astype(np.float64))
    write(name, "mean", scaler.mean_)
    write(name, "scale", scaler.scale_)
    write(name, "rows", scaler.transform(x[:5].astype(np.float32).astype(np.float64)))


def counts(y, rows):
    return np.bincount(y[rows], minlength=4)


print("# scikit-learn", sklearn.__version__, "numpy", np.__version__)
i = np.arange(40 * 7)
# The last column is constant.
scaler("waves", np.where(i % 7 == 6, 3.0, 100 + np.sin(0.7 * i) * (1 + i % 7)).reshape(40, 7))
scaler("wdbc", load_breast_cancer().data)
y = labels()
for k in 2, 3, 10:
    folds = StratifiedKFold(k).split(y, y)
    write(f"folds-{k}", "test", [counts(y, test) for _, test in folds])
for share in 0.1, 0.25, 0.3:
    _, test = train_test_split(np.arange(ROWS), test_size=share, stratify=y, random_state=0)
    write(f"split-{share}", "test", counts(y, test))
p = predicted(y)
every = range(5)
write("scores", "confusion", confusion_matrix(y, p, labels=every))
write("scores", "accuracy", accuracy_score(y, p))
scores = precision_recall_fscore_support(y, p, labels=every, zero_division=0)
for what, values in zip(("precision", "recall", "f1", "support"), scores):
    write("scores", what, values)
write("scores", "weighted", precision_recall_fscore_support(y, p, average="weighted", zero_division=0)[:3])
