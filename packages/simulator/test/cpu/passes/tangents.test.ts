import {
  X,
  Y,
  Z,
  amplitudes,
  circuit,
  expval,
  gates,
  hermitian,
  input,
  pauli,
  probabilities,
  state,
  variance,
  weight,
} from '@ketwork/circuit';
import type { Angle, Circuit, Measurement, Op, PauliSum } from '@ketwork/circuit';
import { Random, expectClose, randomMeasurement } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { cpuCapabilities } from '../../../src/cpu/capabilities.ts';
import { lower } from '../../../src/cpu/lower.ts';
import { largeSizes } from '../../../src/cpu/large/module.ts';
import type { LargeSizes } from '../../../src/cpu/large/module.ts';
import { EngineMemory } from '../../../src/cpu/memory.ts';
import { allocateCoefficients } from '../../../src/cpu/passes/allocate.ts';
import { optimize, passes } from '../../../src/cpu/passes/sequence.ts';
import { tangents } from '../../../src/cpu/passes/tangents.ts';
import { CpuProgram } from '../../../src/cpu/program.ts';
import { planReadout } from '../../../src/cpu/readout.ts';
import { checkProgram, reference } from '../../../src/index.ts';

type Sequence = typeof passes;

const sumOf = (strings: readonly PauliSum[]): PauliSum =>
  strings.reduce((sum, string) => sum.add(string));

const memory = new EngineMemory();
const judge = reference();

/** Folds no angles of single examples, or all that can be, whether it pays or not. */
const never = Infinity;
const always = 0;

/** The pass alone, with stretches of so many tangents. */
const alone = (segment: number, worth?: number): Sequence => [
  ['tangents', (program) => tangents(program, segment, worth)],
  ['allocate', allocateCoefficients],
];
/** All passes, the tangents with stretches of so many. */
const all = (segment: number, worth?: number): Sequence =>
  passes.map(([name, pass]) =>
    name === 'tangent form' ? [name, (program) => tangents(program, segment, worth)] : [name, pass],
  );

/** Without tables, which large states do not have, and which take no signs per example. */
const chunked = (segment: number, worth?: number): Sequence =>
  all(segment, worth).filter(([name]) => name !== 'merge diagonals');

const compile = (
  made: Circuit,
  measured: Measurement | readonly Measurement[],
  sequence: Sequence = passes,
  large: LargeSizes = largeSizes.f64,
  on: EngineMemory = memory,
): CpuProgram<string, Measurement | readonly Measurement[]> =>
  new CpuProgram(
    made,
    measured,
    {},
    checkProgram(made, measured, {}, cpuCapabilities),
    on,
    sequence,
    large,
  );

/** What became of the rotations: T tangent, S rescaling, r as they were. */
function forms(made: Circuit, measured: Measurement, segment = 256, worth?: number): string {
  const lowered = lower(made, measured.type === 'state');
  const { elements } = tangents(
    { lowered, readout: planReadout(made, [measured]) },
    segment,
    worth,
  ).lowered;
  return elements
    .map((e) =>
      e.type !== 'rotation' ? '' : e.form === 'tangent' ? 'T' : e.form === 'rescaling' ? 'S' : 'r',
    )
    .join('');
}

/** Through which all Pauli operators pass; and some more, through which some pass. */
const open = 'RX RY RZ RXX RYY RZZ CNOT CZ CY H S X SWAP ISWAP P Rot'.split(' ');
const closed = 'T CP CRX CRZ Toffoli'.split(' ');

/** Angles up to a few turns, some of them multiples of a quarter turn, zero or huge. */
function angles(random: Random, count: number, huge = 1e8): Float64Array {
  return Float64Array.from({ length: count }, () => {
    const x = random.uniform();
    if (x < 0.3) return (Math.PI / 2) * random.integer(-9, 9);
    if (x < 0.4) return (Math.PI / 4) * random.integer(-9, 9);
    if (x < 0.45) return random.uniform(-huge, huge);
    if (x < 0.5) return random.uniform(-1e-9, 1e-9);
    return random.uniform(-8, 8);
  });
}

