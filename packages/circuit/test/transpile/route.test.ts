import { describe, expect, it } from 'vitest';
import { multiply } from '../../src/gates/matrix.ts';
import { circuit, decompose, qubitsOf, route } from '../../src/index.ts';
import type { Circuit, CouplingMap, RoutedCircuit } from '../../src/index.ts';
import { randomGates } from './random.ts';
import { unitaryOf } from './unitary-of.ts';

const line = (n: number): CouplingMap =>
  Array.from({ length: n - 1 }, (_, i): [number, number] => [i, i + 1]);
const grid = (rows: number, columns: number): CouplingMap =>
  Array.from({ length: rows * columns }, (_, i): [number, number][] => [
    ...((i + 1) % columns === 0 ? [] : [[i, i + 1] as [number, number]]),
    ...(i + columns < rows * columns ? [[i, i + columns] as [number, number]] : []),
  ]).flat();

/** Matrix that takes basis states of the circuit's qubits (and idle ones) to where a layout puts them. */
function placing(layout: readonly number[], qubits: number): Float64Array {
  const rest = Array.from({ length: qubits }, (_, q) => q).filter((q) => !layout.includes(q));
  const full = [...layout, ...rest];
  const d = 2 ** qubits;
  const out = new Float64Array(2 * d * d);
  for (let column = 0; column < d; column++) {
    let row = 0;
    full.forEach((physical, q) => {
      if ((column >> (qubits - 1 - q)) & 1) row |= 1 << (qubits - 1 - physical);
    });
    out[2 * (row * d + column)] = 1;
  }
  return out;
}

function check(c: Circuit, coupling: CouplingMap, routed: RoutedCircuit): void {
  const coupled = new Set(coupling.flatMap(([a, b]) => [`${a} ${b}`, `${b} ${a}`]));
  for (const op of routed.circuit.ops) {
    const qubits = qubitsOf(op);
    if (qubits.length === 2) expect(coupled.has(qubits.join(' '))).toBe(true);
  }
  const n = routed.circuit.qubits;
  const swapped = routed.circuit.ops.length - c.ops.length;
  expect(routed.swaps).toBe(swapped);
  if (n > 5) return;
  // Routed · place(initial) = place(final) · circuit, where idle qubits may have moved: they are |0⟩.
  const wide = unitaryOf({ ...c, qubits: n });
  const left = multiply(unitaryOf(routed.circuit), placing(routed.initialLayout, n));
  const right = multiply(placing(routed.finalLayout, n), wide);
  const d = 2 ** n;
  const zero = 2 ** (n - c.qubits);
  const columns = (m: Float64Array): Float64Array =>
    Float64Array.from({ length: (2 * d * d) / zero }, (_, i) => {
      const [entry, part] = [i >> 1, i & 1];
      const kept = d / zero;
      return m[2 * (Math.floor(entry / kept) * d + (entry % kept) * zero) + part]!;
    });
  const [a, b] = [columns(left), columns(right)];
  let [re, im] = [0, 0] as [number, number];
  for (let i = 0; i < a.length; i += 2) {
    re += a[i]! * b[i]! + a[i + 1]! * b[i + 1]!;
    im += a[i]! * b[i + 1]! - a[i + 1]! * b[i]!;
  }
  expect(Math.hypot(re, im) / (d / zero)).toBeCloseTo(1, 10);
}

