"""Values of aggregation rules for strategies.json, by NumPy and SciPy; run it to print them."""
import itertools
import json
import math

import numpy
import scipy
from scipy import stats

CLIENTS, SIZE, ROUNDS = 9, 4, 3
# Plain formulas, so that the numbers are in the file and nowhere else.
deltas = [
    [[round(math.sin(1.7 * c + 3.1 * i + r) / (1 + i), 6) for i in range(SIZE)] for c in range(CLIENTS)]
    for r in range(ROUNDS)
]
for r in range(ROUNDS):
    deltas[r][4] = [1e6, -1e6, 1e3, 0.0]
examples = [3, 10, 7, 25, 1, 8, 12, 30, 4]
start = [0.5, -1.0, 2.0, 0.0]


def weighted(round_):
    return numpy.average(numpy.array(deltas[round_]), axis=0, weights=examples)


def run(step):
    weights, out = numpy.array(start), []
    for r in range(ROUNDS):
        weights = step(weights, weighted(r))
        out.append(weights.tolist())
    return out


def momentum(beta, rate):
    velocity = numpy.zeros(SIZE)

    def step(weights, change):
        velocity[:] = beta * velocity + change
        return weights + rate * velocity

    return run(step)


def adam(rate, beta1, beta2, tau):
    mean, square = numpy.zeros(SIZE), numpy.full(SIZE, tau**2)

    def step(weights, change):
        mean[:] = beta1 * mean + (1 - beta1) * change
        square[:] = beta2 * square + (1 - beta2) * change**2
        return weights + rate * mean / (numpy.sqrt(square) + tau)

    return run(step)


def krum(updates, liars, select):
    """By the definition: the least sum over all sets of n - f - 2 others, not a sorted list."""
    updates = [numpy.array(u) for u in updates]
    near = len(updates) - liars - 2
    scores = []
    for i, one in enumerate(updates):
        others = [u for j, u in enumerate(updates) if j != i]
        scores.append(min(sum(((one - u) ** 2).sum() for u in group) for group in itertools.combinations(others, near)))
    best = sorted(range(len(updates)), key=lambda i: scores[i])[:select]
    return sorted(best), numpy.mean([updates[i] for i in best], axis=0).tolist()


first = numpy.array(deltas[0])
print(json.dumps({
    "source": f"NumPy {numpy.__version__} and SciPy {scipy.__version__}: averages, medians and trimmed means by their own functions, "
    "optimisers by the papers' formulas, Krum by trying all sets of neighbours",
    "deltas": deltas,
    "examples": examples,
    "start": start,
    "mean": weighted(0).tolist(),
    "median": numpy.median(first, axis=0).tolist(),
    "medianOfEight": numpy.median(first[:8], axis=0).tolist(),
    "trimmed": {str(share): stats.trim_mean(first, share, axis=0).tolist() for share in (0.12, 0.25, 0.4)},
    "fedAvgM": {"momentum": 0.8, "learningRate": 0.5, "weights": momentum(0.8, 0.5)},
    "fedAdam": {"learningRate": 0.1, "beta1": 0.9, "beta2": 0.99, "tau": 1e-3, "weights": adam(0.1, 0.9, 0.99, 1e-3)},
    "krum": [
        dict(zip(("chosen", "delta"), krum(deltas[0], liars, select)), liars=liars, select=select)
        for liars, select in ((0, 1), (1, 1), (2, 1), (3, 1), (2, 4), (1, 8))
    ],
}, indent=1))
