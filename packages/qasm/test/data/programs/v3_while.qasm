OPENQASM 3.0;
include "stdgates.inc";
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
