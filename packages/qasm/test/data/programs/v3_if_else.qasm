OPENQASM 3.0;
include "stdgates.inc";
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
