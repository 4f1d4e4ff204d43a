"""Records what Qiskit makes of the programs of this folder: needs qiskit and qiskit-qasm3-import.

    python3 generate_qiskit.py

For every program the exact distribution of its classical bits, from all branches of Qiskit's reading of the text, and for
programs that only measure at the end the state before. Qubit 0 is the most significant bit of an index, bit 0 the leftmost
of a key.
"""

import json
import pathlib
from importlib.metadata import version

import numpy as np
from qiskit import qasm2, qasm3
from qiskit.circuit import ClassicalRegister, Clbit, IfElseOp, ForLoopOp, SwitchCaseOp, WhileLoopOp
from qiskit.circuit.classical import expr
from qiskit.circuit.controlflow import CASE_DEFAULT
from qiskit.quantum_info import Operator

HERE = pathlib.Path(__file__).parent
INPUTS = {"theta": 0.7, "phi": -0.4}


def bit_value(item, bits, outer):
    if isinstance(item, Clbit):
        return bits[outer[item]]
    return sum(bits[outer[bit]] << i for i, bit in enumerate(item))


def evaluate(node, bits, outer):
    if isinstance(node, expr.Var):
        return bit_value(node.var, bits, outer)
    if isinstance(node, expr.Value):
        return node.value
    if isinstance(node, expr.Cast):
        value = evaluate(node.operand, bits, outer)
        return bool(value) if node.type.__class__.__name__ == "Bool" else value
    if isinstance(node, expr.Index):
        return (evaluate(node.target, bits, outer) >> evaluate(node.index, bits, outer)) & 1
    if isinstance(node, expr.Unary):
        value = evaluate(node.operand, bits, outer)
        if node.op.name == "LOGIC_NOT":
            return not value
        width = getattr(node.type, "width", 1)
        return (2**width - 1) ^ int(value)
    x, y = evaluate(node.left, bits, outer), evaluate(node.right, bits, outer)
    return {
        "BIT_AND": lambda: x & y, "BIT_OR": lambda: x | y, "BIT_XOR": lambda: x ^ y,
        "LOGIC_AND": lambda: x and y, "LOGIC_OR": lambda: x or y,
        "EQUAL": lambda: x == y, "NOT_EQUAL": lambda: x != y, "LESS": lambda: x < y, "LESS_EQUAL": lambda: x <= y,
        "GREATER": lambda: x > y, "GREATER_EQUAL": lambda: x >= y,
    }[node.op.name]()


def holds(condition, bits, outer):
    if isinstance(condition, expr.Expr):
        return bool(evaluate(condition, bits, outer))
    item, value = condition
    return bit_value(item, bits, outer) == int(value)


def act(matrix, qubits, state, n):
    # Qiskit's first qubit is the least significant one of a matrix.
    k = len(qubits)
    tensor = state.reshape([2] * n)
    axes = list(reversed(qubits))
    tensor = np.tensordot(matrix.reshape([2] * (2 * k)), tensor, axes=(range(k, 2 * k), axes))
    return np.moveaxis(tensor, range(k), axes).reshape(-1)


def project(state, qubit, outcome, n):
    tensor = state.reshape([2] * n).copy()
    index = [slice(None)] * n
    index[qubit] = 1 - outcome
    tensor[tuple(index)] = 0
    return tensor.reshape(-1)


