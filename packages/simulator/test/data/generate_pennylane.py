"""Writes pennylane.json: reference values of circuits from PennyLane (default.qubit, f64) and Qiskit.

Only this data file is used by the tests; the product needs no Python. To make it again:

    python3 -m venv reference-venv && reference-venv/bin/pip install pennylane qiskit
    reference-venv/bin/python packages/simulator/test/data/generate_pennylane.py

A case is `{name, source, qubits, slots, steps, values, batch, measurements, expected, gradients?}`.
`steps` holds operations as circuit data (see packages/circuit/src/types.ts) and templates
`{type: "template", template, ...arguments}`, which the test builds with the builder. `expected` has one flat
array per measurement, `[batch, ...]`; `gradients` has one flat Jacobian per slot, `[batch, outputs, ...shape]`,
by automatic differentiation through the simulated state (for Qiskit: by the two-term shift rule).
Qubit 0 is the most significant bit, as in PennyLane; Qiskit's states are reversed with its own `reverse_bits`.
"""

import json
import math
import os
import platform

import numpy as onp
import pennylane as qml
from pennylane import numpy as pnp

HERE = os.path.dirname(os.path.abspath(__file__))
random = onp.random.default_rng(20240611)

FUNCTIONS = {
    "sin": pnp.sin, "cos": pnp.cos, "tan": pnp.tan, "asin": pnp.arcsin, "acos": pnp.arccos,
    "atan": pnp.arctan, "sqrt": pnp.sqrt, "exp": pnp.exp, "log": pnp.log,
}

# ours -> function of (parameters, wires, word)
GATES = {
    "I": lambda p, w, _: qml.Identity(wires=w),
    "X": lambda p, w, _: qml.PauliX(w),
    "Y": lambda p, w, _: qml.PauliY(w),
    "Z": lambda p, w, _: qml.PauliZ(w),
    "H": lambda p, w, _: qml.Hadamard(w),
    "S": lambda p, w, _: qml.S(w),
    "Sdg": lambda p, w, _: qml.adjoint(qml.S(w)),
    "T": lambda p, w, _: qml.T(w),
    "Tdg": lambda p, w, _: qml.adjoint(qml.T(w)),
    "SX": lambda p, w, _: qml.SX(w),
    "SXdg": lambda p, w, _: qml.adjoint(qml.SX(w)),
    "P": lambda p, w, _: qml.PhaseShift(*p, wires=w),
    "RX": lambda p, w, _: qml.RX(*p, wires=w),
    "RY": lambda p, w, _: qml.RY(*p, wires=w),
    "RZ": lambda p, w, _: qml.RZ(*p, wires=w),
    "Rot": lambda p, w, _: qml.Rot(*p, wires=w),
    "U3": lambda p, w, _: qml.U3(*p, wires=w),
    "U2": lambda p, w, _: qml.U2(*p, wires=w),
    # PennyLane's GlobalPhase(phi) is exp(-i phi), ours exp(+i gamma).
    "GPhase": lambda p, w, _: qml.GlobalPhase(-p[0], wires=w),
    "CNOT": lambda p, w, _: qml.CNOT(w),
    "CY": lambda p, w, _: qml.CY(w),
    "CZ": lambda p, w, _: qml.CZ(w),
    "CH": lambda p, w, _: qml.CH(w),
    "SWAP": lambda p, w, _: qml.SWAP(w),
    "ISWAP": lambda p, w, _: qml.ISWAP(w),
    "ECR": lambda p, w, _: qml.ECR(w),
    "CRX": lambda p, w, _: qml.CRX(*p, wires=w),
    "CRY": lambda p, w, _: qml.CRY(*p, wires=w),
    "CRZ": lambda p, w, _: qml.CRZ(*p, wires=w),
    "CRot": lambda p, w, _: qml.CRot(*p, wires=w),
    "CP": lambda p, w, _: qml.ControlledPhaseShift(*p, wires=w),
    "RXX": lambda p, w, _: qml.IsingXX(*p, wires=w),
    "RYY": lambda p, w, _: qml.IsingYY(*p, wires=w),
    "RZZ": lambda p, w, _: qml.IsingZZ(*p, wires=w),
    "PauliRot": lambda p, w, word: qml.PauliRot(p[0], word, wires=w),
    "MultiRZ": lambda p, w, _: qml.MultiRZ(*p, wires=w),
    "ISWAPdg": lambda p, w, _: qml.adjoint(qml.ISWAP(w)),
    "CS": lambda p, w, _: qml.ctrl(qml.S(w[1]), control=w[0]),
    "CSdg": lambda p, w, _: qml.ctrl(qml.adjoint(qml.S(w[1])), control=w[0]),
    "CSX": lambda p, w, _: qml.ctrl(qml.SX(w[1]), control=w[0]),
    "CSXdg": lambda p, w, _: qml.ctrl(qml.adjoint(qml.SX(w[1])), control=w[0]),
    "CU3": lambda p, w, _: qml.ctrl(qml.U3(*p, wires=w[1]), control=w[0]),
    "Toffoli": lambda p, w, _: qml.Toffoli(w),
    "Fredkin": lambda p, w, _: qml.CSWAP(w),
    "CCZ": lambda p, w, _: qml.CCZ(w),
}
ARITY = {
    **{g: (1, 0) for g in ["I", "X", "Y", "Z", "H", "S", "Sdg", "T", "Tdg", "SX", "SXdg"]},
    **{g: (1, 1) for g in ["P", "RX", "RY", "RZ"]},
    "Rot": (1, 3), "U3": (1, 3), "U2": (1, 2), "GPhase": (0, 1),
    **{g: (2, 0) for g in ["CNOT", "CY", "CZ", "CH", "SWAP", "ISWAP", "ISWAPdg", "ECR", "CS", "CSdg", "CSX", "CSXdg"]},
    **{g: (2, 1) for g in ["CRX", "CRY", "CRZ", "CP", "RXX", "RYY", "RZZ"]},
    "CRot": (2, 3), "CU3": (2, 3), "PauliRot": (3, 1), "MultiRZ": (3, 1),
    **{g: (3, 0) for g in ["Toffoli", "Fredkin", "CCZ"]},
}


