"""Expected values of the elementary functions: python generate_elementary.py > elementary.json (mpmath 1.4.1).

A row is [argument, nearest double of the result, what that double lacks].
"""

import json
import math
import random

import mpmath
from mpmath import mp, mpf

mp.prec = 1300
rng = random.Random(1)


def around(points):
    for p in points:
        for x in (p, math.nextafter(p, math.inf), math.nextafter(p, -math.inf)):
            yield x


def uniform(count, low, high):
    return [rng.uniform(low, high) for _ in range(count)]


def spread(count, low, high):
    """Of all magnitudes between 2^low and 2^high, both signs."""
    return [rng.choice((-1, 1)) * math.ldexp(rng.uniform(1, 2), rng.randrange(low, high)) for _ in range(count)]


quarters = [k * math.pi / 2 for k in (1, 2, 3, 4, 5, 7, 100, 10001, 636619, 636620)]
angles = [
    *around(quarters), *around([k * math.pi / 4 for k in (1, 3, 5)]), *uniform(60, -4, 4), *uniform(60, -1e3, 1e3),
    *uniform(40, -1e6, 1e6), *spread(60, -30, 40), *spread(40, 40, 1023), 1e5, 1e22, 6381956970095103 * 2.0**797,
    1.7976931348623157e308, 1e6, math.nextafter(1e6, 2e6),
]
ratios = [*around([0.5, -0.5, 0.7, -0.7]), 1.0, -1.0, math.nextafter(1, 0), -math.nextafter(1, 0), *uniform(120, -1, 1),
          *spread(40, -40, 0)]
cases = {
    "sin": angles,
    "cos": angles,
    "tan": angles,
    "asin": ratios,
    "acos": ratios,
    "atan": [*around([7 / 16, 11 / 16, 1.0, 19 / 16, 39 / 16]), *uniform(120, -5, 5), *spread(60, -40, 60)],
    "exp": [*uniform(120, -2, 2), *uniform(80, -700, 709), *spread(40, -40, 3), 709.78, -708.0],
    "log": [*around([1.0, 2.0, 0.5, math.sqrt(2), math.sqrt(0.5)]), *uniform(80, 0.3, 3), 5e-324, 1e-310,
            1.7976931348623157e308, *[abs(x) for x in spread(80, -1020, 1020)]],
}

out = {"mpmath": mpmath.__version__}
for name, arguments in cases.items():
    rows = []
    for x in arguments:
        y = getattr(mp, name)(mpf(x))
        near = float(y)
        rows.append([x, near, float(y - mpf(near))])
    out[name] = rows
print("{\n" + ",\n".join(
    f'  "{k}": ' + (json.dumps(v) if k == "mpmath" else "[\n" + ",\n".join(f"    {json.dumps(r)}" for r in v) + "\n  ]")
    for k, v in out.items()) + "\n}")
