import { BatchCotangents } from '@ketwork/simulator/lowering';
import { checkProgram, readValues, reference } from '@ketwork/simulator';
import type { Engine } from '@ketwork/simulator';
import {
  amplitudes,
  circuit,
  expval,
  input,
  probabilities,
  state,
  pauli,
  weight,
  Z,
} from '@ketwork/circuit';
import { caseOf, expectClose, Random, randomValues } from '@ketwork/testing';
import type { Case } from '@ketwork/testing';
import type { Circuit, Slot } from '@ketwork/circuit';
import { afterAll, describe, expect, it } from 'vitest';
import { HostProgram } from '../../src/program/host.ts';
import type { FusionOptions, Step, UnitaryStep } from '../../src/program/plan.ts';
import { braOf, cellsOf, recordOf, startState, take } from './plain-device.ts';

const judge = reference();
afterAll(() => judge.dispose());

/** Numbers reach the device in single precision. */
const TOLERANCE = 2e-6;
const offers: Pick<Engine, 'capabilities'> = {
  capabilities: {
    ...judge.capabilities,
    analytic: ['expval', 'variance', 'probabilities', 'state'],
  },
};

/** A step, or what else there is in a case. */
type Kind = Step['type'] | 'product' | 'head' | 'together';

/** Results and gradients of a case against the reference; heads have no gradients. Returns the steps it has. */
async function checkCase(
  { circuit, batch, values, measurements, random }: Case,
  options: FusionOptions,
): Promise<Kind[]> {
  const host = new HostProgram(circuit, measurements, options);
  const { head, plan } = host;
  const steps = plan.steps.slice(head?.steps ?? 0);
  const slots = readValues(circuit, values);
  const { outputSizes } = checkProgram(circuit, measurements, {}, judge.capabilities);
  using expected = judge.compile(circuit, measurements);
  const shared = host.shared(slots);
  const own = host.batch(slots, 0, batch);
  const data = Array.from({ length: batch }, (_, e) => ({
    shared,
    own: own.subarray(2 * e * host.batchSize, 2 * (e + 1) * host.batchSize),
  }));
  const ends = data.map((d) =>
    steps.reduce((state, step) => take(host, step, state, d, false), startState(host, d)),
  );
  const layout = host.readings.layout();
  const records = ends.map((psi) => recordOf(host, psi, layout));
  const joinedRecords = Float32Array.from(records.flatMap((record) => [...record]));
  const columns = host.readings.columns(joinedRecords, layout, slots, 0, batch);
  const results = outputSizes.map((size) => new Float64Array(batch * size));
  host.readings.results(columns, 0, batch, outputSizes, results, (e) =>
    records[e]!.subarray(layout.state!.start),
  );
  expected
    .run(values)
    .forEach((want, i) =>
      expectClose(results[i]!, want as Float64Array, TOLERANCE, measurements[i]!.type),
    );
  const kinds = steps.map(({ type }): Kind => type);
  if (plan.start !== undefined) kinds.unshift('product');
  if (head !== undefined) return ['head', ...kinds];
  if (circuit.ops.some((op) => op.type === 'matrix' && !op.unitary)) return kinds;

  const dy = outputSizes.map((size) => random.normals(batch * size));
  const cotangents = new BatchCotangents(host.readings.readout, dy, outputSizes, columns);
  const weights = host.weights(slots, cotangents, 0, batch);
  const wrt = circuit.slots.filter(
    ({ name, differentiable }) => differentiable && (options.wrt?.has(name) ?? true),
  );
  const first = steps.find((step) => step.type !== 'permutation' && step.cells !== undefined);
  const rows = data.map((d, e) => {
    const row = weights.subarray(e * layout.size, (e + 1) * layout.size);
    let psi = ends[e]!;
    let lambda = braOf(host, psi, row, layout);
    const cells = new Float32Array(2 * host.plan.cells);
    let behind: Float32Array | undefined;
    for (const step of steps.toReversed()) {
      if (step === first && step.type !== 'permutation') {
        behind = cells.slice();
        behind.set(cellsOf(host, step, psi, lambda), 2 * step.cells!);
      }
      psi = take(host, step, psi, d, true);
      lambda = take(host, step, lambda, d, true);
      if (step.type !== 'permutation' && step.cells !== undefined)
        cells.set(cellsOf(host, step, psi, lambda), 2 * step.cells);
    }
    return {
      cells,
      behind: behind ?? cells,
      start: Float32Array.from(lambda),
      end: Float32Array.from(ends[e]!),
    };
  });
  const joined = (
    pick: (row: (typeof rows)[number]) => Float32Array,
    first: number,
    count: number,
  ): Float32Array =>
    Float32Array.from(rows.slice(first, first + count).flatMap((row) => [...pick(row)]));
  for (const how of [{}, { perExample: true }, { squaredNorms: true }]) {
    const want = expected.vjp(values, dy, { ...how, wrt: wrt.map(({ name }) => name) });
    const check = (actual: Record<string, Float64Array>, what: string): void => {
      for (const { name } of wrt)
        expectClose(
          actual[name]!,
          want[name]!,
          10 * TOLERANCE,
          `${name} ${JSON.stringify(how)}, ${what}`,
        );
    };
    const apart = await host.gradients(slots, wrt, how, cotangents, (from, count) =>
      Promise.resolve({
        cells: joined((r) => r.cells, from, count),
        start: joined((r) => r.start, from, count),
        end: joined((r) => r.end, from, count),
      }),
    );
    check(apart, 'example by example');
    if (!host.addsUp(wrt, how)) continue;
    for (const behind of [false, true]) {
      const cells = new Float64Array(2 * plan.cells);
      for (const row of rows)
        row[behind ? 'behind' : 'cells'].forEach((x, i) => void (cells[i]! += x));
      const sums = { cells, behind };
      check(await host.gradients(slots, wrt, how, cotangents, sums), `together, ${String(behind)}`);
      if (wrt.length > 0) kinds.push('together');
    }
  }
  return kinds;
}

