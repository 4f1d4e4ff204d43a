import { readFileSync } from 'node:fs';
import { circuit, SlotReference } from '@ketwork/circuit';
import type {
  Angle,
  Builder,
  Circuit,
  Control,
  EvolutionOp,
  Measurement,
  RotationAxis,
  Slot,
} from '@ketwork/circuit';
import { cpu, reference } from '@ketwork/simulator';
import type { Engine } from '@ketwork/simulator';
import { describe, expect, test } from 'vitest';

/** A step of a case: an operation as circuit data, or a template with its arguments. */
type Step =
  | {
      type: 'gate';
      gate: string;
      qubits: number[];
      angles: Angle[];
      controls: Control[];
      word?: string;
    }
  | { type: 'matrix'; qubits: number[]; matrix: number[]; controls: Control[] }
  | {
      type: 'evolution';
      qubits: number[];
      generator: EvolutionOp['generator'];
      time: Angle;
      controls: Control[];
    }
  | {
      type: 'statePreparation';
      qubits: number[];
      amplitudes: { slot: string } | { values: number[] };
      normalize: boolean;
    }
  | ({ type: 'template'; qubits: number[] } & TemplateStep);

type TemplateStep =
  | { template: 'angleEmbedding'; slot: string; rotation: RotationAxis }
  | { template: 'amplitudeEmbedding'; slot: string }
  | { template: 'basisEmbedding'; bits: number[] }
  | { template: 'iqpEmbedding'; slot: string; repeats: number; pattern?: [number, number][] }
  | { template: 'basicEntanglerLayers'; slot: string; rotation: RotationAxis }
  | { template: 'stronglyEntanglingLayers'; slot: string; ranges?: number[]; imprimitive?: string }
  | {
      template: 'hardwareEfficient';
      slot: string;
      rotations: string[];
      entanglement: 'linear' | 'reverse_linear' | 'circular' | 'full';
    };

interface Case {
  name: string;
  source: 'pennylane' | 'qiskit';
  qubits: number;
  slots: Slot[];
  steps: Step[];
  values: Record<string, number[]>;
  batch: number;
  measurements: Measurement[];
  expected: number[][];
  gradients?: Record<string, number[]>;
}

const { header, cases } = JSON.parse(
  readFileSync(new URL('data/pennylane.json', import.meta.url), 'utf8'),
) as {
  header: { pennylane: string; qiskit: string; cases: number };
  cases: Case[];
};

function build({ qubits, slots, steps }: Case): Circuit {
  const record = Object.fromEntries(slots.map((slot) => [slot.name, new SlotReference(slot)]));
  return circuit(qubits, record, (q, named) => {
    for (const step of steps) apply(q, step, named);
  });
}

function apply(q: Builder, step: Step, slots: Record<string, SlotReference>): void {
  switch (step.type) {
    case 'gate': {
      const { controls, word } = step;
      q.gate(
        step.gate,
        step.angles,
        step.qubits,
        word === undefined ? { controls } : { controls, word },
      );
      return;
    }
    case 'matrix':
      q.control(step.controls, (inner) => inner.unitary(step.matrix, step.qubits));
      return;
    case 'evolution': {
      const { generator, qubits, time } = step;
      const given =
        'slot' in generator
          ? (slots[generator.slot] as SlotReference<string, 'hermitian'>)
          : 'terms' in generator
            ? { type: 'pauli' as const, terms: generator.terms }
            : generator.matrix;
      q.control(step.controls, (inner) => inner.evolution(given, time, qubits));
      return;
    }
    case 'statePreparation': {
      const { amplitudes, qubits, normalize } = step;
      const given =
        'slot' in amplitudes
          ? (slots[amplitudes.slot] as SlotReference<string, 'amplitudes'>)
          : amplitudes.values;
      q.prepare(given, qubits, { normalize });
      return;
    }
    case 'template':
      template(q, step, slots);
  }
}

