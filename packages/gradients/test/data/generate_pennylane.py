"""Writes pennylane.json: gradients, Hessians, metric tensors and optimiser steps computed by PennyLane."""

import json
import pathlib

import numpy
import pennylane as qml
import scipy.linalg
from pennylane import numpy as np

device = qml.device("default.qubit")
weights = np.array([0.3, -0.7, 1.1, 0.45, -1.3, 0.8, 0.25], requires_grad=True)


def rotations(w):
    """Rotations and fixed gates only."""
    qml.Hadamard(0)
    qml.RX(w[0], wires=0)
    qml.RY(w[1], wires=1)
    qml.RZ(w[2], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RY(w[3], wires=2)
    qml.CNOT(wires=[1, 2])
    qml.RX(w[4], wires=1)
    qml.IsingXX(w[5], wires=[0, 2])
    qml.PhaseShift(w[6], wires=1)


def mixed(w):
    """Also a controlled rotation and a gate of three angles."""
    qml.RX(w[0], wires=0)
    qml.RY(w[1], wires=1)
    qml.CRY(w[2], wires=[0, 1])
    qml.Rot(w[3], w[4], w[5], wires=2)
    qml.CNOT(wires=[1, 2])
    qml.RX(2 * w[6], wires=2)
    qml.RY(w[1] * w[0], wires=0)


observable = qml.Hamiltonian(
    [1.0, 0.5, -0.7], [qml.Z(0) @ qml.Z(1), qml.X(2), qml.Y(0) @ qml.X(1)]
)


def node(circuit):
    @qml.qnode(device, interface="autograd", diff_method="backprop")
    def f(w):
        circuit(w)
        return qml.expval(observable)

    return f


def shifted(circuit):
    @qml.qnode(device, interface="autograd", diff_method="parameter-shift")
    def f(w):
        circuit(w)
        return qml.expval(observable)

    return f


def numbers(x):
    return numpy.asarray(x).ravel().tolist()


def case(circuit):
    f = node(circuit)
    return {
        "value": float(f(weights)),
        "gradient": numbers(qml.grad(f)(weights)),
        "hessian": numbers(qml.jacobian(qml.grad(f))(weights)),
        "metric": numbers(qml.adjoint_metric_tensor(f)(weights)),
    }


rotation_case = case(rotations)
for approx in ("block-diag", "diag"):
    rotation_case[approx] = numbers(qml.metric_tensor(node(rotations), approx=approx)(weights))

steps = []
optimizer = qml.QNGOptimizer(stepsize=0.1, approx="block-diag", lam=0.01)
w = weights
for _ in range(3):
    w = optimizer.step(shifted(rotations), w)
    steps.append(numbers(w))

rotosolve = qml.RotosolveOptimizer()


@qml.qnode(device, interface="autograd", diff_method="backprop")
def roto(w):
    rotations(w)
    return qml.expval(observable)


w = weights
path = []
for _ in range(2):
    w = rotosolve.step(
        roto, w, nums_frequency={"w": {(i,): 1 for i in range(7)}}, full_output=False
    )
    path.append([numbers(w), float(roto(w))])

# exp(-i (theta A + B)): the derivative by theta from complex-step-free Richardson differences of exact matrices.
A = numpy.kron(qml.matrix(qml.Z(0)), qml.matrix(qml.X(0)))
B = numpy.kron(qml.matrix(qml.X(0)), numpy.eye(2)) + 0.6 * numpy.kron(
    numpy.eye(2), qml.matrix(qml.Z(0))
)


@qml.qnode(device)
def driven(theta):
    qml.RY(0.3, wires=0)
    qml.RX(0.9, wires=1)
    qml.QubitUnitary(scipy.linalg.expm(-1j * (theta * A + B)), wires=[0, 1])
    return qml.expval(qml.Z(0) @ qml.Y(1))


def slope(theta, h):
    return (float(driven(theta + h)) - float(driven(theta - h))) / (2 * h)


theta = 0.7
richardson = (64 * slope(theta, 0.0025) - 20 * slope(theta, 0.005) + slope(theta, 0.01)) / 45

out = {
    "source": f"PennyLane {qml.__version__}, default.qubit in double precision: gradients and Hessians by "
    "backpropagation, full metric tensors by adjoint_metric_tensor (metric_tensor with approx=None differs from "
    "the definition there), blocks by metric_tensor, steps by QNGOptimizer (step 0.1, block-diagonal, lam 0.01) "
    "and RotosolveOptimizer; the derivative of the driven gate by Richardson differences of its exact matrix",
    "weights": numbers(weights),
    "rotations": rotation_case,
    "mixed": case(mixed),
    "naturalGradient": steps,
    "rotosolve": path,
    "driven": {"theta": theta, "value": float(driven(theta)), "derivative": richardson},
}
pathlib.Path(__file__).with_name("pennylane.json").write_text(json.dumps(out, indent=1) + "\n")
