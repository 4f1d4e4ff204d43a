OPENQASM 3.0;
include "stdgates.inc";
gate shifted(a) r { gphase(a); U(0, 0, -a) r; }
qubit[2] q;
bit[2] c;
h q;
gphase(pi / 3);
ctrl @ shifted(0.8) q[0], q[1];
ctrl @ gphase(pi / 4) q[1];
h q;
c = measure q;
