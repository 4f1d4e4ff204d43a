// Circuits to begin with.
import { angle, circuit, input, weight } from '@ketwork/circuit';
import type { Builder } from '@ketwork/circuit';
import { documentOf } from './document.ts';
import type { Document } from './document.ts';

/** A circuit to begin with. */
export interface Example {
  readonly name: string;
  readonly make: () => Document;
}

function fourier(q: Builder, n: number): void {
  for (let target = 0; target < n; target++) {
    q.h(target);
    for (let other = target + 1; other < n; other++) {
      q.cp(Math.PI / 2 ** (other - target), other, target);
    }
  }
  for (let i = 0; i < Math.floor(n / 2); i++) q.swap(i, n - 1 - i);
}

/** All examples; the first one is what a visitor sees. */
export const examples: readonly Example[] = [
  {
    name: 'Bell pair',
    make: () => documentOf(circuit(2, (q) => q.h(0).cnot(0, 1))),
  },
  {
    name: 'GHZ state',
    make: () => documentOf(circuit(4, (q) => q.h(0).cnot(0, 1).cnot(1, 2).cnot(2, 3))),
  },
  {
    name: 'Fourier transform of |101⟩',
    make: () =>
      documentOf(
        circuit(3, (q) => {
          q.x(0).x(2).barrier();
          fourier(q, 3);
        }),
      ),
  },
  {
    name: 'Grover search for |110⟩',
    make: () =>
      documentOf(
        circuit(3, (q) => {
          q.h(0).h(1).h(2);
          for (let round = 0; round < 2; round++) {
            q.barrier().x(2).h(2).toffoli(0, 1, 2).h(2).x(2).barrier();
            for (let i = 0; i < 3; i++) q.h(i).x(i);
            q.h(2).toffoli(0, 1, 2).h(2);
            for (let i = 0; i < 3; i++) q.x(i).h(i);
          }
        }),
      ),
  },
  {
    name: 'Teleportation',
    make: () =>
      documentOf(
        circuit(3, (q) => {
          q.ry(1.2, 0).rz(0.7, 0).barrier();
          q.h(1).cnot(1, 2).cnot(0, 1).h(0);
          q.measure(0, 0).measure(1, 1);
          q.if(1, (then) => then.x(2)).if(0, (then) => then.z(2));
        }),
      ),
  },
  {
    name: 'Phase estimation of P(2π·5/8)',
    make: () =>
      documentOf(
        circuit(4, (q) => {
          q.x(3).h(0).h(1).h(2);
          for (let i = 0; i < 3; i++) q.cp(2 * Math.PI * (5 / 8) * 2 ** (2 - i), i, 3);
          q.barrier().swap(0, 2);
          for (let target = 2; target >= 0; target--) {
            for (let other = 2; other > target; other--) {
              q.cp(-Math.PI / 2 ** (other - target), other, target);
            }
            q.h(target);
          }
        }),
      ),
  },
  {
    name: 'Variational circuit with inputs',
    make: () =>
      documentOf(
        circuit(3, { x: input([3]), w: weight([3]) }, (q, { x, w }) => {
          for (let i = 0; i < 3; i++) q.ry(x.at(i), i);
          q.cz(0, 1).cz(1, 2);
          for (let i = 0; i < 3; i++) q.rx(w.at(i), i);
          q.rzz(angle.mul(x.at(0), x.at(2)), 0, 2);
        }),
        { x: [0.9, 1.8, 0.4], w: [0.5, 1.1, 2.3] },
      ),
  },
];