def angle(a, values):
    if isinstance(a, (int, float)):
        return a
    if "slot" in a:
        return values[a["slot"]].reshape(-1)[a["index"]]
    if "add" in a:
        return sum(angle(x, values) for x in a["add"])
    if "mul" in a:
        result = 1.0
        for x in a["mul"]:
            result = result * angle(x, values)
        return result
    return FUNCTIONS[a["fn"]](angle(a["of"], values))


def complex_matrix(interleaved, d):
    return onp.array(interleaved, dtype=float).reshape(d, d, 2) @ onp.array([1, 1j])


def pauli_terms(terms):
    operators = []
    for t in terms:
        factors = [getattr(qml, "Pauli" + f["pauli"])(f["qubit"]) for f in t["paulis"]] or [qml.Identity(0)]
        operators.append(qml.s_prod(t["coefficient"], qml.prod(*factors) if len(factors) > 1 else factors[0]))
    return qml.sum(*operators) if len(operators) > 1 else operators[0]


def observable(o, values):
    if o["type"] == "pauli":
        return pauli_terms(o["terms"])
    if o["type"] == "projector":
        return qml.Projector(o["bits"], wires=o["qubits"])
    m = o["matrix"]
    m = values[m["slot"]].reshape(-1) if isinstance(m, dict) else m
    return qml.Hermitian(complex_matrix(m, 2 ** len(o["qubits"])), wires=o["qubits"])


def measure(m, values, qubits):
    if m["type"] == "expval":
        return [qml.expval(observable(o, values)) for o in m["observables"]]
    if m["type"] == "variance":
        return [qml.var(observable(o, values)) for o in m["observables"]]
    if m["type"] == "probabilities":
        return [qml.probs(wires=m.get("qubits", list(range(qubits))))]
    return [qml.state()]


def apply(step, values):
    if step["type"] == "template":
        return TEMPLATES[step["template"]](step, values)
    if step["type"] == "barrier":
        return
    controls = step.get("controls", [])
    if step["type"] == "gate":
        p = [angle(a, values) for a in step["angles"]]
        with qml.QueuingManager.stop_recording():
            op = GATES[step["gate"]](p, step["qubits"], step.get("word"))
    elif step["type"] == "matrix":
        with qml.QueuingManager.stop_recording():
            op = qml.QubitUnitary(complex_matrix(step["matrix"], 2 ** len(step["qubits"])), wires=step["qubits"])
    elif step["type"] == "evolution":
        g = step["generator"]
        t = angle(step["time"], values)
        d = 2 ** len(step["qubits"])
        with qml.QueuingManager.stop_recording():
            if "terms" in g:
                # As a dense matrix: with a trainable time, PennyLane 0.45.1 evolves a sum of non-commuting strings
                # differently from the exponential of its matrix (and from itself with a time that is not trainable).
                m = qml.matrix(pauli_terms(g["terms"]), wire_order=step["qubits"])
                op = qml.evolve(qml.Hermitian(m, wires=step["qubits"]), t)
            else:
                m = g["matrix"] if "matrix" in g else values[g["slot"]].reshape(-1)
                op = qml.evolve(qml.Hermitian(complex_matrix(m, d), wires=step["qubits"]), t)
    elif step["type"] == "statePreparation":
        a = step["amplitudes"]
        if "slot" in a:
            v = values[a["slot"]]
            v = v[:, 0] + 1j * v[:, 1] if v.ndim == 2 else v
        else:
            v = onp.array(a["values"]).reshape(-1, 2) @ onp.array([1, 1j])
        if step["normalize"]:
            # Divided here so that the derivative of the norm is taken too.
            v = v / pnp.sqrt(pnp.sum(pnp.abs(v) ** 2))
        qml.StatePrep(v, wires=step["qubits"], validate_norm=False)
        return
    else:
        raise ValueError(step["type"])
    if controls:
        op = qml.ctrl(op, control=[c["qubit"] for c in controls], control_values=[c["value"] for c in controls])
    else:
        op = qml.apply(op)


