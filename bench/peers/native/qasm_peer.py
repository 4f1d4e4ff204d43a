"""Qiskit's readers of OpenQASM: qiskit.qasm2 is compiled, qiskit.qasm3 rests on qiskit-qasm3-import, in Python."""


def prepare(request):
    if request["version"] == 2:
        from qiskit import qasm2 as reader
    else:
        from qiskit import qasm3 as reader

        import qiskit_qasm3_import  # noqa: F401  (named in the error where it is missing)
    text = request["text"]

    def work():
        return reader.loads(text)

    return work, {"mode": f"{reader.__name__}.loads", "value": [len(work().data)]}
