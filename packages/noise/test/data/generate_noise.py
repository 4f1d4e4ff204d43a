"""Density matrices of noisy circuits from Qiskit Aer and PennyLane, for noise.json. Run: python generate_noise.py

Qubit 0 is the most significant bit of an index. Parameters are those of Ketwork's channel table.
"""

import json
import random

import numpy
import pennylane as qml
import qiskit
import qiskit_aer
from qiskit import QuantumCircuit
from qiskit.quantum_info import Kraus
from qiskit_aer.noise import (
    amplitude_damping_error, depolarizing_error, pauli_error, phase_damping_error, reset_error, thermal_relaxation_error,
)  # fmt: skip

random.seed(11)
CHANNELS = {
    "bitFlip": lambda: [0.2], "phaseFlip": lambda: [0.15], "bitPhaseFlip": lambda: [0.1],
    "depolarizing": lambda: [0.3], "amplitudeDamping": lambda: [0.25],
    "generalizedAmplitudeDamping": lambda: [0.3, 0.2], "phaseDamping": lambda: [0.35],
    "thermalRelaxation": lambda: random.choice([[50, 40, 12, 0], [50, 70, 20, 0.15]]),
    "resetError": lambda: [0.1, 0.2], "pauliError": lambda: [0.05, 0.1, 0.15],
}  # fmt: skip


def words(k):
    return ["".join("IXYZ"[(i >> (2 * (k - 1 - q))) & 3] for q in range(k)) for i in range(4**k)]


def qiskit_channel(name, k, p):
    if name in ("bitFlip", "phaseFlip", "bitPhaseFlip"):
        letter = {"bitFlip": "X", "phaseFlip": "Z", "bitPhaseFlip": "Y"}[name]
        return pauli_error([(letter, p[0]), ("I", 1 - p[0])])
    if name == "depolarizing":
        return depolarizing_error(p[0] * 4**k / (4**k - 1), k)
    if name == "amplitudeDamping":
        return amplitude_damping_error(p[0])
    if name == "generalizedAmplitudeDamping":
        return amplitude_damping_error(p[0], p[1])
    if name == "phaseDamping":
        return phase_damping_error(p[0])
    if name == "thermalRelaxation":
        return thermal_relaxation_error(p[0], p[1], p[2], p[3])
    if name == "resetError":
        return reset_error(p[0], p[1])
    # The first letter of Qiskit's words belongs to the last qubit.
    return pauli_error([("I" * k, 1 - sum(p)), *[(w[::-1], q) for w, q in zip(words(k)[1:], p)]])


def pennylane_channel(name, wires, p):
    if name == "depolarizing" and len(wires) == 2:
        mats = {"I": numpy.eye(2), "X": qml.X.compute_matrix(), "Y": qml.Y.compute_matrix(), "Z": qml.Z.compute_matrix()}
        kraus = [numpy.sqrt(1 - p[0] if w == "II" else p[0] / 15) * numpy.kron(mats[w[0]], mats[w[1]]) for w in words(2)]
        return qml.QubitChannel(kraus, wires=wires)
    if name == "pauliError":
        mats = [qml.X.compute_matrix(), qml.Y.compute_matrix(), qml.Z.compute_matrix()]
        kraus = [numpy.sqrt(1 - sum(p)) * numpy.eye(2), *[numpy.sqrt(q) * m for q, m in zip(p, mats)]]
        return qml.QubitChannel(kraus, wires=wires)
    if name == "bitPhaseFlip":
        return qml.PauliError("Y", p[0], wires=wires)
    if name == "generalizedAmplitudeDamping":
        return qml.GeneralizedAmplitudeDamping(p[0], p[1], wires=wires)
    if name == "thermalRelaxation":
        return qml.ThermalRelaxationError(p[3], p[0], p[1], p[2], wires=wires)
    table = {
        "bitFlip": qml.BitFlip, "phaseFlip": qml.PhaseFlip, "depolarizing": qml.DepolarizingChannel,
        "amplitudeDamping": qml.AmplitudeDamping, "phaseDamping": qml.PhaseDamping, "resetError": qml.ResetError,
    }  # fmt: skip
    return table[name](*p, wires=wires)


def random_program(qubits):
    ops = []
    for _ in range(4):
        for q in range(qubits):
            ops.append([random.choice(["RX", "RY", "RZ"]), [q], round(random.uniform(-3, 3), 4)])
            name = random.choice(list(CHANNELS))
            ops.append([f"noise:{name}", [q], *CHANNELS[name]()])
        if qubits > 1:
            a, b = random.sample(range(qubits), 2)
            ops += [["CNOT", [a, b]], ["noise:depolarizing", [a, b], 0.1]]
    return {"qubits": qubits, "ops": ops}


def one_channel(name):
    prepared = [["RY", [0], 1.1], ["RZ", [0], 0.7]]
    return {"qubits": 1, "ops": [*prepared, [f"noise:{name}", [0], *CHANNELS[name]()]]}


def by_qiskit(program):
    n = program["qubits"]
    circuit = QuantumCircuit(n)
    place = lambda q: n - 1 - q  # so that Qiskit's most significant qubit is ours
    for name, on, *p in program["ops"]:
        if name.startswith("noise:"):
            error = qiskit_channel(name[6:], len(on), p)
            circuit.append(Kraus(error.to_quantumchannel()).to_instruction(), [place(q) for q in on])
        elif name == "CNOT":
            circuit.cx(place(on[0]), place(on[1]))
        else:
            getattr(circuit, name.lower())(p[0], place(on[0]))
    circuit.save_density_matrix()
    result = qiskit_aer.AerSimulator(method="density_matrix").run(circuit).result()
    return numpy.asarray(result.data(0)["density_matrix"])


def by_pennylane(program):
    n = program["qubits"]

    @qml.qnode(qml.device("default.mixed", wires=n))
    def run():
        for name, on, *p in program["ops"]:
            if name.startswith("noise:"):
                pennylane_channel(name[6:], on, p)
            else:
                {"RX": qml.RX, "RY": qml.RY, "RZ": qml.RZ, "CNOT": qml.CNOT}[name](*p, wires=on)
        return qml.density_matrix(wires=range(n))

    return numpy.asarray(run())


def interleaved(rho):
    return numpy.stack([rho.real, rho.imag], axis=-1).reshape(-1).tolist()


programs = [one_channel(name) for name in CHANNELS] + [random_program(n) for n in (1, 2, 2, 3, 3)]
for program in programs:
    a, b = by_qiskit(program), by_pennylane(program)
    print(program["qubits"], len(program["ops"]), abs(a - b).max())
    program["qiskit"], program["pennylane"] = interleaved(a), interleaved(b)
source = (
    f"Density matrices from Qiskit Aer {qiskit_aer.__version__} (method density_matrix, Qiskit {qiskit.__version__}) and "
    f"PennyLane {qml.__version__} (default.mixed), made by generate_noise.py"
)
with open("noise.json", "w") as file:
    json.dump({"source": source, "programs": programs}, file, indent=1)