TEMPLATES = {
    "angleEmbedding": lambda s, v: qml.AngleEmbedding(v[s["slot"]], wires=s["qubits"], rotation=s["rotation"]),
    "amplitudeEmbedding": lambda s, v: qml.AmplitudeEmbedding(
        v[s["slot"]], wires=s["qubits"], normalize=True, pad_with=s.get("padWith")),
    "basisEmbedding": lambda s, v: qml.BasisEmbedding(s["bits"], wires=s["qubits"]),
    "iqpEmbedding": lambda s, v: qml.IQPEmbedding(
        v[s["slot"]], wires=s["qubits"], n_repeats=s["repeats"], pattern=s.get("pattern")),
    "basicEntanglerLayers": lambda s, v: qml.BasicEntanglerLayers(
        v[s["slot"]], wires=s["qubits"], rotation={"X": qml.RX, "Y": qml.RY, "Z": qml.RZ}[s["rotation"]]),
    "stronglyEntanglingLayers": lambda s, v: qml.StronglyEntanglingLayers(
        v[s["slot"]], wires=s["qubits"], ranges=s.get("ranges"),
        imprimitive={"CNOT": qml.CNOT, "CZ": qml.CZ}[s.get("imprimitive", "CNOT")]),
}


def real(x):
    return [float(v) for v in onp.real(onp.asarray(x, dtype=complex)).reshape(-1)]


def interleaved(x):
    x = onp.asarray(x, dtype=complex).reshape(-1)
    return onp.stack([x.real, x.imag], -1).reshape(-1).tolist()


cases = []


def case(name, qubits, steps, measurements, slots=(), values=None, batch=1, gradients=True):
    """Runs every example by itself; gradients are Jacobians of all outputs, one after the other."""
    values = values or {}
    slots = list(slots)
    device = qml.device("default.qubit", wires=qubits)
    wanted = [s["name"] for s in slots if s["kind"] != "hermitian"] if gradients else []

    def circuit(*, v):
        for s in steps:
            apply(s, v)
        return [r for m in measurements for r in measure(m, v, qubits)]

    node = qml.QNode(circuit, device, interface="autograd", diff_method="backprop")
    has_state = any(m["type"] == "state" for m in measurements)
    expected = [[] for _ in measurements]
    jacobians = {n: [] for n in wanted}
    for b in range(batch):
        def example(s):
            flat = onp.array(values[s["name"]], dtype=float)
            size = int(onp.prod(s["shape"]))
            part = flat[b * size:(b + 1) * size] if s["axis"] == "batch" else flat
            return pnp.array(part.reshape(s["shape"]), requires_grad=s["name"] in wanted)
        v = {s["name"]: example(s) for s in slots}
        outputs = node(v=v)
        i = 0
        for k, m in enumerate(measurements):
            count = len(m["observables"]) if "observables" in m else 1
            for o in outputs[i:i + count]:
                expected[k] += interleaved(o) if m["type"] == "state" else real(o)
            i += count
        if wanted and not has_state:
            for n in wanted:
                def flat(x, n=n):
                    return pnp.concatenate([pnp.reshape(pnp.real(r), (-1,)) for r in node(v={**v, n: x})])
                jacobians[n] += real(qml.jacobian(flat)(v[n]))
    entry = {"name": name, "source": "pennylane", "qubits": qubits, "slots": slots, "steps": steps,
             "values": values, "batch": batch, "measurements": measurements, "expected": expected}
    if wanted and not has_state:
        entry["gradients"] = jacobians
    cases.append(entry)


