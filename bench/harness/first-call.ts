import { key, uniform } from '@ketwork/base';
import { circuit, expval, input, weight, Z } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import type { Engine } from '@ketwork/simulator';
import { angles, ones } from './circuits.ts';
import { median } from './statistics.ts';

/** What is asked of a program: values, or gradients with respect to the weights. */
export type What = 'value' | 'gradient';

/** Milliseconds of compiling and the first call, and of later calls (their median). */
export interface FirstCall {
  readonly first: number;
  readonly later: number;
}

const LAYERS = 3;

/**
 * Layers whose gates and pairs come from a seed: of one size, and each seed of a structure of its own, so that nothing of
 * an earlier one is of use.
 */
export function structureOf(qubits: number, seed: number): Circuit<'x' | 'w'> {
  const random = uniform(key(seed), LAYERS * qubits * 4);
  let drawn = 0;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random[drawn++]! * list.length)]!;
  const slots = { x: input([qubits]), w: weight([LAYERS, qubits, 2]) };
  return circuit(qubits, slots, (q, { x, w }) => {
    q.angleEmbedding(x);
    for (let layer = 0; layer < LAYERS; layer++) {
      for (let i = 0; i < qubits; i++) {
        q.gate(pick(['RX', 'RY', 'RZ']), [w.at(layer, i, 0)], [i]);
        q.gate(pick(['RX', 'RY', 'RZ', 'P']), [w.at(layer, i, 1)], [i]);
      }
      for (let i = 0; i < qubits; i++) {
        const distance = 1 + Math.floor(random[drawn++]! * (qubits - 1));
        q.gate(pick(['CNOT', 'CZ', 'CY', 'CH']), [], [i, (i + distance) % qubits]);
      }
    }
  });
}

/** Compiles a circuit and calls it, then calls it again until later calls take no less. */
export function firstCall(
  engine: Engine,
  ansatz: Circuit<'x' | 'w'>,
  what: What,
  batch: number,
): FirstCall {
  const values = {
    x: angles(batch * ansatz.qubits, 0.3),
    w: angles(LAYERS * ansatz.qubits * 2),
  };
  const dy = ones(batch);
  const start = performance.now();
  using program = engine.compile(ansatz, expval(Z(0)));
  const call = (): unknown =>
    what === 'value' ? program.run(values) : program.vjp(values, dy, { wrt: ['w'] });
  call();
  const first = performance.now() - start;
  const later: number[] = [];
  for (let i = 0; i < 15; i++) {
    const before = performance.now();
    call();
    later.push(performance.now() - before);
  }
  return { first, later: median(later.slice(5)) };
}
