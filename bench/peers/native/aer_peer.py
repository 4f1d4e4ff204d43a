"""Qiskit Aer's statevector or density matrix method with its gate fusion. No gradients of its own."""

import time

from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import Pauli
from qiskit_aer import AerSimulator
from qiskit_aer.noise import amplitude_damping_error, depolarizing_error
from qiskit_aer.library import SaveExpectationValue, SaveProbabilities

from circuits import depends, resolve, reverse, unitary


def channel(name, qubits, parameters):
    """A channel of ours; Qiskit's depolarizing parameter is p times 4/3 on one qubit and 16/15 on two."""
    if name == "depolarizing":
        states = 4 ** len(qubits)
        return depolarizing_error(parameters[0] * states / (states - 1), len(qubits))
    if name == "amplitudeDamping":
        return amplitude_damping_error(parameters[0])
    raise ValueError(f"the bench does not translate the channel {name}")


def build(qubits, gates, x, w):
    circuit = QuantumCircuit(qubits)
    names = {"CNOT": "cx", "Toffoli": "ccx"}
    for gate in gates:
        name, on, *parameters = gate
        if name == "matrix":
            circuit.unitary(unitary(gate), on[::-1])
            continue
        angles = [x[p[1]] if isinstance(p, list) and p[0] == "x" else resolve(p, None, w) for p in parameters]
        if name.startswith("noise:"):
            circuit.append(channel(name[6:], on, angles).to_instruction(), on)
        elif name == "Rot":
            circuit.u(angles[1], angles[2], angles[0], on[0])
        else:
            getattr(circuit, names.get(name, name.lower()))(*angles, *on)
    return circuit


def prepare(request):
    if request["what"] == "gradient":
        raise ValueError("Qiskit Aer has no gradients but by shifted copies")
    qubits, gates, x = request["circuit"]["qubits"], request["circuit"]["gates"], request["x"]
    method = "density_matrix" if request["mode"] == "density matrix" else "statevector"
    simulator = AerSimulator(
        method=method,
        precision="single" if request["precision"] == "f32" else "double",
        max_parallel_threads=request["threads"],
    )
    start = time.perf_counter()
    data = any(depends(gate, "x") for gate in gates)
    parameters = ParameterVector("x", len(x[0])) if data else []
    circuit = build(qubits, gates, parameters, request["w"])
    plain = circuit.copy()
    for q in request["measured"]:
        circuit.append(SaveExpectationValue(Pauli("Z"), label=f"z{q}"), [q])
    binds = [{parameters[i]: [row[i] for row in x] for i in range(len(x[0]))}] if data else None
    plan = time.perf_counter() - start

    shots = {"shots": request["trajectories"], "seed_simulator": 1} if "trajectories" in request else {}

    def work():
        result = simulator.run([circuit], parameter_binds=binds, **shots).result()
        if not result.success:
            raise RuntimeError(result.status)
        return result

    result = work()
    value = [result.data(i)[f"z{q}"] for i in range(len(x)) for q in request["measured"]]
    fused = (result.results[0].metadata or {}).get("fusion", {})
    mode = "with fusion" if fused.get("applied") else "fusion on by its own rule, not applied at this size"
    answer = {"value": [float(v) for v in value], "plan": plan, "mode": f"{method}, {mode}"}
    if request["probe"]:
        if data:
            plain = plain.assign_parameters({parameters[i]: v for i, v in enumerate(x[0])})
        plain.append(SaveProbabilities(qubits, label="p"), range(qubits))
        found = simulator.run([plain]).result().data(0)["p"]
        answer["probabilities"] = [float(found[reverse(index, qubits)]) for index in request["probe"]]
    return work, answer
