"""Fidelity kernels: qiskit-machine-learning from state vectors, PennyLane by running a circuit for every pair."""

import numpy


def prepare(request):
    circuit, peer = request["circuit"], request["peer"]
    qubits, gates = circuit["qubits"], circuit["gates"]
    x = numpy.asarray(request["x"])
    work, mode = (qiskit if peer == "aer" else pennylane)(request, qubits, gates, x)
    return work, {"value": [float(v) for v in numpy.asarray(work()).reshape(-1)], "plan": 0, "mode": mode}


def qiskit(request, qubits, gates, x):
    from qiskit.circuit import ParameterVector
    from qiskit_machine_learning.kernels import FidelityStatevectorKernel

    from aer_peer import build

    feature_map = build(qubits, gates, ParameterVector("x", x.shape[1]), [])

    def work():
        # A new kernel each time, since it keeps the states of examples it has seen.
        return FidelityStatevectorKernel(feature_map=feature_map).evaluate(x_vec=x)

    return work, "qiskit-machine-learning FidelityStatevectorKernel"


def pennylane(request, qubits, gates, x):
    import pennylane as qml

    from pennylane_peer import apply, make_device

    def prepare_state(features):
        apply(gates, features, None)

    @qml.qnode(make_device(request["peer"], qubits, "f64"))
    def overlap(a, b):
        prepare_state(a)
        qml.adjoint(prepare_state)(b)
        return qml.probs(wires=range(qubits))

    def work():
        return qml.kernels.square_kernel_matrix(x, lambda a, b: overlap(a, b)[0], assume_normalized_kernel=True)

    return work, "kernels.square_kernel_matrix"