def gate(name, qubits, angles=(), controls=(), word=None):
    g = {"type": "gate", "gate": name, "qubits": list(qubits), "angles": list(angles),
         "controls": [{"qubit": q, "value": v} for q, v in controls]}
    if word is not None:
        g["word"] = word
    return g


def slot(name, shape, axis="shared", kind="scalar"):
    return {"name": name, "shape": list(shape), "kind": kind, "axis": axis, "differentiable": True}


def at(name, index):
    return {"slot": name, "index": index}


def uniform(count, low=-math.pi, high=math.pi):
    return random.uniform(low, high, count).tolist()


def pauli(*terms):
    """pauli((0.5, "Z0 X2"), (1, "")): a weighted sum of strings."""
    return {"type": "pauli", "terms": [
        {"coefficient": c, "paulis": [{"qubit": int(f[1:]), "pauli": f[0]} for f in text.split()]}
        for c, text in terms]}


def expval(*observables):
    return {"type": "expval", "observables": list(observables)}


def variance(*observables):
    return {"type": "variance", "observables": list(observables)}


STATE = {"type": "state"}
PROBABILITIES = {"type": "probabilities"}


def prefix(n):
    """A state without symmetry, so that no error of a gate goes unseen."""
    steps = [gate("RY", [q], [a]) for q, a in enumerate(uniform(n, 0.4, 2.4))]
    steps += [gate("RZ", [q], [a]) for q, a in enumerate(uniform(n, 0.4, 2.4))]
    steps += [gate("CNOT", [q, q + 1]) for q in range(n - 1)]
    return steps + [gate("RX", [q], [a]) for q, a in enumerate(uniform(n, 0.4, 2.4))]


def random_unitary(d):
    q, r = onp.linalg.qr(random.normal(size=(d, d)) + 1j * random.normal(size=(d, d)))
    return q * (onp.diag(r) / onp.abs(onp.diag(r)))


def random_hermitian(d):
    a = random.normal(size=(d, d)) + 1j * random.normal(size=(d, d))
    return (a + a.conj().T) / 2


MIXED = [pauli((1, "Z0")), pauli((0.5, "X1"), (-0.75, "Z0 Y2"), (0.25, "")), pauli((1, "Y0 X1 Z2"))]
ORDERS = {0: [], 1: [1], 2: [2, 0], 3: [2, 0, 1]}


def gate_cases():
    for name, (k, parameters) in ARITY.items():
        words = ["XYZ", "ZIX"] if name == "PauliRot" else [None]
        for word in words:
            label = name if word is None else f"{name} {word}"
            angles = uniform(parameters)
            case(f"gate {label}: state", 3,
                 [*prefix(3), gate(name, ORDERS[k], angles, word=word)], [STATE])
            if parameters and name != "GPhase":
                case(f"gate {label}: values and gradients", 3,
                     [*prefix(3), gate(name, ORDERS[k], [at("w", i) for i in range(parameters)], word=word),
                      *prefix(3)],
                     [expval(*MIXED), {"type": "probabilities", "qubits": [2, 0]}],
                     [slot("w", [parameters])], {"w": uniform(parameters)})
    case("gate X: state, distant qubits", 4, [*prefix(4), gate("CNOT", [3, 0]), gate("ISWAP", [0, 3])], [STATE])


def control_cases():
    for name, qubits, controls in [
        ("X", [0], [(1, 0)]), ("X", [3], [(1, 1), (2, 0)]), ("Z", [2], [(0, 0), (3, 0)]), ("H", [1], [(3, 0)]),
        ("SWAP", [0, 2], [(1, 0)]), ("ISWAP", [3, 1], [(0, 1), (2, 0)]), ("S", [1], [(2, 1), (0, 0), (3, 1)]),
        ("SX", [2], [(1, 0)]),
    ]:
        case(f"controls {controls} of {name}: state", 4, [*prefix(4), gate(name, qubits, controls=controls)], [STATE])
    for name, qubits, controls, word in [
        ("RX", [0], [(1, 0)], None), ("RY", [3], [(1, 1), (2, 0)], None), ("RZ", [2], [(0, 0)], None),
        ("P", [1], [(3, 0), (0, 1)], None), ("RXX", [0, 2], [(1, 0)], None), ("RZZ", [3, 1], [(0, 1)], None),
        ("Rot", [1], [(2, 0)], None), ("U3", [1], [(2, 1)], None), ("MultiRZ", [0, 1, 3], [(2, 0)], None),
        ("PauliRot", [0, 1, 3], [(2, 1)], "XZY"), ("GPhase", [], [(2, 1), (0, 0)], None),
        ("CRX", [1, 3], [(0, 0)], None),
    ]:
        parameters = ARITY[name][1]
        case(f"controls {controls} of {name}: values and gradients", 4,
             [*prefix(4), gate(name, qubits, [at("w", i) for i in range(parameters)], controls, word), *prefix(4)],
             [expval(*MIXED), PROBABILITIES], [slot("w", [parameters])], {"w": uniform(parameters)})


