OPENQASM 3.0;
include "stdgates.inc";
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