describe('route', () => {
  it('keeps random circuits what they are, on lines and grids, with and without spare qubits', () => {
    for (let seed = 0; seed < 40; seed++) {
      const c = randomGates(seed, 4, 20, 2);
      for (const coupling of [line(4), line(5), grid(2, 2)]) {
        check(c, coupling, route(c, coupling, { seed, trials: 2 }));
      }
    }
  });

  it('needs no swaps where a place without them exists', () => {
    // A line in disorder: found by going forth and back.
    const c = circuit(5, (q) => q.cnot(3, 0).cnot(0, 4).cnot(4, 1).cnot(1, 2).cnot(3, 0));
    const routed = route(c, line(5));
    expect(routed.swaps).toBe(0);
    check(c, line(5), routed);
  });

  it('brings distant qubits together in few swaps', () => {
    const far = circuit(5, (q) => q.cnot(0, 4));
    expect(route(far, line(5), { layout: [0, 1, 2, 3, 4] }).swaps).toBe(3);
    const all = circuit(6, (q) => {
      for (let a = 0; a < 6; a++) for (let b = a + 1; b < 6; b++) q.cz(a, b);
    });
    const routed = route(all, line(6));
    check(all, line(6), routed);
    // A full exchange network needs 15 pairs on 5 couplings: 10 swaps are enough.
    expect(routed.swaps).toBeLessThanOrEqual(14);
  });

  it('works on hundreds of operations on a larger device, the same way for one seed', () => {
    const c = randomGates(9, 20, 400, 2);
    const coupling = grid(5, 5);
    const one = route(c, coupling, { seed: 4, trials: 2 });
    check(c, coupling, one);
    expect(route(c, coupling, { seed: 4, trials: 2 })).toEqual(one);
    expect(route(c, coupling, { seed: 4, trials: 1 }).swaps).toBeGreaterThanOrEqual(one.swaps);
  });

  it('keeps the order of measurements and conditionals', () => {
    const c = circuit(3, (q) => {
      q.h(0).measure(0, 0).cnot(0, 2).measure(2, 1);
      q.if(1, (then) => then.x(1))
        .cnot(1, 2)
        .cnot(0, 1);
    });
    const { circuit: routed } = route(c, line(3));
    const kinds = routed.ops.filter((op) => op.type === 'measure' || op.type === 'conditional');
    expect(kinds.map((op) => (op.type === 'measure' ? op.bit : 'if'))).toEqual([0, 1, 'if']);
  });

  it('leaves state preparations where their qubits begin, ahead of all swaps', () => {
    const half = Math.SQRT1_2;
    const bell = [half, 0, 0, 0, 0, 0, half, 0];
    const c = circuit(4, (q) =>
      q.prepare(bell, [0, 3]).prepare(bell, [1, 2]).cnot(0, 1).cnot(0, 2),
    );
    const layout = [0, 1, 2, 3];
    const routed = route(c, line(4), { layout });
    expect(routed.swaps).toBeGreaterThan(0);
    expect(routed.circuit.ops.slice(0, 2).map((op) => [op.type, qubitsOf(op)])).toEqual([
      ['statePreparation', [0, 3]],
      ['statePreparation', [1, 2]],
    ]);
    for (const op of routed.circuit.ops.slice(2)) {
      const [a, b] = qubitsOf(op);
      expect(Math.abs(a! - b!)).toBe(1);
    }
  });

  it('says what it cannot do', () => {
    const toffoli = circuit(3, (q) => q.toffoli(0, 1, 2));
    expect(() => route(toffoli, line(3))).toThrow(/operation 0.*3 qubits.*decompose/);
    const routed = route(decompose(toffoli), line(3));
    expect(routed.swaps).toBeGreaterThan(0);
    expect(() =>
      route(
        circuit(4, (q) => q.h(0)),
        line(3),
      ),
    ).toThrow(/4 qubits/);
    expect(() =>
      route(
        circuit(2, (q) => q.h(0)),
        [
          [0, 1],
          [2, 3],
        ],
      ),
    ).toThrow(/does not connect/);
    expect(() =>
      route(
        circuit(2, (q) => q.h(0)),
        [[0, 0]],
      ),
    ).toThrow(/pair/);
    expect(() =>
      route(
        circuit(2, (q) => q.h(0)),
        line(3),
        { layout: [0, 0] },
      ),
    ).toThrow(/layout/);
    expect(() =>
      route(
        circuit(2, (q) => q.h(0)),
        line(3),
        { trials: 0 },
      ),
    ).toThrow(/trials/);
  });
});
