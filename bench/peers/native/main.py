"""Times native simulators for the bench: reads one JSON request per line, answers one JSON line each.

Requests: {"do": "hello"}, {"do": "prepare", "id", "peer", ...}, {"do": "time", "id", "calls"}, {"do": "drop", "id"}.
The number of threads is the first argument. Times are processor time on one thread and wall time on several.
"""

import importlib
import importlib.metadata
import json
import os
import sys
import time

THREADS = int(sys.argv[1]) if len(sys.argv) > 1 else 1

# Before anything that starts threads is loaded. The set of processors also binds what reads no variable.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "QULACS_NUM_THREADS", "NPROC"):
    os.environ[name] = str(THREADS)
os.environ["JAX_PLATFORMS"] = "cpu"
# NumPy's linear algebra is to choose its kernels by the processor, whatever the shell forces on it.
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)
if hasattr(os, "sched_setaffinity"):
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) > THREADS:
        os.sched_setaffinity(0, allowed[-THREADS:])

# Peer: module with its `prepare`, modules that it needs, distributions whose versions are told.
PEERS = {
    "lightning.qubit": ("pennylane_peer", ["pennylane", "pennylane_lightning"], ["pennylane", "pennylane-lightning"]),
    "default.qubit": ("pennylane_peer", ["pennylane"], ["pennylane"]),
    "qulacs": ("qulacs_peer", ["qulacs"], ["qulacs"]),
    "aer": ("aer_peer", ["qiskit_aer"], ["qiskit", "qiskit-aer"]),
    "qsim": ("qsim_peer", ["qsimcirq"], ["qsimcirq", "cirq-core"]),
    "tensorcircuit": ("tensorcircuit_peer", ["tensorcircuit", "jax"], ["tensorcircuit-ng", "jax", "jaxlib"]),
}


def hello():
    """The peers there are with their versions, and the reasons why others are missing."""
    versions = {"python": sys.version.split()[0]}
    present, missing = [], {}
    for peer, (_, modules, distributions) in PEERS.items():
        try:
            for module in modules:
                importlib.import_module(module)
            for distribution in ["numpy", *distributions]:
                versions[distribution] = importlib.metadata.version(distribution)
            present.append(peer)
        except Exception as error:
            missing[peer] = f"{type(error).__name__}: {error}".split("\n")[0]
    return {"versions": versions, "present": present, "missing": missing}


def prepare(request):
    if request.get("task") == "qasm":
        return importlib.import_module("qasm_peer").prepare(request)
    if request.get("task") == "model":
        return importlib.import_module("torch_models").prepare(request)
    if request.get("task") == "private":
        return importlib.import_module("private_peer").prepare(request)
    if request.get("task") == "kernel":
        return importlib.import_module("kernel_peer").prepare(request)
    module = importlib.import_module(PEERS[request["peer"]][0])
    if request.get("task") == "hybrid":
        return module.prepare_hybrid(request)
    return module.prepare({**request, "threads": THREADS})


def main():
    clock = time.process_time if THREADS == 1 else time.perf_counter
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    prepared = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "hello":
                answer = hello()
            elif request["do"] == "prepare":
                prepared[request["id"]], answer = prepare(request)
            elif request["do"] == "time":
                work = prepared[request["id"]]
                start = clock()
                for _ in range(request["calls"]):
                    work()
                answer = {"seconds": clock() - start}
            else:
                prepared.pop(request["id"], None)
                answer = {}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


main()
