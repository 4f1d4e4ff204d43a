OPENQASM 3.0;
include "stdgates.inc";
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
