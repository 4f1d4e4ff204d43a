OPENQASM 2.0;
include "qelib1.inc";
gate one(a) x { rx(a) x; }
gate two(a,b) x,y { one(a/2) x; cx x,y; one(-b) y; barrier x,y; }
gate three(a) x,y,z { two(a,a*2) z,x; two(sin(a),0.1) x,y; }
gate none a { }
qreg q[3];
creg c[3];
three(0.7) q[0],q[1],q[2];
none q[1];
three(-pi/5) q[2],q[0],q[1];
measure q[0] -> c[0];
measure q[1] -> c[1];
measure q[2] -> c[2];
