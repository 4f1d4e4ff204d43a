"""Writes the programs of this folder, in the style of public benchmark suites, from the textbook description of each algorithm.

    python3 generate_programs.py

Next: generate_qiskit.py, which records what Qiskit makes of them.
"""

import math
import pathlib
import random

FOLDER = pathlib.Path(__file__).parent / "programs"
PROGRAMS = {}


def two(name, registers, body):
    lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', *registers, *body]
    PROGRAMS[name] = "\n".join(lines) + "\n"


def three(name, body):
    PROGRAMS[name] = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n' + body.strip() + "\n"


def measure(count, q="q", c="c"):
    return [f"measure {q}[{i}] -> {c}[{i}];" for i in range(count)]


def registers(n, m=None):
    return [f"qreg q[{n}];", f"creg c[{n if m is None else m}];"]


def qft(n, sign="", q="q"):
    lines = []
    for i in reversed(range(n)):
        lines.append(f"h {q}[{i}];")
        for j in reversed(range(i)):
            lines.append(f"cu1({sign}pi/{2 ** (i - j)}) {q}[{j}],{q}[{i}];")
    return lines


def inverse_qft(n, q="q"):
    return list(reversed(qft(n, "-", q)))


# --- states
two("bell", registers(2), ["h q[0];", "cx q[0],q[1];", *measure(2)])
for n in (3, 6):
    two(f"ghz_{n}", registers(n), ["h q[0];", *[f"cx q[{i}],q[{i + 1}];" for i in range(n - 1)], "barrier q;", "measure q -> c;"])
for n in (3, 5):
    body = ["x q[0];"]
    for i in range(n - 1):
        angle = 2 * math.acos(math.sqrt(1 / (n - i)))
        body += [f"cu3({angle!r},0,0) q[{i}],q[{i + 1}];", f"cx q[{i + 1}],q[{i}];"]
    two(f"wstate_{n}", registers(n), [*body, *measure(n)])
two("cat_state_4", registers(4), ["h q[0];", "cx q[0],q[1];", "cx q[0],q[2];", "cx q[1],q[3];", *measure(4)])
two("cluster_5", registers(5), ["h q;", *[f"cz q[{i}],q[{(i + 1) % 5}];" for i in range(5)], "h q[2];", *measure(5)])
two("graph_state_6", registers(6), ["h q;", "cz q[0],q[3];", "cz q[1],q[4];", "cz q[2],q[5];", "cz q[0],q[1];", "sdg q[3];", "h q[4];", *measure(6)])

# --- oracles
two("deutsch", registers(2, 1), ["x q[1];", "h q[0];", "h q[1];", "cx q[0],q[1];", "h q[0];", "measure q[0] -> c[0];"])
two("deutsch_jozsa_5", registers(5, 4), ["x q[4];", "h q;", "cx q[0],q[4];", "x q[1];", "cx q[1],q[4];", "x q[1];", "cx q[3],q[4];", *[f"h q[{i}];" for i in range(4)], *measure(4)])
two("bernstein_vazirani_6", registers(6, 5), ["x q[5];", "h q;", *[f"cx q[{i}],q[5];" for i, bit in enumerate("10110") if bit == "1"], *[f"h q[{i}];" for i in range(5)], *measure(5)])
two("hidden_shift_4", registers(4), ["h q;", "x q[0];", "x q[3];", "cz q[0],q[1];", "cz q[2],q[3];", "x q[0];", "x q[3];", "h q;", "cz q[0],q[1];", "cz q[2],q[3];", "h q;", *measure(4)])
two("simon_6", ["qreg a[3];", "qreg b[3];", "creg c[3];"], ["h a;", "cx a,b;", "cx a[1],b[1];", "cx a[1],b[2];", "barrier a,b;", "h a;", "measure a -> c;"])
two("counterfeit_coin_5", registers(5, 4), ["h q[0];", "h q[1];", "h q[2];", "h q[3];", *[f"cx q[{i}],q[4];" for i in range(4)], "x q[4];", "h q[4];", "cx q[2],q[4];", *[f"h q[{i}];" for i in range(4)], *measure(4)])
two("learning_parity_5", registers(5), ["h q[0];", "h q[1];", "h q[2];", "h q[3];", "cx q[0],q[4];", "cx q[2],q[4];", "h q;", *measure(5)])
two("grover_2", registers(2), ["h q;", "x q[0];", "cz q[0],q[1];", "x q[0];", "h q;", "z q;", "cz q[0],q[1];", "h q;", *measure(2)])
diffusion = ["h q;", "x q;", "h q[2];", "ccx q[0],q[1],q[2];", "h q[2];", "x q;", "h q;"]
oracle = ["x q[1];", "h q[2];", "ccx q[0],q[1],q[2];", "h q[2];", "x q[1];"]
two("grover_3", registers(3), ["h q;", *(oracle + diffusion) * 2, *measure(3)])
two("grover_4_defined", [
    "gate ccz a,b,c { h c; ccx a,b,c; h c; }",
    "gate oracle a,b,c,d { x b; h d; c3x a,b,c,d; h d; x b; }",
    "gate diffusion a,b,c,d { h a; h b; h c; h d; x a; x b; x c; x d; h d; c3x a,b,c,d; h d; x a; x b; x c; x d; h a; h b; h c; h d; }",
    *registers(4)], ["h q;", *["oracle q[0],q[1],q[2],q[3];", "diffusion q[0],q[1],q[2],q[3];"] * 3, "measure q -> c;"])
