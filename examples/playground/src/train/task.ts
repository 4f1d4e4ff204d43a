// What is trained: points of two classes in a plane, and a model of a dense layer, a circuit and a dense layer.
import { circuit, expval, input, weight, Z } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { circles, twoMoons } from '@ketwork/datasets';
import { quantum } from '@ketwork/layers';
import { dense, sequential } from '@ketwork/nn';
import type { Model } from '@ketwork/nn';
import { key, normal, uniform } from '@ketwork/base';

/** What can be chosen of a task. */
export interface TaskSettings {
  readonly data: 'moons' | 'circles' | 'exclusive-or' | 'spirals';
  readonly points: number;
  readonly noise: number;
  readonly qubits: number;
  readonly layers: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
}

/** What a visitor finds. */
export const defaults: TaskSettings = {
  data: 'moons',
  points: 200,
  noise: 0.12,
  qubits: 3,
  layers: 2,
  epochs: 40,
  batchSize: 20,
  learningRate: 0.03,
  seed: 1,
};

/** Points `[points, 2]`, within ±1.3, with their classes 0 and 1. */
export interface Points {
  readonly inputs: Float64Array;
  readonly labels: ArrayLike<number>;
}

/** The points of a task. */
export function pointsOf({ data, points: count, noise, seed }: TaskSettings): Points {
  switch (data) {
    case 'moons': {
      const { inputs, labels } = twoMoons({ count, noise, seed });
      return {
        inputs: inputs.map((v, i) => (i % 2 === 0 ? (v - 0.5) / 1.3 : (v - 0.25) / 1.1)),
        labels,
      };
    }
    case 'circles':
      return circles({ count, noise: noise * 0.6, factor: 0.45, seed });
    case 'exclusive-or': {
      const inputs = uniform(key(seed), 2 * count, { low: -1, high: 1 });
      const labels = Array.from({ length: count }, (_, i) =>
        inputs[2 * i]! * inputs[2 * i + 1]! > 0 ? 1 : 0,
      );
      const shaken = normal(key(seed + 1), 2 * count, { deviation: noise * 0.4 });
      return { inputs: inputs.map((v, i) => v + shaken[i]!), labels };
    }
    case 'spirals': {
      const inputs = normal(key(seed), 2 * count, { deviation: noise * 0.3 });
      const labels = Array.from({ length: count }, (_, i) => i % 2);
      for (let i = 0; i < count; i++) {
        const t = (Math.floor(i / 2) + 0.5) / Math.ceil(count / 2);
        const turn = 3 * Math.PI * Math.sqrt(t) + Math.PI * labels[i]!;
        inputs[2 * i]! += 1.15 * t ** 0.6 * Math.cos(turn);
        inputs[2 * i + 1]! += 1.15 * t ** 0.6 * Math.sin(turn);
      }
      return { inputs, labels };
    }
  }
}

/** The circuit in the middle of the model: data loaded again before every layer of trained rotations. */
export function ansatz({ qubits, layers }: TaskSettings): Circuit {
  const slots = { x: input([qubits]), w: weight([layers, qubits, 3]) };
  return circuit(qubits, slots, (q, { x, w }) => {
    for (let layer = 0; layer < layers; layer++) {
      for (let i = 0; i < qubits; i++) q.ry(x.at(i), i);
      for (let i = 0; i < qubits; i++) {
        q.rot(w.at(layer, i, 0), w.at(layer, i, 1), w.at(layer, i, 2), i);
      }
      for (let i = 0; i + 1 < qubits; i++) q.cnot(i, i + 1);
      if (qubits > 2) q.cnot(qubits - 1, 0);
    }
  });
}

/** The model of a task, not built yet. */
export function modelOf(settings: TaskSettings): Model {
  const { qubits } = settings;
  const read = expval(...Array.from({ length: qubits }, (_, i) => Z(i)));
  return sequential(dense(2, qubits), quantum(ansatz(settings), read), dense(qubits, 2));
}

/** Half the side of the square that is drawn. */
export const REACH = 1.5;

/** Centres of the cells of a `side` × `side` grid over the square, row by row from the top, `[side², 2]`. */
export function gridPoints(side: number): Float64Array {
  const points = new Float64Array(2 * side * side);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const at = 2 * (row * side + column);
      points[at] = REACH * ((2 * column + 1) / side - 1);
      points[at + 1] = REACH * (1 - (2 * row + 1) / side);
    }
  }
  return points;
}

/** Probabilities of class 1 from logits `[examples, 2]`. */
export function classOne(logits: Float64Array): Float64Array {
  return Float64Array.from(
    { length: logits.length / 2 },
    (_, i) => 1 / (1 + Math.exp(logits[2 * i]! - logits[2 * i + 1]!)),
  );
}
