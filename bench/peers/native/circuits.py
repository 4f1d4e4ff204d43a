"""Circuits as the bench sends them: {"qubits", "gates"}, each gate [name, qubits, parameter, ...].

A parameter is an angle in radians or [slot, index], an element of "x" (one value per example) or "w" (one for all).
"matrix" is followed by its elements, re and im in turn. Qubit 0 is the most significant bit of a basis index.
"""

import cmath

import numpy

ROTATIONS = {"RX": "X", "RY": "Y", "RZ": "Z"}


def resolve(parameter, x, w):
    """The number that a parameter stands for."""
    if not isinstance(parameter, list):
        return parameter
    slot, index = parameter
    return float((x if slot == "x" else w)[index])


def depends(gate, slot):
    """Whether a gate has a parameter of the slot."""
    return any(isinstance(parameter, list) and parameter[0] == slot for parameter in gate[2:])


def unitary(gate):
    """The matrix of a "matrix" gate, its first qubit most significant."""
    numbers = numpy.asarray(gate[2:])
    size = 2 ** len(gate[1])
    return (numbers[0::2] + 1j * numbers[1::2]).reshape(size, size)


def phase(angle):
    return cmath.exp(1j * angle)


def reverse(index, qubits):
    """The index with its bits in reverse order, for peers whose qubit 0 is the least significant bit."""
    return int(format(index, f"0{qubits}b")[::-1], 2)


def fold(squares, count):
    """⟨Z⟩ of the `count` most significant bits, most significant first, from squares of real and imaginary parts."""
    values = []
    for _ in range(count):
        half = len(squares) // 2
        high, low = squares[:half], squares[half:]
        squares = high + low
        values.append(2 * float(high.sum()) - float(squares.sum()))
    return values


def squares_of(state):
    """Squares of real and imaginary parts of a complex array, as one real array."""
    real = state.view(state.real.dtype)
    return real * real


def z_values(state, measured, little=False):
    """⟨Z⟩ of the measured qubits from a complex state."""
    qubits = len(state).bit_length() - 1
    values = fold(squares_of(state), qubits)
    return [values[qubits - 1 - q if little else q] for q in measured]
