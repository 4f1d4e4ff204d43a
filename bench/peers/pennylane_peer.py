"""Times PennyLane for the bench: reads one JSON request per line, answers one JSON line each.

Requests: {"do": "hello"}, {"do": "prepare", "id", "task", ...}, {"do": "time", "id", "calls"}, {"do": "drop", "id"}.
Times are processor time of this process, which the caller keeps on one thread.
"""

import json
import sys
import time

import numpy
import pennylane as qml
from pennylane import numpy as np


def make_node(device, method, qubits, ranges, measured):
    @qml.qnode(qml.device(device, wires=qubits), diff_method=method, interface="autograd")
    def node(x, w):
        if x is not None:
            qml.AngleEmbedding(x, wires=range(qubits))
        qml.StronglyEntanglingLayers(w, wires=range(qubits), ranges=ranges)
        values = [qml.expval(qml.PauliZ(i)) for i in range(measured)]
        return values[0] if measured == 1 else values

    return node


def prepare_circuit(request):
    """A batch through embedded layers: the values, or the gradient of their sum with respect to the weights."""
    node = make_node(request["device"], request["method"], request["qubits"], request["ranges"], 1)
    x = np.array(request["x"], requires_grad=False)
    if request["what"] == "value":
        w = np.array(request["w"], requires_grad=False)
        work = lambda: node(x, w)
        return work, {"value": numpy.asarray(work()).reshape(-1).tolist()}
    w = np.array(request["w"], requires_grad=True)
    # The forward pass of the gradient also yields the value (gradient.forward).
    gradient = qml.grad(lambda weights: np.sum(node(x, weights)))
    work = lambda: gradient(w)
    return work, {"gradient": numpy.asarray(work()).reshape(-1).tolist()}


def prepare_hybrid(request):
    """One training step of dense, tanh, quantum, dense with mean squared error and Adam."""
    qubits = request["qubits"]
    node = make_node(request["device"], request["method"], qubits, None, qubits)
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
    return work, {"gradient": flat, "value": [float(gradient.forward)]}


def main():
    prepared = {}
    tasks = {"circuit": prepare_circuit, "hybrid": prepare_hybrid}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "hello":
                answer = {"versions": {"pennylane": qml.__version__, "numpy": numpy.__version__,
                                       "python": sys.version.split()[0]}}
                try:
                    from importlib.metadata import version

                    answer["versions"]["pennylane-lightning"] = version("pennylane_lightning")
                except Exception:
                    pass
            elif request["do"] == "prepare":
                prepared[request["id"]], answer = tasks[request["task"]](request)
            elif request["do"] == "time":
                work = prepared[request["id"]]
                start = time.process_time()
                for _ in range(request["calls"]):
                    work()
                answer = {"seconds": time.process_time() - start}
            else:
                prepared.pop(request["id"], None)
                answer = {}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


main()
