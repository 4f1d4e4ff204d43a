OPENQASM 2.0;
include "qelib1.inc";
opaque magic(a,b) x,y;
qreg q[1];
creg c[1];
h q[0];
measure q -> c;
