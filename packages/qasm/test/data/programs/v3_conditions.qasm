OPENQASM 3.0;
include "stdgates.inc";
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