/** Many rotations and Clifford gates: angles are shared, used again, of single examples or fixed, and sometimes sums. */
function drawCircuit(random: Random, qubits: number, withClosed: boolean, huge: number): Circuit {
  const slots = { w: weight([8]), x: input([4]) };
  const rows = gates.filter(
    ({ name, qubits: n }) =>
      n !== 'any' && n <= qubits && (open.includes(name) || (withClosed && closed.includes(name))),
  );
  const place = (): Angle => {
    const index = random.integer(8);
    return random.chance(0.3) ? { slot: 'x', index: index % 4 } : { slot: 'w', index };
  };
  const angle = (): Angle => {
    if (random.chance(0.1)) return angles(random, 1, huge)[0]!;
    return random.chance(0.2) ? { add: [place(), { mul: [place(), 0.75] }] } : place();
  };
  const everywhere = Array.from({ length: qubits }, (_, q) => q);
  const drawn = Array.from({ length: random.integer(4, 40) }, (): Op => {
    const row = random.pick(rows);
    return {
      type: 'gate',
      gate: row.name,
      qubits: random.sample(everywhere, row.qubits as number),
      angles: row.parameters.map(angle),
      controls: [],
    };
  });
  const prepared = circuit(qubits, { ...slots, a: amplitudes([2]) }, (q, { a }) =>
    random.chance(0.3) ? q.prepare(a, [qubits - 1], { normalize: true }) : q.h(0),
  ) as Circuit;
  return { ...prepared, ops: [...prepared.ops, ...drawn] };
}

function drawValues(
  random: Random,
  made: Circuit,
  batch: number,
  huge: number,
): Record<string, Float64Array> {
  return Object.fromEntries(
    made.slots.map(({ name, shape, axis, kind }) => {
      const count = shape.reduce((a, b) => a * b, axis === 'batch' ? batch : 1);
      return [name, kind === 'scalar' ? angles(random, count, huge) : random.normals(count)];
    }),
  );
}

