"""Writes states.json: reference values of state functions, model Hamiltonians and evolutions from PennyLane and Qiskit.

Only the data file is used by the tests; the product needs no Python. To make it again:

    python3 -m venv reference-venv && reference-venv/bin/pip install pennylane qiskit scipy
    reference-venv/bin/python packages/simulator/test/data/generate_states.py

Complex arrays are flat, interleaved re, im. Qubit 0 is the most significant bit, as in PennyLane; Qiskit's functions
that name qubits are given those of the reversed order.
"""

import json
import os
import platform

import numpy as np
import pennylane as qml
import qiskit
import qiskit.quantum_info as qi
import scipy
from scipy.linalg import expm, logm

HERE = os.path.dirname(os.path.abspath(__file__))
random = np.random.default_rng(20250711)


def flat(array):
    array = np.asarray(array, dtype=complex).reshape(-1)
    return np.stack([array.real, array.imag], axis=1).reshape(-1).tolist()


def random_state(n):
    v = random.normal(size=2**n) + 1j * random.normal(size=2**n)
    return v / np.linalg.norm(v)


def random_density(n, rank):
    weights = random.dirichlet(np.ones(rank))
    vectors = [random_state(n) for _ in range(rank)]
    return sum(w * np.outer(v, v.conj()) for w, v in zip(weights, vectors))


def mixed_cases():
    cases = []
    for n, rank in [(1, 2), (2, 2), (2, 4), (3, 3), (3, 8)]:
        rho, sigma = random_density(n, rank), random_density(n, 2**n)
        psi = random_state(n)
        all_wires = list(range(n))
        first = [0]
        reverse = lambda wires: [n - 1 - w for w in wires]
        r, s = qi.DensityMatrix(rho), qi.DensityMatrix(sigma)
        case = {
            "qubits": n, "rho": flat(rho), "sigma": flat(sigma), "psi": flat(psi),
            "purity": float(qml.math.purity(rho, all_wires)),
            "entropy": float(qi.entropy(r, base=np.e)),
            "entropyBase2": float(qi.entropy(r, base=2)),
            "fidelity": float(qml.math.fidelity(rho, sigma)),
            "fidelityPure": float(qi.state_fidelity(qi.Statevector(psi), s)),
            "traceDistance": float(qml.math.trace_distance(rho, sigma)),
            # PennyLane's relative_entropy takes logarithms of rounding errors where rho is not of full rank.
            "relativeEntropy": float(-qi.entropy(r, base=np.e) - np.trace(rho @ logm(sigma)).real),
        }
        if n > 1:
            case["reduced"] = flat(qml.math.reduce_dm(rho, first))
            case["reducedState"] = flat(qml.math.reduce_statevector(psi, first))
            case["stateEntropy"] = float(qml.math.vn_entropy(np.outer(psi, psi.conj()), first))
            case["mutualInformation"] = float(
                qml.math.mutual_info(rho, first, list(range(1, n))))
            case["negativity"] = float(qi.negativity(r, reverse(first)))
            case["stateNegativity"] = float(qi.negativity(qi.Statevector(psi), reverse(first)))
            case["schmidt"] = [float(x[0]) for x in
                               qi.schmidt_decomposition(qi.Statevector(psi), reverse(first))]
        if n == 2:
            case["concurrence"] = float(qi.concurrence(r))
            case["formation"] = float(qi.entanglement_of_formation(r))
        cases.append(case)
    return cases


def models():
    def energies(h, n):
        return np.linalg.eigvalsh(qml.matrix(h, wire_order=range(n)))[:4].tolist()

    spin = qml.spin
    made = {
        "ising open": (spin.transverse_ising("chain", [6], coupling=0.8, h=1.3), 6),
        "ising periodic": (spin.transverse_ising("chain", [6], coupling=1.0, h=1.0, boundary_condition=True), 6),
        "ising square": (spin.transverse_ising("square", [2, 3], coupling=1.1, h=0.7), 6),
        "heisenberg open": (spin.heisenberg("chain", [6], coupling=[[0.5, 0.9, 1.2]]), 6),
        "heisenberg periodic": (spin.heisenberg("chain", [6], coupling=[[1.0, 1.0, 1.0]], boundary_condition=True), 6),
    }
    return [{"name": name, "qubits": n, "energies": energies(h, n)} for name, (h, n) in made.items()]


def evolutions():
    n = 4
    h = qml.spin.heisenberg("chain", [n], coupling=[[0.5, 0.9, 1.2]])
    coefficients, ops = h.terms()
    words = []
    for op in ops:
        word = qml.pauli.pauli_word_to_string(op, wire_map={i: i for i in range(n)})
        words.append(word)
    # The order in which ours lists the terms: XX, YY, ZZ pair by pair.
    order = sorted(range(len(words)), key=lambda i: (min(j for j, c in enumerate(words[i]) if c != "I"),
                                                     max(words[i])))
    coefficients = [float(coefficients[i]) for i in order]
    words = [words[i] for i in order]
    h = qml.Hamiltonian(coefficients, [qml.pauli.string_to_pauli_word(w) for w in words])
    backwards = qml.Hamiltonian(h.coeffs[::-1], h.ops[::-1])
    psi = random_state(n)
    matrix = qml.matrix(h, wire_order=range(n))
    cases = []
    for trotter_order in (1, 2, 4):
        for steps in (1, 3):
            # PennyLane approximates exp(+i t H) and, in order 1, lets the last term act first.
            op = qml.TrotterProduct(backwards if trotter_order == 1 else h, -0.4, n=steps, order=trotter_order)
            u = qml.matrix(qml.tape.QuantumScript(op.decomposition()), wire_order=range(n))
            cases.append({"order": trotter_order, "steps": steps, "state": flat(u @ psi)})
    return {"qubits": n, "terms": list(zip(coefficients, words)), "time": 0.4, "psi": flat(psi),
            "exact": flat(expm(-0.4j * matrix) @ psi), "trotter": cases}


with open(os.path.join(HERE, "states.json"), "w") as out:
    json.dump({
        "source": f"PennyLane {qml.__version__}, Qiskit {qiskit.__version__}, SciPy {scipy.__version__}, "
                  f"NumPy {np.__version__}, Python {platform.python_version()}; made by generate_states.py",
        "mixed": mixed_cases(), "models": models(), "evolution": evolutions(),
    }, out, separators=(",", ":"))
    out.write("\n")
