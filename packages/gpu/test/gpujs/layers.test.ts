import { circuit, expval, input, pauli, probabilities, state, weight, Z } from '@ketwork/circuit';
import type { AngleLike, Builder, Circuit, Measurement } from '@ketwork/circuit';
import { readValues, reference } from '@ketwork/simulator';
import { expectClose, Random } from '@ketwork/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { RealLayers } from '../../src/gpujs/layers.ts';
import { HostProgram } from '../../src/program/host.ts';
import type { Step, UnitaryStep } from '../../src/program/plan.ts';
import { recordOf, startState, take } from '../program/plain-device.ts';

const QUBITS = 6;
const DEPTH = 4;
const all = Array.from({ length: QUBITS }, (_, q) => q);
const judge = reference();
afterAll(() => judge.dispose());

type Layer = (q: Builder, layer: number, w: (i: number) => AngleLike) => void;

/** An embedding and layers of gates with rings of CNOTs, in which rotations by π and by 0 leave phases undetermined. */
const ringed = (gates: Layer, qubits = QUBITS): Circuit<'x' | 'w'> =>
  circuit(qubits, { x: input([qubits]), w: weight([4]) }, (q, { x, w }) => {
    q.angleEmbedding(x);
    for (let layer = 0; layer < DEPTH; layer++) {
      for (let i = 0; i < qubits; i++) q.cnot(i, (i + 1) % qubits);
      gates(q, layer, (i) => w.at(i % 4));
    }
  });
/** Their weights. */
const w = [0, Math.PI, 1e-9, 0.7];

const random = new Random(3);
const rotations = ringed((q) => {
  for (const i of all) q.rot(random.normal(), random.normal(), random.normal(), i);
});

const CASES: Readonly<Record<string, Circuit<'x' | 'w'>>> = {
  'any rotations': rotations,
  'flips, Hadamard gates and phases': ringed((q, layer) => {
    for (const i of all) {
      if ((i + layer) % 3 === 0) q.y(i).s(i);
      else if ((i + layer) % 3 === 1) q.h(i).t(i);
      else q.rz(0.3 + i, i).sx(i);
    }
  }),
  'rotations by π and by nothing': ringed((q, layer, weightAt) => {
    for (const i of all) {
      q.rz(weightAt(i), i).ry(weightAt(i + layer), i);
      q.rx(weightAt(i + 2 * layer), i);
    }
  }),
  'some qubits left alone': ringed((q, layer) => {
    for (const i of all) if (i !== layer) q.rot(i, 1 + layer, 2, i);
  }),
  'a layer of two-qubit gates among them': ringed((q, layer) => {
    for (const i of all) q.rot(i, 1 + layer, 2, i);
    if (layer === 1) q.crx(0.4, 0, 1).cry(0.7, 2, 3).crx(0.2, 4, 5);
  }),
};

const layersFor = <Names extends string>(
  of: Circuit<Names>,
  measured: readonly Measurement[],
): RealLayers => new RealLayers(new HostProgram(of, measured, { fusion: 2, together: true }));

/** The state after all steps as a plan of gpu.js takes them, in plain loops. */
function endOf(host: HostProgram, layers: RealLayers, x: Float64Array): Float64Array {
  const { steps, leading } = host.plan;
  const slots = readValues(host.circuit, { x, w });
  const shared = host.shared(slots);
  const data = { shared, own: host.batch(slots, 0, 1) };
  const real = new Float32Array(layers.size);
  layers.write(real, 0);
  const phased = (psi: Float64Array, at: number): Float64Array =>
    psi.map((_, i) => {
      const [re, im] = [psi[i & ~1]!, psi[i | 1]!];
      const [c, s] = [real[at + (i & ~1)]!, real[at + (i | 1)]!];
      return (i & 1) === 0 ? re * c - im * s : re * s + im * c;
    });
  return steps.reduce(
    (psi, step, k) => {
      const own = layers.numbers.get(step);
      if (own === undefined) {
        const phases = layers.numbers.get(steps[k + 1] as Step)?.phases;
        if (phases === undefined) return take(host, step, psi, data, false);
        return k === leading
          ? phased(take(host, step, psi, data, false), phases)
          : take(host, step, phased(psi, phases), data, false);
      }
      const { qubits: on } = step as UnitaryStep;
      const matrix = real.subarray(own.matrix, own.matrix + 4 ** on.length);
      const complex = {
        shared,
        own: Float32Array.from([...matrix].flatMap((entry) => [entry, 0])),
      };
      return take(
        host,
        { ...(step as UnitaryStep), axis: 'batch', offset: 0 },
        psi,
        complex,
        false,
      );
    },
    startState(host, data),
  );
}

describe('layers of gates on single qubits', () => {
  it.each(Object.entries(CASES))('%s: probabilities are those of the circuit', (name, of) => {
    const measured = [
      probabilities([4, 0, 2]),
      expval(...all.map((i) => Z(i)), Z(1).mul(Z(4))),
    ] as const;
    const host = new HostProgram(of, measured, { fusion: 2, together: true });
    const layers = new RealLayers(host);
    expect(layers.numbers.size).toBe(name.startsWith('a layer of two') ? 6 : 12);
    const x = new Random(5).normals(QUBITS);
    const layout = host.readings.layout();
    const record = recordOf(host, endOf(host, layers, x), layout);
    const columns = host.readings.columns(record, layout, readValues(of, { x, w }), 0, 1);
    const sizes = [8, QUBITS + 1];
    const results = sizes.map((size) => new Float64Array(size));
    host.readings.results(columns, 0, 1, sizes, results, () => record);
    using program = judge.compile(of, measured);
    program.run({ x, w }).forEach((want, i) => expectClose(results[i]!, want, 2e-6, name));
  });

  it('only where nobody reads their phases, and all numbers are shared', () => {
    const means = expval(...all.map((i) => Z(i)));
    expect(layersFor(rotations, [means]).numbers.size).toBe(12);
    expect(layersFor(rotations, [means, state()]).size).toBe(0);
    expect(layersFor(rotations, [means, expval(pauli('X', [0]))]).size).toBe(0);
    const reuploading = circuit(QUBITS, { x: input([QUBITS]), w: weight([1]) }, (q, { x, w }) => {
      for (let layer = 0; layer < 3; layer++) {
        for (const i of all) q.rx(x.at(i), i).ry(w.at(0), i);
        for (const i of all) q.cnot(i, (i + 1) % QUBITS);
      }
    });
    expect(layersFor(reuploading, [means]).size).toBe(0);
    const wide = ringed((q) => {
      for (let i = 0; i < 11; i++) q.rx(1 + i, i);
    }, 11);
    const wideMeans = expval(...Array.from({ length: 11 }, (_, i) => Z(i)));
    expect(layersFor(wide, [wideMeans]).size).toBe(0);
  });
});
