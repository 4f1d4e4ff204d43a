OPENQASM 2.0;
include "qelib1.inc";
gate ccz a,b,c { h c; ccx a,b,c; h c; }
gate oracle a,b,c,d { x b; h d; c3x a,b,c,d; h d; x b; }
gate diffusion a,b,c,d { h a; h b; h c; h d; x a; x b; x c; x d; h d; c3x a,b,c,d; h d; x a; x b; x c; x d; h a; h b; h c; h d; }
qreg q[4];
creg c[4];
h q;
oracle q[0],q[1],q[2],q[3];
diffusion q[0],q[1],q[2],q[3];
oracle q[0],q[1],q[2],q[3];
diffusion q[0],q[1],q[2],q[3];
oracle q[0],q[1],q[2],q[3];
diffusion q[0],q[1],q[2],q[3];
measure q -> c;