def matrix_cases():
    for k, qubits in [(1, [2]), (2, [2, 0]), (3, [1, 3, 0])]:
        m = interleaved(random_unitary(2 ** k))
        op = {"type": "matrix", "qubits": qubits, "matrix": m, "unitary": True, "controls": []}
        case(f"unitary matrix on {qubits}: state", 4, [*prefix(4), op], [STATE])
    m = interleaved(random_unitary(4))
    op = {"type": "matrix", "qubits": [3, 1], "matrix": m, "unitary": True, "controls": [{"qubit": 2, "value": 0}]}
    case("unitary matrix with a control: state", 4, [*prefix(4), op], [STATE])
    for qubits in [[0, 1, 2], [2, 0]]:
        v = random.normal(size=2 ** len(qubits)) + 1j * random.normal(size=2 ** len(qubits))
        v /= onp.linalg.norm(v)
        op = {"type": "statePreparation", "qubits": qubits, "amplitudes": {"values": interleaved(v)},
              "normalize": False}
        case(f"state preparation on {qubits}: state", 3, [op, gate("CNOT", [0, 1]), gate("RY", [2], [0.3])], [STATE])
    for shape, qubits in [([4], [0, 1]), ([4, 2], [2, 0]), ([8], [0, 1, 2]), ([8, 2], [1, 2, 0])]:
        size = int(onp.prod(shape))
        op = {"type": "statePreparation", "qubits": qubits, "amplitudes": {"slot": "a"}, "normalize": True}
        case(f"state preparation from a slot {shape} on {qubits}: values and gradients", 3,
             [op, gate("CNOT", [0, 1]), gate("RY", [2], [at("w", 0)]), gate("CRX", [2, 0], [at("w", 1)])],
             [expval(*MIXED), PROBABILITIES],
             [slot("a", shape, "batch", "amplitudes"), slot("w", [2])],
             {"a": random.normal(size=3 * size).tolist(), "w": uniform(2)}, batch=3)
    terms = pauli((0.7, "X0 X1"), (-0.4, "Z1"), (0.3, "Y0"))["terms"]
    op = {"type": "evolution", "qubits": [0, 1], "generator": {"terms": terms}, "time": at("w", 0), "controls": []}
    case("evolution under Pauli terms: values and gradients", 3, [*prefix(3), op], [expval(*MIXED)],
         [slot("w", [1])], {"w": [0.83]})
    h = interleaved(random_hermitian(4))
    op = {"type": "evolution", "qubits": [2, 0], "generator": {"matrix": h}, "time": {"mul": [0.5, at("w", 0)]},
          "controls": []}
    case("evolution under a matrix: values and gradients", 3, [*prefix(3), op], [expval(*MIXED)],
         [slot("w", [1])], {"w": [-1.1]})
    op = {"type": "evolution", "qubits": [1, 2], "generator": {"slot": "h"}, "time": 0.6, "controls": []}
    hs = interleaved(onp.stack([random_hermitian(4) for _ in range(3)]))
    case("evolution under a Hermitian slot: state", 3, [*prefix(3), op], [STATE],
         [slot("h", [4, 4, 2], "batch", "hermitian")], {"h": hs}, batch=3)


def template(name, **arguments):
    return {"type": "template", "template": name, **arguments}