/** Checks random circuits of so many seeds; how many began with a product or on the host. */
async function checkRandom(
  seeds: number,
  qubits: number,
  optionsOf: (seed: number, slots: readonly Slot[]) => FusionOptions,
): Promise<{ readonly products: number; readonly heads: number; readonly together: number }> {
  const failures: string[] = [];
  const found = { products: 0, heads: 0, together: 0 };
  for (let seed = 0; seed < seeds; seed++) {
    const problem = caseOf(seed, offers, { slotGenerators: false });
    if (problem.circuit.qubits > qubits) continue;
    try {
      const kinds = await checkCase(problem, optionsOf(seed, problem.circuit.slots));
      if (kinds[0] === 'product') found.products++;
      if (kinds[0] === 'head') found.heads++;
      if (kinds.includes('together')) found.together++;
    } catch (error) {
      failures.push(`seed ${seed}: ${String(error)}`);
    }
  }
  expect(failures).toEqual([]);
  return found;
}

describe('lowering for GPUs, on a plain device', () => {
  it.each([0, 2, 4])('random circuits merged to %i qubits', async (fusion) => {
    const { products, heads } = await checkRandom(50, 5, () => ({ fusion }));
    expect(products + heads).toBe(0);
  });

  it('random circuits that begin with products', async () => {
    const { products } = await checkRandom(120, 6, () => ({
      fusion: 3,
      product: true,
      wrt: new Set(),
    }));
    expect(products).toBeGreaterThan(5);
  });

  it('random circuits of which gradients are taken by some slots', async () => {
    const { products, together } = await checkRandom(150, 6, (seed, slots) => ({
      fusion: 1 + (seed % 4),
      product: true,
      wrt: new Set(slots.filter((_, i) => (i + seed) % 2 === 0).map(({ name }) => name)),
    }));
    expect(products).toBeGreaterThan(1);
    expect(together).toBeGreaterThan(10);
  });

  it('random circuits whose first steps the host takes', async () => {
    const { heads } = await checkRandom(200, 6, (seed) => ({ fusion: 1 + (seed % 4), head: true }));
    expect(heads).toBeGreaterThan(20);
  });

  describe('the state after the first steps', () => {
    const layers = circuit(13, { w: weight([3, 13, 2]) }, (q, { w }) => {
      for (let layer = 0; layer < 3; layer++) {
        for (let i = 0; i < 13; i++) q.ry(w.at(layer, i, 0), i).rz(w.at(layer, i, 1), i);
        for (let i = 0; i < 12; i++) q.cnot(i, i + 1);
      }
    });
    const headOf = (of: Circuit, options: Partial<FusionOptions> = {}): HostProgram['head'] =>
      new HostProgram(of, [state()], { fusion: 4, head: true, ...options }).head;

    it('grows while few products of numbers make it', () => {
      const { plan, head } = new HostProgram(layers, [state()], { fusion: 4, head: true });
      const on = plan.steps.slice(0, head?.steps).flatMap((s) => (s as UnitaryStep).qubits);
      // One more would take 2^12 products, besides those so far.
      expect(head?.steps).toBe(3);
      expect(head?.bits).toEqual([...new Set(on)].map((q) => 12 - q).sort((a, b) => a - b));
      expect(head?.bits).toHaveLength(8);
    });

    it('is made only where it is asked for, and of |0…0⟩', () => {
      expect(headOf(layers, { head: false })).toBeUndefined();
      const prepared = circuit(3, { x: amplitudes([8]) }, (q, { x }) => {
        q.amplitudeEmbedding(x).h(0);
      });
      expect(headOf(prepared)).toBeUndefined();
    });

    it('ends where matrices belong to examples', () => {
      const of = circuit(8, { x: input([8]) }, (q, { x }) => {
        q.h(0).cnot(0, 1).cnot(1, 2).cnot(2, 3);
        for (let i = 0; i < 8; i++) q.ry(x.at(i), i);
      });
      const { plan, head } = new HostProgram(of, [state()], { fusion: 4, head: true });
      const first = plan.steps.findIndex((s) => s.type !== 'unitary' || s.axis === 'batch');
      expect(head?.steps ?? 0).toBe(first);
    });
  });

  describe('a product of states of qubits, renamed', () => {
    const values = (of: Circuit, batch: number): Record<string, Float64Array> =>
      randomValues(new Random(6), of, batch);
    const check = async (of: Circuit, batch = 3, ...wrt: string[]): Promise<Kind[]> =>
      await checkCase(
        {
          circuit: of,
          batch,
          values: values(of, batch),
          measurements: [expval(Z(0), pauli('XY', [1, 2])), state()],
          random: new Random(7),
        },
        { fusion: 3, product: true, wrt: new Set(wrt) },
      );

    it('stands for gates and renamings of any order, of odd numbers of qubits', async () => {
      for (const qubits of [5, 7, 8]) {
        const of = circuit(qubits, { x: input([qubits]), w: weight([qubits]) }, (q, { x, w }) => {
          q.h(0);
          for (let i = 0; i < qubits; i++) q.ry(w.at(i), i).rx(x.at(i), i).t(i);
          q.cnot(0, 1).cnot(1, 2).swap(0, 2).cnot(2, 0).x(1);
          // On a qubit that is no longer by itself, and one that was.
          for (let i = 0; i < qubits; i++) q.rz(w.at(i), i).h(i);
          for (let i = 0; i < qubits; i++) q.cnot(i, (i + 1) % qubits);
          q.cz(0, 1).ry(w.at(1), 2);
        });
        expect((await check(of))[0]).toBe('product');
        await check(of, 70, 'w');
        await check(of, 3, 'x');
      }
    });

    it('is as long as the circuit, and of constants', async () => {
      const of = circuit(6, {}, (q) => {
        for (let i = 0; i < 6; i++) q.h(i).s(i).ry(i, i);
        for (let i = 0; i < 6; i++) q.cnot(i, (i + 1) % 6);
      });
      expect(await check(of, 1)).toEqual(['product']);
    });

    it('leaves qubits alone that no gate touches', () => {
      const of = circuit(8, { x: input([8]) }, (q, { x }) => {
        for (let i = 0; i < 3; i++) q.ry(x.at(i), i);
        q.cnot(2, 3).cnot(3, 1).crx(x.at(0), 0, 1).crx(x.at(1), 3, 4).crx(x.at(2), 4, 5);
      });
      const { plan } = new HostProgram(of, [state()], { fusion: 3, product: true, wrt: new Set() });
      expect(plan.start?.touched).toBe(0b11110000);
    });

    it('is not made where merged matrices on amplitudes that are still zero cost less', () => {
      const of = circuit(8, { w: weight([8]) }, (q, { w }) => {
        for (let i = 0; i < 8; i++) q.ry(w.at(i), i);
        for (let i = 0; i < 7; i++) q.cz(i, i + 1);
        for (let i = 0; i < 8; i++) q.ry(w.at(i), i);
      });
      const { plan } = new HostProgram(of, [state()], { fusion: 3, product: true, wrt: new Set() });
      expect(plan.start).toBeUndefined();
    });

    it('is only where it is asked for, and of angles that no gradients are taken by', () => {
      const of = circuit(8, { x: input([8]), w: weight([3, 8, 3]) }, (q, { x, w }) => {
        q.angleEmbedding(x).stronglyEntanglingLayers(w);
      });
      const read = [expval(...Array.from({ length: 8 }, (_, i) => Z(i)))];
      expect(new HostProgram(of, read, { fusion: 3 }).plan.start).toBeUndefined();
      const { plan } = new HostProgram(of, read, { fusion: 3, product: true, wrt: new Set() });
      expect(plan.start?.axis).toBe('batch');
      // Of 13.
      expect(plan.steps.length).toBe(4);
      const startOf = (...wrt: string[]): readonly unknown[] | undefined =>
        new HostProgram(of, read, { fusion: 3, product: true, wrt: new Set(wrt) }).plan.start
          ?.qubits[0];
      expect(plan.start?.qubits[0]).toHaveLength(4);
      expect(startOf('w')).toHaveLength(1);
      expect(startOf('x', 'w')).toBeUndefined();
    });
  });

  it('layers of CNOTs and of phases as single steps', async () => {
    const layered = circuit(6, { w: weight([6]), x: input([6]) }, (q, { w, x }) => {
      for (let i = 0; i < 6; i++) q.ry(x.at(i), i).rz(w.at(i), i);
      for (let i = 0; i < 6; i++) q.cnot(i, (i + 1) % 6);
      q.x(2).swap(1, 4);
      for (let i = 0; i < 6; i++) q.rx(x.at(i), i);
      for (let i = 0; i < 6; i++) q.rzz(w.at(i), i, (i + 2) % 6);
      for (let i = 0; i < 4; i++) q.cp(x.at(i), i, i + 2);
      for (let i = 0; i < 6; i++) q.ry(w.at(5 - i), i);
    });
    const random = new Random(5);
    const kinds = await checkCase(
      {
        circuit: layered,
        batch: 70,
        values: randomValues(random, layered, 70),
        measurements: [expval(Z(0), pauli('XY', [3, 2])), probabilities([5, 1]), state()],
        random,
      },
      { fusion: 4 },
    );
    expect(kinds).toContain('permutation');
    expect(kinds).toContain('diagonal');
  });
});