two("sat_4", registers(4), ["h q[0];", "h q[1];", "h q[2];", "x q[3];", "h q[3];", "x q[0];", "ccx q[0],q[1],q[3];", "x q[0];", "ccx q[1],q[2],q[3];", "h q[3];", *measure(4)])

# --- transforms and phases
for n in (3, 4, 6):
    two(f"qft_{n}", registers(n), ["x q[0];", f"rx(0.7) q[{n - 1}];", *qft(n), *[f"swap q[{i}],q[{n - 1 - i}];" for i in range(n // 2)], *measure(n)])
two("inverse_qft_4", registers(4), ["h q;", "u1(3*pi/8) q[0];", "u1(3*pi/4) q[1];", "u1(3*pi/2) q[2];", "barrier q;", *inverse_qft(4), *measure(4)])
two("phase_estimation_5", ["qreg q[4];", "qreg e[1];", "creg c[4];"], ["h q;", "x e[0];", *[f"cu1({2 ** i}*2*pi*0.3125) q[{i}],e[0];" for i in range(4)], *inverse_qft(4), "measure q -> c;"])
two("amplitude_estimation_4", registers(4, 3), ["h q[0];", "h q[1];", "h q[2];", "ry(0.9) q[3];", *[f"cry({2 ** (i + 1)}*0.9) q[{i}],q[3];" for i in range(3)], *inverse_qft(3), *measure(3)])
two("iterative_phase", ["qreg q[2];", "creg c0[1];", "creg c1[1];", "creg c2[1];"], [
    "x q[1];", "h q[0];", "cu1(4*2*pi*0.375) q[0],q[1];", "h q[0];", "measure q[0] -> c0[0];", "reset q[0];",
    "h q[0];", "cu1(2*2*pi*0.375) q[0],q[1];", "if(c0==1) u1(-pi/2) q[0];", "h q[0];", "measure q[0] -> c1[0];", "reset q[0];",
    "h q[0];", "cu1(2*pi*0.375) q[0],q[1];", "if(c0==1) u1(-pi/4) q[0];", "if(c1==1) u1(-pi/2) q[0];", "h q[0];", "measure q[0] -> c2[0];"])
two("semiclassical_qft", ["qreg q[3];", "creg a[1];", "creg b[1];", "creg d[1];"], [
    "h q;", "u1(pi/4) q[0];", "u1(pi/2) q[1];", "u1(pi) q[2];", "h q[2];", "measure q[2] -> a[0];", "if(a==1) u1(pi/2) q[1];", "h q[1];", "measure q[1] -> b[0];",
    "if(a==1) u1(pi/4) q[0];", "if(b==1) u1(pi/2) q[0];", "h q[0];", "measure q[0] -> d[0];"])

# --- arithmetic
two("half_adder", registers(4), ["x q[0];", "h q[1];", "cx q[0],q[2];", "cx q[1],q[2];", "ccx q[0],q[1],q[3];", *measure(4)])
two("full_adder_4", registers(4), ["h q[0];", "x q[1];", "h q[2];", "ccx q[0],q[1],q[3];", "cx q[0],q[1];", "ccx q[1],q[2],q[3];", "cx q[1],q[2];", "cx q[0],q[1];", *measure(4)])
two("ripple_adder_6", ["gate majority a,b,c { cx c,b; cx c,a; ccx a,b,c; }", "gate unmaj a,b,c { ccx a,b,c; cx c,a; cx a,b; }", "qreg cin[1];", "qreg a[2];", "qreg b[2];", "qreg cout[1];", "creg total[3];"], [
    "x a[0];", "h a[1];", "x b[0];", "x b[1];", "majority cin[0],b[0],a[0];", "majority a[0],b[1],a[1];", "cx a[1],cout[0];", "unmaj a[0],b[1],a[1];", "unmaj cin[0],b[0],a[0];",
    "measure b[0] -> total[0];", "measure b[1] -> total[1];", "measure cout[0] -> total[2];"])
two("fourier_adder_6", ["qreg a[3];", "qreg q[3];", "creg c[3];"], ["x a[0];", "h a[2];", "x q[1];", *qft(3), "cu1(pi/4) a[0],q[2];", "cu1(pi/2) a[0],q[1];", "cu1(pi) a[0],q[0];", "cu1(pi/2) a[1],q[2];", "cu1(pi) a[1],q[1];", "cu1(pi) a[2],q[2];", *inverse_qft(3), "measure q -> c;"])
two("multiplier_8", ["qreg a[2];", "qreg b[2];", "qreg r[4];", "creg c[4];"], ["x a[0];", "h a[1];", "x b[0];", "x b[1];", "ccx a[0],b[0],r[0];", "ccx a[1],b[0],r[1];", "c3x a[0],b[1],r[1],r[2];", "ccx a[0],b[1],r[1];", "c3x a[1],b[1],r[2],r[3];", "ccx a[1],b[1],r[2];", "measure r -> c;"])
two("comparator_5", registers(5), ["h q[0];", "x q[1];", "h q[2];", "x q[3];", "x q[1];", "ccx q[1],q[3],q[4];", "x q[1];", "cx q[3],q[1];", "x q[1];", "x q[0];", "c3x q[0],q[1],q[2],q[4];", "x q[0];", *measure(5)])
two("increment_4", registers(4), ["h q[0];", "x q[1];", "c3x q[0],q[1],q[2],q[3];", "ccx q[0],q[1],q[2];", "cx q[0],q[1];", "x q[0];", *measure(4)])
two("modular_multiply_5", registers(5), ["h q[0];", "x q[4];", "cswap q[0],q[3],q[4];", "cswap q[0],q[2],q[3];", "cswap q[0],q[1],q[2];", "cx q[0],q[1];", "cx q[0],q[2];", "h q[0];", *measure(5)])

# --- variational and chemistry
def ansatz(n, layers, seed):
    r = random.Random(seed)
    body = []
    for _ in range(layers):
        body += [f"ry({r.uniform(-3, 3):.6f}) q[{i}];" for i in range(n)] + [f"rz({r.uniform(-3, 3):.6f}) q[{i}];" for i in range(n)]
        body += [f"cx q[{i}],q[{i + 1}];" for i in range(n - 1)]
    return body
two("vqe_4", registers(4), [*ansatz(4, 3, 1), *measure(4)])
two("vqe_uccsd_4", registers(4), ["x q[0];", "x q[1];", "rx(pi/2) q[0];", "h q[1];", "h q[2];", "h q[3];", "cx q[0],q[1];", "cx q[1],q[2];", "cx q[2],q[3];", "rz(0.2374) q[3];", "cx q[2],q[3];", "cx q[1],q[2];", "cx q[0],q[1];", "rx(-pi/2) q[0];", "h q[1];", "h q[2];", "h q[3];", *measure(4)])
for n, edges in ((4, [(0, 1), (1, 2), (2, 3), (3, 0)]), (5, [(0, 1), (0, 2), (1, 3), (2, 4), (3, 4), (0, 4)])):
    body = ["h q;"]
    for gamma, beta in ((0.4, 0.9), (0.8, 0.35)):
        body += [line for a, b in edges for line in (f"cx q[{a}],q[{b}];", f"rz({2 * gamma}) q[{b}];", f"cx q[{a}],q[{b}];")] + [f"rx({2 * beta}) q[{i}];" for i in range(n)]
    two(f"qaoa_{n}", registers(n), [*body, *measure(n)])
two("ising_6", registers(6), ["h q[2];", *[f"rzz(0.3) q[{i}],q[{i + 1}];" for i in range(5)], "rx(0.5) q;", *[f"rzz(0.3) q[{i}],q[{i + 1}];" for i in range(5)], "rx(0.5) q;", *measure(6)])
two("heisenberg_4", ["gate ryy(t) a,b { rx(pi/2) a; rx(pi/2) b; cx a,b; rz(t) b; cx a,b; rx(-pi/2) a; rx(-pi/2) b; }", *registers(4)], ["x q[0];", "x q[2];", *[f"{g}(0.2*{s}) q[{i}],q[{i + 1}];" for s in (1, 2) for i in range(3) for g in ("rxx", "ryy", "rzz")], *measure(4)])
two("classifier_4", registers(4, 1), [*[f"ry({x}) q[{i}];" for i, x in enumerate((0.1, 0.7, -0.4, 1.2))], *ansatz(4, 2, 9), "measure q[0] -> c[0];"])
two("kernel_3", registers(3), ["h q;", "u1(0.4) q[0];", "u1(1.1) q[1];", "u1(-0.6) q[2];", "cx q[0],q[1];", "u1((pi-0.4)*(pi-1.1)) q[1];", "cx q[0],q[1];", "cx q[1],q[2];", "u1(-(pi+0.6)*(pi-1.1)) q[2];", "cx q[1],q[2];", "h q;", *measure(3)])
two("hhl_4", registers(4), ["ry(0.8) q[3];", "h q[1];", "h q[2];", "cu3(0.4,-pi/2,pi/2) q[1],q[3];", "cu3(0.8,-pi/2,pi/2) q[2],q[3];", "swap q[1],q[2];", "h q[2];", "cu1(-pi/2) q[1],q[2];", "h q[1];", "cry(pi/3) q[1],q[0];", "cry(pi/6) q[2],q[0];", "h q[1];", "cu1(pi/2) q[1],q[2];", "h q[2];", "swap q[1],q[2];", "cu3(-0.8,-pi/2,pi/2) q[2],q[3];", "cu3(-0.4,-pi/2,pi/2) q[1],q[3];", "h q[1];", "h q[2];", *measure(4)])
two("quantum_walk_4", registers(4), ["h q[3];", *["h q[3];", "c3x q[3],q[0],q[1],q[2];", "ccx q[3],q[0],q[1];", "cx q[3],q[0];", "x q[3];", "x q[0];", "x q[1];", "c3x q[3],q[0],q[1],q[2];", "x q[1];", "ccx q[3],q[0],q[1];", "x q[0];", "cx q[3],q[0];", "x q[3];"] * 2, *measure(4)])
two("swap_test_5", registers(5, 1), ["ry(0.6) q[1];", "rx(0.4) q[2];", "ry(1.1) q[3];", "h q[4];", "h q[0];", "cswap q[0],q[1],q[3];", "cswap q[0],q[2],q[4];", "h q[0];", "measure q[0] -> c[0];"])
two("hadamard_test_3", registers(3, 1), ["h q[0];", "ry(0.5) q[1];", "cx q[1],q[2];", "cy q[0],q[1];", "ch q[0],q[2];", "sdg q[0];", "h q[0];", "measure q[0] -> c[0];"])

# --- communication, error correction
two("teleport", ["qreg q[3];", "creg a[1];", "creg b[1];", "creg out[1];"], ["u3(0.3,0.2,0.1) q[0];", "h q[1];", "cx q[1],q[2];", "barrier q;", "cx q[0],q[1];", "h q[0];", "measure q[0] -> a[0];", "measure q[1] -> b[0];", "if(b==1) x q[2];", "if(a==1) z q[2];", "measure q[2] -> out[0];"])
two("superdense", registers(2), ["h q[0];", "cx q[0],q[1];", "z q[0];", "x q[0];", "cx q[0],q[1];", "h q[0];", *measure(2)])
two("bit_flip_code", ["qreg q[3];", "qreg a[2];", "creg syn[2];", "creg c[3];"], ["ry(0.8) q[0];", "cx q[0],q[1];", "cx q[0],q[2];", "rx(0.6) q[1];", "cx q[0],a[0];", "cx q[1],a[0];", "cx q[1],a[1];", "cx q[2],a[1];", "measure a -> syn;", "if(syn==1) x q[0];", "if(syn==3) x q[1];", "if(syn==2) x q[2];", "measure q -> c;"])
two("phase_flip_code", registers(3), ["u3(0.7,0.1,0.2) q[0];", "cx q[0],q[1];", "cx q[0],q[2];", "h q;", "z q[2];", "h q;", "cx q[0],q[1];", "cx q[0],q[2];", "ccx q[2],q[1],q[0];", *measure(3)])
two("five_qubit_encoder", registers(5), ["ry(0.9) q[0];", "z q[0];", "h q[2];", "h q[3];", "sdg q[0];", "cx q[2],q[4];", "cx q[3],q[1];", "h q[1];", "cx q[3],q[4];", "cx q[1],q[0];", "sdg q[2];", "s q[3];", "sdg q[4];", "cz q[2],q[0];", "cy q[4],q[1];", *measure(5)])
two("repetition_rounds", ["qreg q[3];", "qreg a[1];", "creg r0[1];", "creg r1[1];", "creg c[3];"], ["ry(0.5) q[0];", "cx q[0],q[1];", "cx q[0],q[2];", "rx(0.3) q[2];", "cx q[0],a[0];", "cx q[1],a[0];", "measure a[0] -> r0[0];", "reset a[0];", "cx q[1],a[0];", "cx q[2],a[0];", "measure a[0] -> r1[0];", "if(r1==1) x q[2];", "measure q -> c;"])
two("entanglement_swapping", ["qreg q[4];", "creg a[1];", "creg b[1];", "creg c[2];"], ["h q[0];", "cx q[0],q[1];", "h q[3];", "cx q[3],q[2];", "cx q[1],q[2];", "h q[1];", "measure q[1] -> a[0];", "measure q[2] -> b[0];", "if(b==1) x q[3];", "if(a==1) z q[3];", "h q[0];", "h q[3];", "measure q[0] -> c[0];", "measure q[3] -> c[1];"])
two("mermin_3", registers(3), ["h q[0];", "cx q[0],q[1];", "cx q[1],q[2];", "s q[0];", "sdg q[1];", "sdg q[2];", "h q;", *measure(3)])
two("random_number", registers(2), ["h q;", "measure q[0] -> c[0];", "reset q[0];", "if(c==1) h q[0];", "measure q[0] -> c[1];"])

# --- the language
two("all_gates", registers(5), ["h q;", "id q[0];", "u0(1) q[0];", "x q[1];", "y q[2];", "z q[3];", "s q[0];", "sdg q[1];", "t q[2];", "tdg q[3];", "sx q[4];", "sxdg q[0];", "rx(0.1) q[0];", "ry(0.2) q[1];", "rz(0.3) q[2];", "u1(0.4) q[3];", "u2(0.5,0.6) q[4];", "u3(0.7,0.8,0.9) q[0];", "u(0.7,0.8,0.9) q[1];", "p(0.4) q[2];", "cx q[0],q[1];", "cy q[1],q[2];", "cz q[2],q[3];", "ch q[3],q[4];", "swap q[4],q[0];", "crx(0.1) q[0],q[1];", "cry(0.2) q[1],q[2];", "crz(0.3) q[2],q[3];", "cu1(0.4) q[3],q[4];", "cp(0.5) q[4],q[0];", "cu3(0.6,0.7,0.8) q[0],q[1];", "csx q[1],q[2];", "cu(0.1,0.2,0.3,0.4) q[2],q[3];", "rxx(0.5) q[3],q[4];", "rzz(0.6) q[4],q[0];", "ccx q[0],q[1],q[2];", "cswap q[1],q[2],q[3];", "rccx q[2],q[3],q[4];", "rc3x q[0],q[1],q[2],q[3];", "c3x q[1],q[2],q[3],q[4];", "c3sqrtx q[4],q[3],q[2],q[1];", "c4x q[0],q[1],q[2],q[3],q[4];", *measure(5)])
two("expressions", registers(2), ["rx(pi/3+2^3/7-sin(0.4)*cos(pi/5)) q[0];", "ry(-(ln(3)+exp(-1))/sqrt(2)) q[1];", "rz(tan(0.3)^2) q[0];", "u3(1/2,2*-0.3,3.5e-1) q[1];", "cx q[0],q[1];", *measure(2)])
two("nested_gates", ["gate one(a) x { rx(a) x; }", "gate two(a,b) x,y { one(a/2) x; cx x,y; one(-b) y; barrier x,y; }", "gate three(a) x,y,z { two(a,a*2) z,x; two(sin(a),0.1) x,y; }", "gate none a { }", *registers(3)], ["three(0.7) q[0],q[1],q[2];", "none q[1];", "three(-pi/5) q[2],q[0],q[1];", *measure(3)])
two("broadcast", ["qreg a[2];", "qreg b[2];", "creg c[2];", "creg d[2];"], ["h a;", "cx a,b;", "cx a[0],b;", "rz(0.2) b;", "cu1(0.3) a,b[1];".replace("a,b[1]", "a[1],b[0]"), "barrier a,b[0];", "h b;", "measure a -> c;", "measure b -> d;"])
PROGRAMS["builtin_only"] = "OPENQASM 2.0;\n// no include\nqreg q[2];\ncreg c[2];\nU(pi/2,0,pi) q[0];\nCX q[0],q[1];\nU(0.3,0.2,-0.1) q[1];\nmeasure q -> c;\n"
two("opaque_unused", ["opaque magic(a,b) x,y;", *registers(1)], ["h q[0];", "measure q -> c;"])
for seed in range(8):
    r = random.Random(seed)
    n = 2 + seed % 5
    body = []
    for _ in range(25):
        a, b, c = (r.sample(range(n), 3) if n > 2 else [*r.sample(range(n), 2), 0])
        t = r.uniform(-6, 6)
        body.append(r.choice([f"h q[{a}];", f"t q[{a}];", f"sx q[{a}];", f"rx({t}) q[{a}];", f"u3({t},{t}/3,-pi/7) q[{a}];", f"cx q[{a}],q[{b}];", f"cry({t}) q[{a}],q[{b}];", f"rzz({t}) q[{a}],q[{b}];", f"swap q[{a}],q[{b}];", f"cu3({t},0.1,{t}/2) q[{a}],q[{b}];"] + ([f"ccx q[{a}],q[{b}],q[{c}];", f"cswap q[{a}],q[{b}],q[{c}];"] if n > 2 else [])))
    two(f"random_{n}_{seed}", registers(n), [*body, *measure(n)])

# --- version 3, within what Qiskit reads
three("v3_bell", "qubit[2] q;\nbit[2] c;\nh q[0];\nctrl @ x q[0], q[1];\nc = measure q;")
three("v3_modifiers", """
gate twist(a, b) p0, p1 { rx(a) p0; cx p0, p1; rz(2 * a - b) p1; }
gate both p0 { h p0; s p0; t p0; }
qubit[4] q;
bit[4] c;
h q;
ctrl @ twist(0.3, 0.7) q[0], q[1], q[2];
inv @ twist(0.5, -0.2) q[3], q[1];
negctrl @ rx(0.4) q[1], q[3];
ctrl(2) @ ry(0.9) q[0], q[2], q[1];
negctrl @ ctrl @ inv @ both q[0], q[3], q[2];
pow(3) @ both q[0];
pow(-2) @ both q[1];
c = measure q;
""")
three("v3_stdgates", """
qubit[3] q;
bit[3] c;
h q; p(0.1) q[0]; x q[1]; y q[2]; z q[0]; s q[1]; sdg q[2]; t q[0]; tdg q[1]; sx q[2];
rx(0.2) q[0]; ry(0.3) q[1]; rz(0.4) q[2]; cx q[0], q[1]; cy q[1], q[2]; cz q[2], q[0];
cp(0.5) q[0], q[1]; crx(0.6) q[1], q[2]; cry(0.7) q[2], q[0]; crz(0.8) q[0], q[1]; ch q[1], q[2];
swap q[2], q[0]; ccx q[0], q[1], q[2]; cswap q[1], q[2], q[0]; cu(0.1, 0.2, 0.3, 0.4) q[0], q[2];
CX q[0], q[1]; phase(0.5) q[2]; cphase(0.6) q[1], q[0]; id q[0]; u1(0.7) q[0]; u2(0.8, 0.9) q[1]; u3(1.0, 1.1, 1.2) q[2];
U(0.3, 0.2, 0.1) q[0];
c = measure q;
""")
three("v3_phases", """
gate shifted(a) r { gphase(a); U(0, 0, -a) r; }
qubit[2] q;
bit[2] c;
h q;
gphase(pi / 3);
ctrl @ shifted(0.8) q[0], q[1];
ctrl @ gphase(pi / 4) q[1];
h q;
c = measure q;
""")
three("v3_if_else", """
qubit[3] q;
bit[2] c;
bit[3] d;
h q[0];
ry(0.8) q[1];
c[0] = measure q[0];
c[1] = measure q[1];
if (c == 2) { x q[2]; } else { h q[2]; }
if (c[0]) { z q[2]; h q[2]; }
if (!c[1]) s q[2];
d = measure q;
""")
three("v3_teleport", """
qubit[3] q;
bit[2] c;
bit[1] out;
U(0.7, 0.4, 0.2) q[0];
h q[1];
cx q[1], q[2];
barrier q;
cx q[0], q[1];
h q[0];
c[0] = measure q[0];
c[1] = measure q[1];
if (c[1]) { x q[2]; }
if (c[0]) { z q[2]; }
out[0] = measure q[2];
""")
three("v3_while", """
qubit[2] q;
bit[1] ok;
bit[1] c;
ry(0.9) q[1];
h q[0];
ok[0] = measure q[0];
while (ok == 0) {
  ry(0.3) q[1];
  h q[0];
  ok[0] = measure q[0];
}
c[0] = measure q[1];
""")
three("v3_nested_if", """
qubit[4] q;
bit[3] c;
bit d;
h q;
c[0] = measure q[0];
if (c[0]) {
  c[1] = measure q[1];
  if (c[1]) { ry(0.4) q[3]; } else { ry(0.7) q[3]; x q[2]; }
} else {
  c[2] = measure q[2];
  if (c == 4) { rx(1.2) q[3]; }
}
d = measure q[3];
""")
three("v3_conditions", """
qubit[4] q;
bit[3] c;
bit d;
h q;
c[0] = measure q[0];
c[1] = measure q[1];
c[2] = measure q[2];
if (c == 5) { ry(0.4) q[3]; } else { ry(-0.9) q[3]; }
if (!c[1]) { rx(0.3) q[3]; if (c[2]) { h q[3]; } else { if (c == 1) { z q[3]; } } }
h q[3];
d = measure q[3];
""")
three("v3_alias", """
qubit[3] a;
qubit[2] b;
bit[5] c;
let all = a ++ b;
let odd = all[{1, 3}];
h all[0];
cx all[0], odd[1];
x a[1:2];
ry(0.3) all[1:2:4];
cx a[0:1], b;
c[0:2] = measure a;
c[3:4] = measure b;
""")
three("v3_reset", """
qubit[2] q;
bit[3] c;
h q[0];
c[0] = measure q[0];
reset q[0];
if (c[0]) { h q[0]; }
cx q[0], q[1];
c[1] = measure q[0];
reset q;
ry(0.6) q[1];
c[2] = measure q[1];
""")
three("v3_old_registers", "qreg q[2];\ncreg c[2];\nh q[0];\ncx q[0], q[1];\nmeasure q -> c;")
three("v3_qft", """
qubit[3] q;
bit[3] c;
x q[0];
ry(0.4) q[2];
h q[2];
ctrl @ p(pi / 2) q[1], q[2];
ctrl @ p(pi / 2 ** 2) q[0], q[2];
h q[1];
ctrl @ p(pi / 2) q[0], q[1];
h q[0];
swap q[0], q[2];
c = measure q;
""".replace("pi / 2 ** 2", "pi / 4"))
three("v3_loop", """
qubit[2] q;
bit[2] c;
for int i in [0:4] {
  ry(0.2) q[0];
  cx q[0], q[1];
}
for uint[8] k in {1, 5, 2} { rx(0.1) q[1]; }
c = measure q;
""")
three("v3_input", """
input float theta;
input angle phi;
qubit[2] q;
bit[2] c;
rx(theta) q[0];
ry(2 * phi - theta / 3) q[1];
ctrl @ rz(theta * phi) q[0], q[1];
h q;
c = measure q;
""")

FOLDER.mkdir(exist_ok=True)
for old in FOLDER.glob("*.qasm"):
    old.unlink()
for name, text in PROGRAMS.items():
    (FOLDER / f"{name}.qasm").write_text(text)
print(len(PROGRAMS), "programs")
