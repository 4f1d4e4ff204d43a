"""A step of DP-SGD in PyTorch with PennyLane's circuit, gradients of examples by a loop over them."""

import math

import numpy
import pennylane as qml
import torch

from torch_models import qnode


def prepare(request):
    """Cross-entropy of a linear layer on the qubits' Z, clipped to `clip` and with noise of `noise` times that."""
    qubits, clip, noise, rate = (request[name] for name in ("qubits", "clip", "noise", "rate"))
    x = torch.tensor(numpy.asarray(request["x"], dtype=float))
    y = torch.tensor(request["y"])
    parameters = [torch.tensor(numpy.asarray(p, dtype=float), requires_grad=True) for p in request["parameters"]]
    w, weight, bias = parameters

    def body(features, angles):
        qml.AngleEmbedding(features, wires=range(qubits))
        qml.StronglyEntanglingLayers(angles, wires=range(qubits))
        return [qml.expval(qml.PauliZ(q)) for q in range(qubits)]

    node = qnode(request["peer"], qubits, body)

    def clipped():
        sums = [torch.zeros_like(p) for p in parameters]
        total = 0.0
        for features, label in zip(x, y):
            for parameter in parameters:
                parameter.grad = None
            outputs = torch.stack(list(node(features, w))) @ weight + bias
            loss = torch.nn.functional.cross_entropy(outputs, label)
            loss.backward()
            length = math.sqrt(sum(float((p.grad * p.grad).sum()) for p in parameters))
            for s, p in zip(sums, parameters):
                s += p.grad * min(1.0, clip / length)
            total += float(loss.detach())
        return total / len(y), sums

    def work():
        _, sums = clipped()
        with torch.no_grad():
            for parameter, s in zip(parameters, sums):
                parameter -= rate * (s + noise * clip * torch.randn_like(s)) / len(y)

    value, sums = clipped()
    way = "adjoint" if request["peer"] == "lightning.qubit" else "backprop"
    answer = {"value": [value], "gradient": [float(v) for s in sums for v in s.reshape(-1)], "plan": 0}
    answer["mode"] = f"{way}, PyTorch, a loop over examples"
    return work, answer
