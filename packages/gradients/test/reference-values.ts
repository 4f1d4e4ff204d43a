import { circuit, expval, weight, X, Y, Z } from '@ketwork/circuit';
import type { Circuit, ExpvalMeasurement } from '@ketwork/circuit';
import data from './data/pennylane.json' with { type: 'json' };

/** The circuits and values of `data/generate_pennylane.py`. */
export const pennylane: typeof data = data;

const w = weight('w', [7]);

/** Rotations and fixed gates only. */
export const rotations: Circuit<'w'> = circuit(3, { w: weight([7]) }, (q) =>
  q
    .h(0)
    .rx(w.at(0), 0)
    .ry(w.at(1), 1)
    .rz(w.at(2), 0)
    .cnot(0, 1)
    .ry(w.at(3), 2)
    .cnot(1, 2)
    .rx(w.at(4), 1)
    .rxx(w.at(5), 0, 2)
    .p(w.at(6), 1),
);

/** Also a controlled rotation, a gate of three angles and products of weights. */
export const mixed: Circuit<'w'> = circuit(3, { w: weight([7]) }, (q) =>
  q
    .rx(w.at(0), 0)
    .ry(w.at(1), 1)
    .cry(w.at(2), 0, 1)
    .rot(w.at(3), w.at(4), w.at(5), 2)
    .cnot(1, 2)
    .rx(w.at(6).times(2), 2)
    .ry(w.at(1).times(w.at(0)), 0),
);

/** What is measured of both. */
export const energy: ExpvalMeasurement = expval(
  Z(0)
    .mul(Z(1))
    .add(X(2).scale(0.5), Y(0).mul(X(1)).scale(-0.7)),
);