def template_cases():
    z = lambda n: expval(*[pauli((1, f"Z{q}")) for q in range(n)], pauli((1, "X0"), (0.5, f"Y{n - 1}")))
    for rotation in "XYZ":
        for n in [2, 4]:
            steps = [gate("H", [q]) for q in range(n)] if rotation != "Y" else []
            case(f"angleEmbedding {rotation}, {n} qubits", n,
                 [*steps, template("angleEmbedding", slot="x", qubits=list(range(n)), rotation=rotation),
                  *prefix(n)], [z(n)], [slot("x", [n], "batch")], {"x": uniform(3 * n)}, batch=3)
    for n, size in [(2, 4), (3, 8)]:
        case(f"amplitudeEmbedding, {n} qubits", n,
             [template("amplitudeEmbedding", slot="x", qubits=list(range(n))), *prefix(n)],
             [z(n), PROBABILITIES], [slot("x", [size], "batch", "amplitudes")],
             {"x": uniform(2 * size)}, batch=2)
    for bits in [[0, 1], [1, 1, 0], [1, 0, 0, 1]]:
        case(f"basisEmbedding {bits}", len(bits),
             [template("basisEmbedding", bits=bits, qubits=list(range(len(bits))))], [STATE, PROBABILITIES])
    for n, repeats, pattern in [(2, 1, None), (3, 1, None), (3, 2, None), (4, 2, [[0, 1], [2, 3], [3, 0]])]:
        extra = {"pattern": pattern} if pattern else {}
        case(f"iqpEmbedding, {n} qubits, {repeats} repeats{', pattern' if pattern else ''}", n,
             [template("iqpEmbedding", slot="x", qubits=list(range(n)), repeats=repeats, **extra), *prefix(n)],
             [z(n)], [slot("x", [n], "batch")], {"x": uniform(2 * n)}, batch=2)
        case(f"iqpEmbedding, {n} qubits, {repeats} repeats{', pattern' if pattern else ''}: state", n,
             [template("iqpEmbedding", slot="x", qubits=list(range(n)), repeats=repeats, **extra)],
             [STATE], [slot("x", [n], "batch")], {"x": uniform(2 * n)}, batch=2)
    for rotation, n, layers in [("X", 1, 2), ("X", 2, 2), ("X", 3, 2), ("Y", 4, 3), ("Z", 3, 2)]:
        case(f"basicEntanglerLayers {rotation}, {n} qubits, {layers} layers", n,
             [*prefix(n), template("basicEntanglerLayers", slot="w", qubits=list(range(n)), rotation=rotation),
              *prefix(n)],
             [z(n)], [slot("w", [layers, n])], {"w": uniform(layers * n)})
    for n, layers, extra in [(1, 2, {}), (2, 2, {}), (3, 3, {}), (4, 3, {}), (5, 2, {}), (4, 2, {"ranges": [2, 3]}),
                             (3, 2, {"ranges": [2, 1]}), (4, 2, {"imprimitive": "CZ"})]:
        case(f"stronglyEntanglingLayers, {n} qubits, {layers} layers, {extra}", n,
             [*prefix(n), template("stronglyEntanglingLayers", slot="w", qubits=list(range(n)), **extra)],
             [z(n)], [slot("w", [layers, n, 3])], {"w": uniform(layers * n * 3)})
    case("stronglyEntanglingLayers on qubits [3, 1, 0]: state", 4,
         [*prefix(4), template("stronglyEntanglingLayers", slot="w", qubits=[3, 1, 0])], [STATE],
         [slot("w", [2, 3, 3])], {"w": uniform(18)})


def observable_cases():
    w = slot("w", [6])
    steps = lambda: [gate("RY", [q], [at("w", q)]) for q in range(3)] + [gate("CNOT", [0, 1]), gate("CNOT", [1, 2])] + [
        gate("Rot", [1], [at("w", 3), at("w", 4), at("w", 5)])]
    hermitian = lambda qubits: {"type": "hermitian", "qubits": qubits,
                                "matrix": interleaved(random_hermitian(2 ** len(qubits)))}
    table = {
        "single Paulis": [pauli((1, f"{p}{q}")) for p in "XYZ" for q in range(3)],
        "two-factor strings": [pauli((1, f"{a}0 {b}2")) for a in "XYZ" for b in "XYZ"],
        "three-factor strings": [pauli((1, s)) for s in ["X0 Y1 Z2", "Z0 Z1 Z2", "Y0 Y1 X2", "X0 X1 X2"]],
        "weighted sums": [pauli((0.5, "Z0"), (-1.25, "X1 X2"), (2, "")), pauli((0.1, "Y0"), (0.2, "Y1"), (0.3, "Y2")),
                          pauli((1, "Z0 Z1"), (1, "Z1 Z2"), (0.8, "X0"), (0.8, "X1"), (0.8, "X2"))],
        "Hermitian matrices": [hermitian([0]), hermitian([2, 0]), hermitian([1, 2, 0])],
        "projectors": [{"type": "projector", "qubits": [1], "bits": [1]},
                       {"type": "projector", "qubits": [2, 0], "bits": [0, 1]},
                       {"type": "projector", "qubits": [0, 1, 2], "bits": [1, 0, 1]}],
    }
    for name, observables in table.items():
        case(f"expectation of {name}", 3, steps(), [expval(*observables)], [w], {"w": uniform(6)})
        case(f"variance of {name}", 3, steps(), [variance(*observables)], [w], {"w": uniform(6)})
    for qubits in [None, [1], [2, 0], [1, 0, 2]]:
        m = PROBABILITIES if qubits is None else {"type": "probabilities", "qubits": qubits}
        case(f"probabilities of {'all qubits' if qubits is None else qubits}", 3, steps(), [m], [w],
             {"w": uniform(6)})
    case("several measurements at once", 3, steps(),
         [expval(*MIXED), variance(*MIXED), PROBABILITIES, expval(hermitian([0, 2]))], [w], {"w": uniform(6)})
    hs = interleaved(onp.stack([random_hermitian(4) for _ in range(3)]))
    case("a Hermitian observable per example", 3, steps(),
         [expval({"type": "hermitian", "qubits": [2, 1], "matrix": {"slot": "h"}})],
         [w, slot("h", [4, 4, 2], "batch", "hermitian")], {"w": uniform(6), "h": hs}, batch=3)


