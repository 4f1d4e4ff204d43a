"""qsim through qsimcirq: gates fused up to a size given by the mode. Always f32, no gradients."""

import time

import cirq
import numpy
import qsimcirq
import sympy

from circuits import depends, resolve, unitary, z_values


def gate_of(gate, x, w):
    name, on, *parameters = gate
    qubits = [cirq.LineQubit(q) for q in on]
    if name == "matrix":
        return [cirq.MatrixGate(unitary(gate))(*qubits)]
    angles = [x[p[1]] if isinstance(p, list) and p[0] == "x" else resolve(p, None, w) for p in parameters]
    if name == "RX":
        return [cirq.rx(angles[0])(*qubits)]
    if name == "RY":
        return [cirq.ry(angles[0])(*qubits)]
    if name == "RZ":
        return [cirq.rz(angles[0])(*qubits)]
    if name == "Rot":
        return [cirq.rz(angles[0])(*qubits), cirq.ry(angles[1])(*qubits), cirq.rz(angles[2])(*qubits)]
    if name == "P":
        return [cirq.ZPowGate(exponent=angles[0] / numpy.pi)(*qubits)]
    if name == "CP":
        return [cirq.CZPowGate(exponent=angles[0] / numpy.pi)(*qubits)]
    if name == "RZZ":
        return [cirq.ZZPowGate(exponent=angles[0] / numpy.pi, global_shift=-0.5)(*qubits)]
    return [getattr(cirq, {"Toffoli": "CCX"}.get(name, name))(*qubits)]


def prepare(request):
    if request["precision"] != "f32":
        raise ValueError("qsim computes in f32")
    if request["what"] == "gradient":
        raise ValueError("qsimcirq has no gradients")
    qubits, gates, x, w = request["circuit"]["qubits"], request["circuit"]["gates"], request["x"], request["w"]
    start = time.perf_counter()
    data = any(depends(gate, "x") for gate in gates)
    symbols = [sympy.Symbol(f"x{i}") for i in range(len(x[0]))]
    circuit = cirq.Circuit(op for gate in gates for op in gate_of(gate, symbols, w))
    order = cirq.LineQubit.range(qubits)
    # A simulator keeps the circuits it has translated, so that only its first run counts as planning.
    simulator = qsimcirq.QSimSimulator(
        {"f": int(request["mode"][-1]), "t": request["threads"]}, circuit_memoization_size=max(1, len(x))
    )
    measured = request["measured"]
    state_of = lambda source: simulator.simulate_into_1d_array(source, qubit_order=order)[1]
    answer = {"mode": f"fused up to {request['mode'][-1]} qubits"}
    if data:
        observables = [cirq.Z(order[q]) for q in measured]
        sweep = [cirq.ParamResolver({f"x{i}": v for i, v in enumerate(row)}) for row in x]
        run = lambda: simulator.simulate_expectation_values_sweep(circuit, observables, sweep, qubit_order=order)
        work = lambda: [v.real for row in run() for v in row]
    else:
        work = lambda: z_values(state_of(circuit), measured)
    answer["value"] = work()
    planned = time.perf_counter() - start
    start = time.perf_counter()
    work()
    answer["plan"] = max(0, planned - (time.perf_counter() - start))
    if request["probe"]:
        first = cirq.resolve_parameters(circuit, {f"x{i}": v for i, v in enumerate(x[0])}) if data else circuit
        found = state_of(first)
        answer["probabilities"] = [float(abs(found[index]) ** 2) for index in request["probe"]]
    return work, answer
