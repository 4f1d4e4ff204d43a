"""qulacs: a circuit as written, or constant gates merged by its optimizer; gradients by backprop. Always f64."""

import time

import numpy
from qulacs import DensityMatrix, GeneralQuantumOperator, Observable, ParametricQuantumCircuit, QuantumCircuit, QuantumState
from qulacs import gate as gates_of
from qulacs.circuit import QuantumCircuitOptimizer

from circuits import ROTATIONS, depends, phase, resolve, reverse, unitary


def rotation(name, qubit, angle):
    return getattr(gates_of, name)(qubit, -angle)  # qulacs' RX(a) is exp(+i a X / 2)


def gate_of(gate, x, w):
    """One or several qulacs gates."""
    name, qubits, *parameters = gate
    if name == "matrix":
        return [gates_of.DenseMatrix(qubits[::-1], unitary(gate))]
    angles = [resolve(p, x, w) for p in parameters]
    if name == "noise:depolarizing":
        noise = gates_of.DepolarizingNoise if len(qubits) == 1 else gates_of.TwoQubitDepolarizingNoise
        return [noise(*qubits, angles[0])]
    if name == "noise:amplitudeDamping":
        return [gates_of.AmplitudeDampingNoise(qubits[0], angles[0])]
    if name in ROTATIONS:
        return [rotation(name, qubits[0], angles[0])]
    if name == "Rot":
        return [gates_of.U3(qubits[0], angles[1], angles[2], angles[0])]
    if name == "P":
        return [gates_of.U1(qubits[0], angles[0])]
    if name == "CP":
        controlled = gates_of.to_matrix_gate(gates_of.U1(qubits[1], angles[0]))
        controlled.add_control_qubit(qubits[0], 1)
        return [controlled]
    if name == "RZZ":
        even, odd = phase(-angles[0] / 2), phase(angles[0] / 2)
        return [gates_of.DiagonalMatrix(qubits, [even, odd, odd, even])]
    return [getattr(gates_of, {"Toffoli": "TOFFOLI"}.get(name, name))(*qubits)]


def optimized(circuit, mode):
    optimizer = QuantumCircuitOptimizer()
    if mode == "optimize_light":
        optimizer.optimize_light(circuit)
    elif mode.startswith("optimize("):
        optimizer.optimize(circuit, int(mode[9:-1]))
    return circuit


def prepare(request):
    if request["precision"] != "f64":
        raise ValueError("qulacs computes in f64")
    return prepare_gradient(request) if request["what"] == "gradient" else prepare_value(request)


def prepare_value(request):
    qubits, gates = request["circuit"]["qubits"], request["circuit"]["gates"]
    x, w, measured, mode = request["x"], request["w"], request["measured"], request["mode"]
    start = time.perf_counter()
    # Runs of constant gates become circuits, which the optimizer may merge; gates with data stand between them.
    steps = []
    for gate in gates:
        if depends(gate, "x"):
            steps.append(gate)
            continue
        if not steps or isinstance(steps[-1], list):
            steps.append(QuantumCircuit(qubits))
        for each in gate_of(gate, None, w):
            steps[-1].add_gate(each)
    steps = [step if isinstance(step, list) else optimized(step, mode) for step in steps]
    state = DensityMatrix(qubits) if mode == "density matrix" else QuantumState(qubits)
    observable = None
    if len(measured) == 1:
        observable = Observable(qubits)
        observable.add_operator(1.0, f"Z {measured[0]}")
    plan = time.perf_counter() - start

    def evaluate(example):
        state.set_zero_state()
        for step in steps:
            if isinstance(step, list):
                for each in gate_of(step, example, w):
                    each.update_quantum_state(state)
            else:
                step.update_quantum_state(state)
        if observable is not None:
            return [observable.get_expectation_value(state)]
        return [2 * state.get_zero_probability(q) - 1 for q in measured]

    work = lambda: [evaluate(example) for example in x]
    answer = {"value": [v for row in work() for v in row], "plan": plan, "mode": mode}
    if request["probe"]:
        evaluate(x[0])
        vector = state.get_vector()
        answer["probabilities"] = [float(abs(vector[reverse(i, qubits)]) ** 2) for i in request["probe"]]
    return work, answer


def prepare_gradient(request):
    qubits, x, w = request["circuit"]["qubits"], request["x"], request["w"]
    start = time.perf_counter()
    circuit = ParametricQuantumCircuit(qubits)
    slots = []  # the slot and index of each of the circuit's parameters
    for gate in request["circuit"]["gates"]:
        name, on, *parameters = gate
        if not any(isinstance(p, list) for p in parameters):
            for each in gate_of(gate, None, None):
                circuit.add_gate(each)
            continue
        if name == "Rot":
            parts = list(zip(("RZ", "RY", "RZ"), parameters))
        elif name in ROTATIONS:
            parts = [(name, parameters[0])]
        else:
            raise ValueError(f"no parametric {name} in qulacs")
        for part, parameter in parts:
            getattr(circuit, f"add_parametric_{part}_gate")(on[0], -resolve(parameter, x[0], w))
            slots.append(parameter)
    inputs = [(at, slot[1]) for at, slot in enumerate(slots) if slot[0] == "x"]
    weights = [(at, slot[1]) for at, slot in enumerate(slots) if slot[0] == "w"]
    observable = GeneralQuantumOperator(qubits)
    for q in request["measured"]:
        observable.add_operator(1.0, f"Z {q}")
    plan = time.perf_counter() - start

    def work():
        total = numpy.zeros(len(slots))
        for example in x:
            for at, index in inputs:
                circuit.set_parameter(at, -example[index])
            total -= circuit.backprop(observable)
        return total

    found = work()
    gradient = numpy.zeros(len(w))
    for at, index in weights:
        gradient[index] += found[at]
    return work, {"gradient": gradient.tolist(), "plan": plan, "mode": "backprop"}