def expression_cases():
    x, w = (lambda i: at("x", i)), (lambda i: at("w", i))
    fn = lambda name, of: {"fn": name, "of": of}
    table = {
        "product of input and weight": {"mul": [x(0), w(0)]},
        "affine": {"add": [{"mul": [x(0), w(0)]}, w(1), 0.3]},
        "arctan": {"fn": "atan", "of": x(0)},
        "arctan of a square": fn("atan", {"mul": [x(0), x(0)]}),
        "square of an arctan": {"mul": [fn("atan", x(0)), fn("atan", x(0))]},
        "sine and cosine": {"add": [fn("sin", {"mul": [2, x(0)]}), {"mul": [w(0), fn("cos", x(1))]}]},
        "exp and log": {"add": [fn("exp", {"mul": [-1, x(0)]}), fn("log", {"add": [2, x(1)]})]},
        "asin and acos": {"mul": [fn("asin", {"mul": [0.5, x(0)]}), fn("acos", {"mul": [0.25, x(1)]})]},
        "sqrt and tan": {"add": [fn("sqrt", {"add": [1.5, x(0)]}), {"mul": [w(0), fn("tan", {"mul": [0.5, x(1)]})]}]},
        "IQP product": {"mul": [{"add": [math.pi, {"mul": [-1, x(0)]}]}, {"add": [math.pi, {"mul": [-1, x(1)]}]}]},
    }
    for name, a in table.items():
        case(f"angle expression: {name}", 2,
             [gate("RY", [0], [a]), gate("RX", [1], [x(1)]), gate("CRZ", [0, 1], [{"mul": [2, a]}]),
              gate("Rot", [0], [w(0), a, w(1)]), gate("RXX", [0, 1], [w(1)])],
             [expval(pauli((1, "Z0")), pauli((1, "X0 Y1")))],
             [slot("x", [2], "batch"), slot("w", [2])],
             {"x": uniform(6, 0.1, 1.4), "w": uniform(2)}, batch=3)


def hybrid_cases():
    for n, layers, batch in [(1, 1, 1), (2, 1, 5), (2, 3, 4), (3, 2, 3), (4, 1, 7), (4, 2, 2)]:
        case(f"angle embedding and strongly entangling layers, {n} qubits, {layers} layers, batch {batch}", n,
             [template("angleEmbedding", slot="x", qubits=list(range(n)), rotation="X"),
              template("stronglyEntanglingLayers", slot="w", qubits=list(range(n)))],
             [expval(*[pauli((1, f"Z{q}")) for q in range(n)])],
             [slot("x", [n], "batch"), slot("w", [layers, n, 3])],
             {"x": uniform(batch * n), "w": uniform(layers * n * 3)}, batch=batch)
    for n, layers, batch in [(1, 3, 4), (2, 2, 3), (3, 2, 2)]:
        steps = []
        for k in range(layers):
            for q in range(n):
                steps.append(gate("RX", [q], [{"mul": [at("x", q), at("s", k * n + q)]}]))
                steps.append(gate("Rot", [q], [at("w", 3 * (k * n + q) + i) for i in range(3)]))
            steps += [gate("CZ", [q, q + 1]) for q in range(n - 1)]
        case(f"data re-uploading, {n} qubits, {layers} layers, batch {batch}", n, steps,
             [expval(*[pauli((1, f"Z{q}")) for q in range(n)]), {"type": "probabilities", "qubits": [0]}],
             [slot("x", [n], "batch"), slot("s", [layers, n]), slot("w", [layers, n, 3])],
             {"x": uniform(batch * n), "s": uniform(layers * n), "w": uniform(layers * n * 3)}, batch=batch)
    case("weights of the batch axis", 2,
         [template("angleEmbedding", slot="x", qubits=[0, 1], rotation="Y"),
          template("stronglyEntanglingLayers", slot="w", qubits=[0, 1])],
         [expval(pauli((1, "Z0")), pauli((1, "Z1")))],
         [slot("x", [2]), slot("w", [1, 2, 3], "batch")], {"x": uniform(2), "w": uniform(24)}, batch=4)