function template(
  q: Builder,
  step: Extract<Step, { type: 'template' }>,
  slots: Record<string, SlotReference>,
): void {
  const { qubits } = step;
  const scalar = (name: string): SlotReference<string, 'scalar'> =>
    slots[name] as SlotReference<string, 'scalar'>;
  switch (step.template) {
    case 'angleEmbedding':
      q.angleEmbedding(scalar(step.slot), { rotation: step.rotation, qubits });
      return;
    case 'amplitudeEmbedding':
      q.amplitudeEmbedding(slots[step.slot] as SlotReference<string, 'amplitudes'>, {
        normalize: true,
        qubits,
      });
      return;
    case 'basisEmbedding':
      q.basisEmbedding(step.bits, qubits);
      return;
    case 'iqpEmbedding': {
      const { repeats, pattern } = step;
      q.iqpEmbedding(scalar(step.slot), {
        repeats,
        qubits,
        ...(pattern === undefined ? {} : { pattern }),
      });
      return;
    }
    case 'basicEntanglerLayers':
      q.basicEntanglerLayers(scalar(step.slot), { rotation: step.rotation, qubits });
      return;
    case 'stronglyEntanglingLayers': {
      const { ranges, imprimitive } = step;
      q.stronglyEntanglingLayers(scalar(step.slot), {
        qubits,
        ...(ranges === undefined ? {} : { ranges }),
        ...(imprimitive === undefined ? {} : { imprimitive }),
      });
      return;
    }
    case 'hardwareEfficient':
      q.hardwareEfficient(scalar(step.slot), {
        rotations: step.rotations,
        entanglement: step.entanglement,
        qubits,
      });
  }
}

/** Largest absolute difference; infinite where lengths differ or something is NaN. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const here = Math.abs(a[i]! - b[i]!);
    if (!(here <= largest)) largest = Number.isNaN(here) ? Infinity : here;
  }
  return largest;
}

const engines: Record<string, () => Engine | Promise<Engine>> = { reference, cpu };

test('the data are complete', () => {
  expect(header.cases).toBe(cases.length);
  expect(cases.length).toBeGreaterThanOrEqual(140);
  expect(header.pennylane).toMatch(/^\d+\.\d+/);
});

describe.each(Object.entries(engines))('%s against PennyLane and Qiskit', (_, make) => {
  test.each(cases.map((one) => [`${one.source}: ${one.name}`, one] as const))(
    '%s',
    async (__, one) => {
      using engine = await make();
      const built = build(one);
      using program = engine.compile(built, one.measurements);
      const results = program.run(one.values) as readonly Float64Array[];
      one.expected.forEach((expected, m) =>
        expect(distance(results[m]!, expected)).toBeLessThan(1e-10),
      );
      if (one.gradients === undefined) return;
      const wrt = Object.keys(one.gradients);
      const jacobian = program.jacobian(one.values, { wrt });
      for (const name of wrt)
        expect(distance(jacobian[name]!, one.gradients[name]!), `jacobian of ${name}`).toBeLessThan(
          1e-9,
        );

      // The same numbers contracted with fixed cotangents, for each example and summed.
      const outputs = one.expected.reduce((sum, list) => sum + list.length / one.batch, 0);
      const dy = one.expected.map((list, m) => list.map((___, i) => Math.cos(1 + 3 * m + 0.7 * i)));
      const each = program.vjp(one.values, dy, { wrt, perExample: true });
      const sums = program.vjp(one.values, dy, { wrt });
      for (const slot of one.slots.filter(({ name }) => wrt.includes(name))) {
        const size = slot.shape.reduce((a, b) => a * b, 1);
        const rows = new Float64Array(one.batch * size);
        for (let b = 0; b < one.batch; b++) {
          let row = b * outputs;
          dy.forEach((list) => {
            const count = list.length / one.batch;
            for (let o = 0; o < count; o++, row++) {
              for (let i = 0; i < size; i++) {
                rows[b * size + i]! +=
                  list[b * count + o]! * one.gradients![slot.name]![row * size + i]!;
              }
            }
          });
        }
        expect(distance(each[slot.name]!, rows), `vjp of ${slot.name} per example`).toBeLessThan(
          1e-9,
        );
        const sum = new Float64Array(size);
        rows.forEach((x, i) => (sum[i % size]! += x));
        expect(
          distance(sums[slot.name]!, slot.axis === 'batch' ? rows : sum),
          `vjp of ${slot.name}`,
        ).toBeLessThan(1e-9);
      }
    },
  );
});
