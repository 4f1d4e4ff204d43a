"""Training steps of hybrid models in PyTorch with PennyLane's quantum parts: recurrent networks and quanvolutions."""

import numpy
import pennylane as qml
import torch

METHODS = {"lightning.qubit": "adjoint", "default.qubit": "backprop"}

torch.set_default_dtype(torch.float64)


def qnode(peer, wires, body):
    return qml.QNode(body, qml.device(peer, wires=wires), diff_method=METHODS[peer], interface="torch")


def variational_block(peer, qubits, layers, outputs):
    """H, RY(atan x), RZ(atan x^2); per layer rings of CNOTs of distance 1 and 2 and Rot on every qubit."""

    def body(x, w):
        for q in range(qubits):
            qml.Hadamard(q)
            qml.RY(torch.atan(x[..., q]), wires=q)
            qml.RZ(torch.atan(x[..., q] ** 2), wires=q)
        for layer in range(layers):
            for distance in (1, 2):
                for q in range(qubits):
                    qml.CNOT(wires=[q, (q + distance) % qubits])
            for q in range(qubits):
                qml.Rot(w[layer, q, 0], w[layer, q, 1], w[layer, q, 2], wires=q)
        return [qml.expval(qml.PauliZ(q)) for q in range(outputs)]

    node = qnode(peer, qubits, body)
    return lambda x, w: torch.stack(list(node(x, w)), dim=-1)


def qlstm(peer, sizes, p):
    hidden, qubits = sizes["hidden"], sizes["qubits"]
    gates = variational_block(peer, qubits, sizes["layers"], qubits)
    short = variational_block(peer, qubits, sizes["layers"], hidden)

    def run(x):
        h = torch.zeros(x.shape[0], hidden)
        c = torch.zeros(x.shape[0], qubits)
        outputs = []
        for t in range(x.shape[1]):
            v = torch.cat([x[:, t], h], dim=1)
            forget = torch.sigmoid(gates(v, p["forget.w"]))
            entry = torch.sigmoid(gates(v, p["input.w"]))
            candidate = torch.tanh(gates(v, p["candidate.w"]))
            out = torch.sigmoid(gates(v, p["output.w"]))
            c = forget * c + entry * candidate
            m = out * torch.tanh(c)
            h = short(m, p["hidden.w"])
            outputs.append(gates(m, p["readout.w"]))
        return torch.stack(outputs, dim=1) @ p["weight"] + p["bias"]

    return run


def fast_weights(peer, sizes, p):
    qubits, layers, inputs = sizes["qubits"], sizes["layers"], sizes["inputs"]

    def body(x, theta):
        for q in range(qubits):
            qml.Hadamard(q)
        for q in range(inputs):
            qml.RY(x[..., q], wires=q)
        for layer in range(layers):
            for first in (0, 1):
                for q in range(first, qubits - 1, 2):
                    qml.CNOT(wires=[q, q + 1])
            for q in range(qubits):
                qml.RY(theta[..., layer, q], wires=q)
        return [qml.expval(qml.PauliZ(q)) for q in range(qubits)]

    node = qnode(peer, qubits, body)

    def run(x):
        z = x @ p["latent.weight"] + p["latent.bias"]
        rows = z @ p["layer.weight"] + p["layer.bias"]
        columns = z @ p["qubit.weight"] + p["qubit.bias"]
        theta = torch.cumsum(rows[..., :, None] * columns[..., None, :], dim=1)
        # No step waits for another: all of them are one batch here too.
        flat = torch.stack(list(node(x.flatten(0, 1), theta.flatten(0, 1))), dim=-1)
        return flat.reshape(x.shape[0], x.shape[1], qubits) @ p["weight"] + p["bias"]

    return run


def sliding(peer, sizes, p, body):
    """A circuit that slides over images by its own size: all windows of all images are one batch."""
    side = sizes["kernel"]
    qubits = side * side
    node = qnode(peer, qubits, body)

    def run(x):
        batch = x.shape[0]
        windows = x.unfold(1, side, side).unfold(2, side, side)
        rows, columns = windows.shape[1:3]
        flat = windows.reshape(batch * rows * columns, qubits)
        values = torch.stack(list(node(flat, p["w"][0])), dim=-1)
        return values.reshape(batch, rows * columns, qubits).transpose(1, 2).reshape(batch, -1)

    return run


def quanvolution(peer, sizes, p):
    """RX(scale x); per layer RX and a ring of CNOTs."""
    qubits = sizes["kernel"] ** 2

    def body(x, w):
        for q in range(qubits):
            qml.RX(sizes["scale"] * x[..., q], wires=q)
        for layer in range(sizes["layers"]):
            for q in range(qubits):
                qml.RX(w[layer, q], wires=q)
            for q in range(qubits):
                qml.CNOT(wires=[q, (q + 1) % qubits])
        return [qml.expval(qml.PauliZ(q)) for q in range(qubits)]

    return sliding(peer, sizes, p, body)


def quantum_conv2d(peer, sizes, p):
    """H; per layer RY(atan g) and RZ(atan g^2) of g = scale x, a ring of CNOTs and Rot on every qubit."""
    qubits = sizes["kernel"] ** 2

    def body(x, w):
        for q in range(qubits):
            qml.Hadamard(q)
        for layer in range(sizes["layers"]):
            for q in range(qubits):
                g = sizes["scale"] * x[..., q]
                qml.RY(torch.atan(g), wires=q)
                qml.RZ(torch.atan(g * g), wires=q)
            for q in range(qubits):
                qml.CNOT(wires=[q, (q + 1) % qubits])
            for q in range(qubits):
                qml.Rot(w[layer, q, 0], w[layer, q, 1], w[layer, q, 2], wires=q)
        return [qml.expval(qml.PauliZ(q)) for q in range(qubits)]

    return sliding(peer, sizes, p, body)


MODELS = {
    "qlstm": qlstm,
    "fastWeights": fast_weights,
    "quanvolution": quanvolution,
    "quantumConv2d": quantum_conv2d,
}



def prepare(request):
    """Mean squared error of the model's outputs, forward or forward and backward."""
    parameters = {
        name: torch.tensor(numpy.asarray(value, dtype=float), requires_grad=True)
        for name, value in zip(request["names"], request["parameters"])
    }
    model = MODELS[request["model"]](request["peer"], request["sizes"], parameters)
    x = torch.tensor(numpy.asarray(request["x"], dtype=float))
    y = torch.tensor(numpy.asarray(request["y"], dtype=float))

    def loss():
        return torch.mean((model(x).reshape(y.shape) - y) ** 2)

    def forward():
        with torch.no_grad():
            return loss()

    def step():
        for parameter in parameters.values():
            parameter.grad = None
        value = loss()
        value.backward()
        return value

    gradient = request["what"] == "gradient"
    work = step if gradient else forward
    answer = {"value": [float(work().detach())], "plan": 0}
    if gradient:
        answer["gradient"] = [float(v) for p in parameters.values() for v in p.grad.reshape(-1)]
    way = "adjoint, unrolled by PennyLane" if request["peer"] == "lightning.qubit" else "backprop, broadcast"
    answer["mode"] = f"{way}, PyTorch"
    return work, answer