def run(circuit, branches, n, qmap, cmap):
    branches = [(state * np.exp(1j * float(circuit.global_phase)), bits) for state, bits in branches]
    for item in circuit.data:
        op = item.operation
        qubits = [qmap[q] for q in item.qubits]
        clbits = [cmap[c] for c in item.clbits]
        if op.name == "barrier":
            continue
        out = []
        for state, bits in branches:
            if op.name == "measure":
                for outcome in (0, 1):
                    part = project(state, qubits[0], outcome, n)
                    if np.vdot(part, part).real > 1e-15:
                        out.append((part, [*bits[: clbits[0]], outcome, *bits[clbits[0] + 1 :]]))
            elif op.name == "reset":
                for outcome in (0, 1):
                    part = project(state, qubits[0], outcome, n)
                    if outcome == 1:
                        part = act(np.array([[0, 1], [1, 0]]), qubits, part, n)
                    if np.vdot(part, part).real > 1e-15:
                        out.append((part, bits))
            elif isinstance(op, IfElseOp):
                body = op.blocks[0] if holds(op.condition, bits, cmap) else (op.blocks[1] if len(op.blocks) > 1 else None)
                out += [(state, bits)] if body is None else inner(body, [(state, bits)], n, qubits, clbits)
            elif isinstance(op, WhileLoopOp):
                open_ = [(state, bits)]
                for _ in range(60):
                    out += [one for one in open_ if not holds(op.condition, one[1], cmap)]
                    open_ = [one for one in open_ if holds(op.condition, one[1], cmap)]
                    open_ = inner(op.blocks[0], open_, n, qubits, clbits)
                    if not open_:
                        break
                out += open_
            elif isinstance(op, ForLoopOp):
                values, _, body = op.params
                now = [(state, bits)]
                for _ in values:
                    now = inner(body, now, n, qubits, clbits)
                out += now
            elif isinstance(op, SwitchCaseOp):
                target = evaluate(op.target, bits, cmap) if isinstance(op.target, expr.Expr) else bit_value(op.target, bits, cmap)
                for labels, body in op.cases_specifier():
                    if any(label is CASE_DEFAULT or label == target for label in labels):
                        out += inner(body, [(state, bits)], n, qubits, clbits)
                        break
                else:
                    out.append((state, bits))
            else:
                out.append((act(Operator(op).data, qubits, state, n), bits))
        branches = out
    return branches


def inner(body, branches, n, qubits, clbits):
    qmap = {q: qubits[i] for i, q in enumerate(body.qubits)}
    cmap = {c: clbits[i] for i, c in enumerate(body.clbits)}
    return run(body, branches, n, qmap, cmap)


def record(text):
    if "OPENQASM 2" in text:
        circuit = qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    else:
        circuit = qasm3.loads(text)
    if circuit.parameters:
        circuit = circuit.assign_parameters({p: INPUTS[p.name] for p in circuit.parameters})
    n = circuit.num_qubits
    qmap = {q: i for i, q in enumerate(circuit.qubits)}
    cmap = {c: i for i, c in enumerate(circuit.clbits)}
    start = np.zeros(2**n, complex)
    start[0] = 1
    sums = {}
    for state, bits in run(circuit, [(start, [0] * circuit.num_clbits)], n, qmap, cmap):
        key = "".join(map(str, bits))
        sums[key] = sums.get(key, 0) + np.vdot(state, state).real
    result = {"distribution": {key: float(f"{p:.15g}") for key, p in sorted(sums.items()) if p > 1e-14}}
    plain = circuit.remove_final_measurements(inplace=False)
    if plain is not None and plain.num_clbits == 0 and not any(op.name in ("measure", "reset") for op in plain.data):
        [(state, _)] = run(plain, [(start, [])], n, {q: i for i, q in enumerate(plain.qubits)}, {})
        result["state"] = [float(f"{x:.15g}") for z in state for x in (z.real, z.imag)]
    return result


programs = {}
for file in sorted((HERE / "programs").glob("*.qasm")):
    try:
        programs[file.stem] = record(file.read_text())
    except Exception as error:
        print("cannot read", file.stem, type(error).__name__, str(error)[:200])
source = (
    f"qiskit {version('qiskit')} and qiskit-qasm3-import {version('qiskit-qasm3-import')}, made by generate_qiskit.py from the "
    "programs of this folder; inputs " + ", ".join(f"{k} = {v}" for k, v in INPUTS.items())
)
lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in programs.items())
(HERE / "qiskit.json").write_text(
    '{\n"source": ' + json.dumps(source) + ',\n"inputs": ' + json.dumps(INPUTS) + ',\n"programs": {\n' + lines + "\n}\n}\n"
)
print(len(programs), "programs")