def random_cases():
    names = [g for g in ARITY if g != "GPhase"]
    for seed in range(16):
        n = 3 + seed % 3
        steps, parameters = [*prefix(n)], 0
        for _ in range(14):
            name = names[random.integers(len(names))]
            k, p = ARITY[name]
            qubits = random.permutation(n)[:k + 1].tolist()
            controls = [(qubits[k], int(random.integers(2)))] if len(qubits) > k and random.random() < 0.3 else []
            word = "".join(random.choice(list("XYZ"), k)) if name == "PauliRot" else None
            steps.append(gate(name, qubits[:k], [at("w", parameters + i) for i in range(p)], controls, word))
            parameters += p
        parameters = max(parameters, 1)
        case(f"random circuit {seed}, {n} qubits", n, steps, [expval(*MIXED), PROBABILITIES],
             [slot("w", [parameters])], {"w": uniform(parameters)})


def qiskit_cases():
    """EfficientSU2 as Qiskit builds it; the gradient by the two-term rule (all gates are RX, RY or RZ)."""
    from qiskit.circuit.library import efficient_su2
    from qiskit.quantum_info import SparsePauliOp, Statevector

    for n, reps, entanglement, gates in [
        (2, 1, "linear", ["ry", "rz"]), (3, 1, "full", ["ry", "rz"]), (3, 2, "linear", ["ry", "rz"]),
        (4, 1, "circular", ["ry", "rz"]), (4, 2, "reverse_linear", ["ry", "rz"]), (3, 1, "linear", ["ry"]),
        (3, 2, "full", ["rx", "ry", "rz"]),
    ]:
        circuit = efficient_su2(n, su2_gates=gates, entanglement=entanglement, reps=reps)
        count = circuit.num_parameters
        w = uniform(count)
        observables = [pauli((1, f"Z{q}")) for q in range(n)] + [pauli((0.5, "X0 Y1"), (1, f"Z0 Z{n - 1}"))]
        operators = []
        for o in observables:
            labels = []
            for t in o["terms"]:
                label = ["I"] * n
                for f in t["paulis"]:
                    label[f["qubit"]] = f["pauli"]
                # Qiskit writes qubit 0 rightmost; the state is reversed below, so qubit 0 stays leftmost here.
                labels.append(("".join(label), t["coefficient"]))
            operators.append(SparsePauliOp.from_list(labels))

        def run(v):
            s = Statevector(circuit.assign_parameters(v).reverse_bits())
            return s, [float(onp.real(s.expectation_value(o))) for o in operators]

        state, values = run(w)
        jacobian = onp.zeros((len(operators), count))
        for i in range(count):
            up, down = list(w), list(w)
            up[i] += math.pi / 2
            down[i] -= math.pi / 2
            jacobian[:, i] = (onp.array(run(up)[1]) - onp.array(run(down)[1])) / 2
        shape = [reps + 1, len(gates), n]
        step = template("hardwareEfficient", slot="w", qubits=list(range(n)), rotations=[g.upper() for g in gates],
                        entanglement=entanglement, repetitions=reps)
        common = {"source": "qiskit", "qubits": n, "slots": [slot("w", shape)], "steps": [step],
                  "values": {"w": w}, "batch": 1}
        name = f"EfficientSU2 {gates}, {n} qubits, {reps} repetitions, {entanglement}"
        cases.append({"name": f"{name}: values and gradients", **common, "measurements": [expval(*observables)],
                      "expected": [values], "gradients": {"w": jacobian.reshape(-1).tolist()}})
        cases.append({"name": f"{name}: state", **common, "measurements": [STATE],
                      "expected": [interleaved(state.data)]})


for make in [gate_cases, control_cases, matrix_cases, template_cases, observable_cases, expression_cases,
             hybrid_cases, random_cases, qiskit_cases]:
    make()

import qiskit  # noqa: E402  (only its version)

header = {
    "pennylane": qml.version(), "qiskit": qiskit.__version__, "numpy": onp.__version__,
    "python": platform.python_version(), "device": "default.qubit, f64, backprop through autograd",
    "command": "python packages/simulator/test/data/generate_pennylane.py", "cases": len(cases),
}
with open(os.path.join(HERE, "pennylane.json"), "w") as f:
    f.write('{"header": ' + json.dumps(header) + ',\n"cases": [\n')
    f.write(",\n".join(json.dumps(c, separators=(",", ":")) for c in cases))
    f.write("\n]}\n")
print(f"{len(cases)} cases")
