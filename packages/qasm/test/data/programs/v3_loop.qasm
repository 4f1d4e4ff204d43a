OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
bit[2] c;
for int i in [0:4] {
  ry(0.2) q[0];
  cx q[0], q[1];
}
for uint[8] k in {1, 5, 2} { rx(0.1) q[1]; }
c = measure q;