describe('tangents', () => {
  it.each([
    ['alone', alone, never, 1e8],
    // Merging neighbours adds their angles, which is exact to the last bit of the larger one only.
    ['with all other passes', all, never, 100],
    ['in chunks', chunked, never, 100],
    ['of single examples too', alone, always, 1e8],
    ['of single examples, without tables,', chunked, always, 100],
    ['of single examples in chunks', chunked, always, 100],
  ])('%s keep results and gradients of random circuits', (name, sequence, worth, huge) => {
    let folded = 0;
    let own = 0;
    let large = 0;
    const inChunks = name.endsWith('in chunks');
    const sizes = inChunks ? { from: 4, local: 4 } : largeSizes.f64;
    for (let seed = 0; seed < 160; seed++) {
      const random = new Random(3000 + seed);
      const made = drawCircuit(random, random.integer(1, 6), seed % 4 === 0, huge);
      const values = drawValues(random, made, 3, huge);
      const type = random.pick([
        'expval',
        'expval',
        'expval',
        'variance',
        'probabilities',
      ] as const);
      const measured = randomMeasurement(random, made, type);
      const segment = random.pick([1, 2, 3, 256]);
      const program = compile(made, measured, sequence(segment, worth), sizes);
      if (program.explain().details['regime'] === 'large state') large++;
      if (forms(made, measured, segment, never).includes('T')) folded++;
      if (forms(made, measured, 256, worth) !== forms(made, measured, 256, never)) own++;
      const exact = judge.compile(made, measured);
      const y = exact.run(values) as Float64Array;
      expectClose(program.run(values) as Float64Array, y, 1e-12, `seed ${seed}`);
      const dy = y.map((_y, i) => Math.cos(i));
      const expected = exact.vjp(values, dy);
      const options = [{}, { perExample: true }, { squaredNorms: true }][seed % 3]!;
      const wanted = seed % 3 === 0 ? expected : exact.vjp(values, dy, options);
      const gradient = program.vjp(values, dy, options);
      for (const slot of Object.keys(wanted))
        expectClose(gradient[slot]!, wanted[slot]!, 1e-11, `seed ${seed}, ${slot}`);
      if (seed % 10 === 0) {
        const rows = program.jacobian(values);
        const exactRows = exact.jacobian(values);
        for (const slot of Object.keys(exactRows))
          expectClose(rows[slot]!, exactRows[slot]!, 1e-11, `seed ${seed}, jacobian of ${slot}`);
      }
    }
    expect(folded).toBeGreaterThan(100);
    if (inChunks) expect(large).toBeGreaterThan(35);
    if (worth === never) expect(own).toBe(0);
    else expect(own).toBeGreaterThan(60);
  });

  it.each([
    ['that are read together', all, never],
    ['that are read together for every example', chunked, always],
  ])('change the signs of Pauli strings %s', (_, sequence, worth) => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const random = new Random(4000 + seed);
      const qubits = random.integer(4, 6);
      const made = drawCircuit(random, qubits, false, 100);
      const letters = seed % 2 === 0 ? 'IXYZ' : 'IIIXZ';
      const word = (): string =>
        Array.from({ length: qubits }, () => letters[random.integer(letters.length)]!).join('');
      const strings = Array.from({ length: 60 }, () => pauli(word()).scale(random.normal() / 8));
      const measured = expval(...strings.slice(0, 20), sumOf(strings));
      const used = sequence(256, worth);
      const { readout } = optimize(
        { lowered: lower(made, false), readout: planReadout(made, [measured]) },
        used,
      );
      for (const { type } of readout.steps) seen.add(type);
      const values = drawValues(random, made, 2, 100);
      const program = compile(made, measured, used);
      const exact = judge.compile(made, measured);
      const y = exact.run(values);
      expectClose(program.run(values) as Float64Array, y, 1e-12, `seed ${seed}`);
      const dy = y.map((_y, i) => Math.cos(i));
      const expected = exact.vjp(values, dy);
      const gradient = program.vjp(values, dy);
      for (const slot of Object.keys(expected))
        expectClose(gradient[slot]!, expected[slot]!, 1e-11, `seed ${seed}, ${slot}`);
    }
    for (const type of ['diagonal', 'pauli', 'flips', 'basis']) expect(seen).toContain(type);
  });

  it('fold angles of single examples in single precision', () => {
    const short = new EngineMemory({ precision: 'f32', fused: false });
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random(5000 + seed);
      const made = drawCircuit(random, random.integer(2, 6), seed % 4 === 0, 10);
      const values = drawValues(random, made, 6, 10);
      const type = seed % 2 === 0 ? 'expval' : 'probabilities';
      const measured = randomMeasurement(random, made, type);
      const sequence = chunked(random.pick([3, 64]), always);
      const program = compile(made, measured, sequence, largeSizes.f32, short);
      const exact = judge.compile(made, measured);
      const y = exact.run(values) as Float64Array;
      expectClose(program.run(values) as Float64Array, y, 1e-4, `seed ${seed}`);
      const dy = y.map((_y, i) => Math.cos(i));
      const expected = exact.vjp(values, dy);
      const gradient = program.vjp(values, dy);
      for (const slot of Object.keys(expected))
        expectClose(gradient[slot]!, expected[slot]!, 1e-4, `seed ${seed}, ${slot}`);
    }
  });

  it('are exact at multiples of quarter turns, and for tiny and huge angles', () => {
    const made = circuit(3, { w: weight([9]) }, (q, { w }) => {
      for (let i = 0; i < 3; i++) q.rx(w.at(i), i);
      q.cnot(0, 1).cnot(1, 2);
      for (let i = 0; i < 3; i++) q.ry(w.at(3 + i), i);
      q.rxx(w.at(6), 0, 1).cz(1, 2).rz(w.at(7), 1).rx(w.at(8), 1);
    });
    const measured = [expval(Z(0), X(1), Y(2)), variance(X(0).mul(Z(1)).add(Y(2)))];
    const program = compile(made, measured);
    const exact = judge.compile(made, measured);
    const special = [0, 1, -1, 2, -2, 3, 4, -4, 0.5, -0.5].map(
      (quarter) => (quarter * Math.PI) / 2,
    );
    const pool = [...special, 1e-300, -1e-17, 1e8, -123456789.125, 3e15, 0.3, 2.9];
    for (let shift = 0; shift < pool.length; shift++) {
      const w = Float64Array.from({ length: 9 }, (_, i) => pool[(shift + i * i) % pool.length]!);
      const [found, wanted] = [program, exact].map((p) => p.run({ w }) as Float64Array[]);
      found!.forEach((y, m) => expectClose(y, wanted![m]!, 1e-14, w.join()));
      const dy = [[1, 2, 3], [0.5]];
      const [gradient, derivative] = [program, exact].map((p) => p.vjp({ w }, dy)['w']);
      expectClose(gradient!, derivative!, 1e-13, w.join());
    }
  });

  it.each([
    ['one example', 'none'],
    ['a batch', 'embedded'],
    ['angles of single examples', 'all'],
  ])('neither overflow nor lose digits in 3,000 rotations on %s', (_, own) => {
    const batched = own !== 'none';
    const made = circuit(4, (q) => {
      const w = own === 'all' ? input('w', [3000]) : weight('w', [3000]);
      if (own === 'embedded') q.angleEmbedding(input('x', [4]), { rotation: 'Y' });
      for (let i = 0; i < 3000; i++) {
        if (i % 2 === 0) q.rx(w.at(i), i % 4);
        else q.ry(w.at(i), (i >> 1) % 4);
        q.cnot(i % 4, (i + 1) % 4);
      }
    });
    // Every angle a quarter of π (of t) from the next fold makes tangents of 1, the worst case.
    const count = own === 'all' ? 6000 : 3000;
    const w = Float64Array.from({ length: count }, (_v, i) => Math.PI / 2 + 1e-3 * Math.sin(i));
    const values =
      batched && own !== 'all' ? { w, x: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8] } : { w };
    const measured = expval(X(0), Z(1).mul(Y(3)));
    const worth = own === 'all' ? always : never;
    const rescaling = [...forms(made, measured, 256, worth)].filter((form) => form === 'S');
    expect(rescaling).toHaveLength(11);
    const program = compile(made, measured, all(256, worth));
    // The same engine with cosines and sines.
    const plain = compile(
      made,
      measured,
      passes.filter(([name]) => name !== 'tangent form'),
    );
    const y = plain.run(values) as Float64Array;
    expectClose(program.run(values) as Float64Array, y, 1e-11, 'value');
    const dy = y.map((_y, i) => 1 + i);
    expectClose(program.vjp(values, dy)['w']!, plain.vjp(values, dy)['w']!, 1e-11, 'gradient');
  });

  it('keep gradients of embedded amplitudes', () => {
    const slots = { a: amplitudes([4]), w: weight([7]), x: input([3]) };
    const made = circuit(3, slots, (q, { a, w, x }) => {
      q.prepare(a, [2, 0], { normalize: true });
      for (let i = 0; i < 3; i++) q.ry(x.at(i), i);
      for (let i = 0; i < 3; i++) q.rx(w.at(i), i);
      q.cnot(0, 1).cnot(1, 2);
      for (let i = 0; i < 3; i++) q.ry(w.at(3 + i), i);
      q.rxx(w.at(6), 0, 2);
    }) as Circuit;
    const random = new Random(5);
    const measured = expval(Z(0), X(1).mul(Y(2)));
    for (const [segment, worth] of [
      [2, never],
      [256, never],
      [2, always],
      [256, always],
    ] as const) {
      const values = { a: random.normals(12), w: angles(random, 7), x: angles(random, 9) };
      const dy = random.normals(6);
      const [found, wanted] = [
        compile(made, measured, all(segment, worth)),
        judge.compile(made, measured),
      ].map((program) => program.vjp(values, dy));
      expectClose(found!['a']!, wanted!['a']!, 1e-12, 'amplitudes');
      expectClose(found!['w']!, wanted!['w']!, 1e-12, 'weights');
      expectClose(found!['x']!, wanted!['x']!, 1e-12, 'inputs');
    }
  });

  it('mark rotations whose Pauli operator reaches only signs', () => {
    const made = circuit(2, { w: weight([4]), x: input([1]) }, (q, { w, x }) => {
      q.rx(w.at(0), 0).ry(w.at(1), 1).rx(x.at(0), 0).cnot(0, 1).rz(w.at(2), 0).crx(w.at(3), 0, 1);
    });
    // X on qubit 0 runs into the control of CRX; Y on qubit 1 becomes ZY, which passes.
    expect(forms(made, expval(Z(0)))).toBe('rTrr');
    // What is read as Hermitian matrices or states takes no flips; of probabilities they exchange outcomes.
    const turned = circuit(2, { w: weight([2]) }, (q, { w }) => q.rx(w.at(0), 0).ry(w.at(1), 1));
    expect(forms(turned, expval(Z(0), X(1)))).toBe('TT');
    expect(forms(turned, probabilities([1]))).toBe('TT');
    expect(forms(turned, state())).toBe('rr');
    const matrix = [
      [1, 2],
      [2, 3],
    ];
    expect(forms(turned, expval(hermitian(matrix, [0])))).toBe('rT');
  });

  it('pass what commutes with a gate that is not Clifford', () => {
    const made = circuit(3, { w: weight([4]) }, (q, { w }) => {
      q.rx(w.at(0), 0).rx(w.at(1), 2).toffoli(0, 1, 2).ry(w.at(2), 2).rxx(w.at(3), 0, 1).t(0);
    });
    // X on a control of the Toffoli gate does not pass, on its target it does; XX does not pass T.
    expect(forms(made, expval(Z(0)))).toBe('rTTr');
  });

  it('belong to single examples where the structure says that it pays', () => {
    const layers = (n: number, own: boolean, diagonal: boolean): Circuit =>
      circuit(n, (q) => {
        const x = input('x', [n]);
        const w = own ? input('w', [3, 2, n]) : weight('w', [3, 2, n]);
        for (let layer = 0; layer < 3; layer++) {
          q.angleEmbedding(x);
          for (let i = 0; i < n; i++) q.ry(w.at(layer, 0, i), i);
          if (diagonal) for (let i = 0; i < n; i++) q.rz(w.at(layer, 1, i), i);
          for (let i = 0; i < n; i++) q.cnot(i, (i + 1) % n);
        }
      });
    const isFolded = (made: Circuit, measured: Measurement = expval(Z(0))): boolean => {
      const readout = planReadout(made, [measured]);
      return optimize({ lowered: lower(made, measured.type === 'state'), readout }).lowered.folded;
    };
    expect(isFolded(layers(7, true, true))).toBe(true);
    expect(isFolded(layers(7, false, false))).toBe(true);
    // On few qubits folding takes as long as what it saves.
    expect(isFolded(layers(3, true, true))).toBe(false);
    // Signs per example would take a table per example.
    expect(isFolded(layers(7, false, true))).toBe(false);
    expect(isFolded(layers(7, true, true), state())).toBe(false);
    expect(isFolded(layers(7, true, true), probabilities())).toBe(true);
  });

  it('rescale once in a stretch', () => {
    const made = circuit(1, { w: weight([9]) }, (q, { w }) => {
      for (let i = 0; i < 9; i++) q.rx(w.at(i), 0).h(0);
    });
    expect(forms(made, expval(Z(0)), 3)).toBe('TTTSTTTST');
  });

  it('are the form the whole sequence gives a layer of rotations', () => {
    const made = circuit(4, { x: input([4]), w: weight([2, 4, 3]) }, (q, { x, w }) =>
      q.angleEmbedding(x).stronglyEntanglingLayers(w),
    );
    const measured = expval(Z(0), Z(3));
    const { lowered } = optimize({
      lowered: lower(made, false),
      readout: planReadout(made, [measured]),
    });
    const rotations = lowered.elements.filter((e) => e.type === 'rotation');
    const shared = rotations.filter((e) => e.coefficient.axis === 'shared');
    // Those of the first layer act on single qubits before anything else and make a product state.
    expect(shared.length).toBeGreaterThan(2);
    for (const rotation of shared) expect(rotation.form).toBe('tangent');
  });
});
