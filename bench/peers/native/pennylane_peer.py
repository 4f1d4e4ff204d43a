"""PennyLane: lightning.qubit with adjoint gradients, default.qubit with parameter broadcasting and backprop."""

import time

import numpy
import pennylane as qml
from pennylane import numpy as np

from circuits import resolve, unitary

GATES = {
    "H": qml.Hadamard, "X": qml.PauliX, "RX": qml.RX, "RY": qml.RY, "RZ": qml.RZ, "P": qml.PhaseShift,
    "Rot": qml.Rot, "CNOT": qml.CNOT, "CZ": qml.CZ, "CP": qml.ControlledPhaseShift, "SWAP": qml.SWAP,
    "RZZ": qml.IsingZZ, "Toffoli": qml.Toffoli,
}  # fmt: skip
METHODS = {"lightning.qubit": "adjoint", "default.qubit": "backprop"}


def make_device(name, qubits, precision):
    if name == "lightning.qubit":
        return qml.device(name, wires=qubits, c_dtype=numpy.complex64 if precision == "f32" else numpy.complex128)
    if precision == "f32":
        raise ValueError("default.qubit computes with NumPy in f64")
    return qml.device(name, wires=qubits)


def apply(gates, x, w):
    def angle(parameter):
        if not isinstance(parameter, list):
            return parameter
        slot, index = parameter
        return x[..., index] if slot == "x" else w[index]

    for gate in gates:
        name, wires, *parameters = gate
        if name == "matrix":
            qml.QubitUnitary(unitary(gate), wires=wires)
        else:
            GATES[name](*[angle(p) for p in parameters], wires=wires)


def prepare_tapes(request):
    """Tapes made beforehand, run by the device itself: no QNode, no autograd. New angles would need new tapes."""
    circuit, measured = request["circuit"], request["measured"]
    device = make_device(request["peer"], circuit["qubits"], request["precision"])
    start = time.perf_counter()
    tapes, slots = [], []
    for example in request["x"]:
        with qml.queuing.AnnotatedQueue() as queue:
            apply(circuit["gates"], numpy.asarray(example), numpy.asarray(request["w"]))
        operations = qml.tape.QuantumScript.from_queue(queue).operations
        tapes.append(qml.tape.QuantumScript(operations, [qml.expval(qml.PauliZ(q)) for q in measured]))
    for gate in circuit["gates"]:
        # A matrix is one parameter.
        slots.extend([None] if gate[0] == "matrix" else gate[2:])
    weights = [(at, slot[1]) for at, slot in enumerate(slots) if isinstance(slot, list) and slot[0] == "w"]
    answer = {"mode": "adjoint, prepared tapes run by the device"}
    if request["what"] == "value":
        work = lambda: device.execute(tuple(tapes))
        answer["plan"] = time.perf_counter() - start
        answer["value"] = [float(v) for row in work() for v in numpy.asarray(row).reshape(-1)]
        return work, answer
    for tape in tapes:
        tape.trainable_params = [at for at, _ in weights]
    config = qml.devices.ExecutionConfig(gradient_method="adjoint")
    work = lambda: device.compute_derivatives(tuple(tapes), config)
    answer["plan"] = time.perf_counter() - start
    gradient = numpy.zeros(len(request["w"]))
    for row in work():
        for (_, index), value in zip(weights, numpy.asarray(row).reshape(-1)):
            gradient[index] += value
    answer["gradient"] = gradient.tolist()
    return work, answer


def prepare(request):
    if request["mode"] == "tapes":
        return prepare_tapes(request)
    circuit, peer = request["circuit"], request["peer"]
    device = make_device(peer, circuit["qubits"], request["precision"])
    measured = request["measured"]

    def body(x, w, probabilities=False):
        apply(circuit["gates"], x, w)
        if probabilities:
            return qml.probs(wires=range(circuit["qubits"]))
        return [qml.expval(qml.PauliZ(q)) for q in measured]

    node = qml.QNode(body, device, diff_method=METHODS[peer], interface="autograd")
    x = np.array(request["x"], requires_grad=False)
    single = x.shape[1] == 0  # a circuit without data: no broadcasting
    data = x[0] if single else x
    answer = {"plan": 0, "mode": "adjoint, unrolled by PennyLane" if peer == "lightning.qubit" else "backprop, broadcast"}
    if single:
        answer["mode"] = "gates as written"
    if request["what"] == "gradient":
        w = np.array(request["w"], requires_grad=True)
        # The forward pass of the gradient also yields the value (gradient.forward).
        gradient = qml.grad(lambda weights: np.sum(np.stack(node(data, weights))))
        work = lambda: gradient(w)
        answer["gradient"] = numpy.asarray(work()).reshape(-1).tolist()
        return work, answer
    w = np.array(request["w"], requires_grad=False)
    work = lambda: node(data, w)
    answer["value"] = numpy.stack([numpy.asarray(v).reshape(-1) for v in work()]).T.reshape(-1).tolist()
    if request["probe"]:
        first = [float(v) for v in numpy.asarray(x)[0]]
        bound = [[g[0], g[1], *[resolve(p, first, request["w"]) for p in g[2:]]] for g in circuit["gates"]]
        whole = qml.QNode(lambda: (apply(bound, None, None), qml.probs(wires=range(circuit["qubits"])))[1], device)
        found = numpy.asarray(whole())
        answer["probabilities"] = [float(found[index]) for index in request["probe"]]
    return work, answer


def prepare_hybrid(request):
    """One training step of dense, tanh, quantum, dense with mean squared error and Adam."""
    qubits = request["qubits"]
    device = make_device(request["peer"], qubits, "f64")

    @qml.qnode(device, diff_method=METHODS[request["peer"]], interface="autograd")
    def node(x, w):
        qml.AngleEmbedding(x, wires=range(qubits))
        qml.StronglyEntanglingLayers(w, wires=range(qubits))
        return [qml.expval(qml.PauliZ(i)) for i in range(qubits)]

    x = np.array(request["x"], requires_grad=False)
    y = np.array(request["y"], requires_grad=False)
    parameters = [np.array(p, dtype=float, requires_grad=True) for p in request["parameters"]]
    names = request["names"]
    first, first_bias, w, last, last_bias = (names.index(n) for n in ("first", "firstBias", "w", "last", "lastBias"))

    def loss(*p):
        hidden = np.tanh(x @ p[first] + p[first_bias])
        outputs = np.stack(node(hidden, p[w])).T @ p[last] + p[last_bias]
        return np.mean((outputs - y) ** 2)

    gradient = qml.grad(loss, argnums=list(range(len(parameters))))
    moments = [[numpy.zeros(p.shape), numpy.zeros(p.shape)] for p in parameters]
    state = {"step": 0, "parameters": parameters}

    def work():
        gradients = gradient(*state["parameters"])
        state["step"] += 1
        fresh = []
        for p, g, (m, v) in zip(state["parameters"], gradients, moments):
            g = numpy.asarray(g)
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            scale = 0.01 / (1 - 0.9 ** state["step"])
            fresh.append(p - scale * m / (numpy.sqrt(v / (1 - 0.999 ** state["step"])) + 1e-8))
        state["parameters"] = [np.array(p, requires_grad=True) for p in fresh]

    flat = [float(v) for g in gradient(*parameters) for v in numpy.asarray(g).reshape(-1)]
    mode = "adjoint, unrolled by PennyLane" if request["peer"] == "lightning.qubit" else "backprop, broadcast"
    return work, {"gradient": flat, "value": [float(gradient.forward)], "plan": 0, "mode": mode}
