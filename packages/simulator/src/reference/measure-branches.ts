import type { Circuit, Measurement, Observable } from '@ketwork/circuit';
import { wiresRead } from '../compile.ts';
import { checkSuccess, postselects } from '../postselection.ts';
import type { Branches } from './branches.ts';
import { addScaled, applyMap } from './linear.ts';
import { applyObservable } from './measure.ts';
import type { Measured } from './measure.ts';
import { added } from './mixed.ts';
import type { Mixed } from './mixed.ts';
import { unitDirection } from './operations.ts';
import type { Example } from './operations.ts';

/** Computes measurements of the branches of one example: first what is linear in ρ, then quotients and squares. */
export function measureBranches(
  circuit: Circuit,
  measurements: readonly Measurement[],
  branches: Branches,
  example: Example,
  wanted: (id: number) => boolean,
): Measured[] {
  const all = [...branches.values()];
  const none: Mixed = { rho: new Float64Array(2 * 4 ** circuit.qubits), tangents: new Map() };
  const whole = all.reduce(added, none);
  const d = 2 ** circuit.qubits;
  const kept = linear(whole, (rho) => Float64Array.of(trace(rho, d)));
  const selects = postselects(circuit);
  if (selects) checkSuccess(kept.values[0]!, example.index, circuit);
  const normalised = (m: Measured): Measured => (selects ? quotient(m, kept) : m);
  return measurements.map((m): Measured => {
    switch (m.type) {
      case 'successProbability':
        return kept;
      case 'probabilities':
        return normalised(probabilitiesOf(circuit, wiresRead(m, circuit.qubits), branches));
      case 'expval':
        return normalised(means(circuit, m.observables, 1, whole, example, wanted));
      case 'variance': {
        const mean = normalised(means(circuit, m.observables, 1, whole, example, wanted));
        const square = normalised(means(circuit, m.observables, 2, whole, example, wanted));
        return varianceOf(mean, square);
      }
      default:
        throw new Error(`${m.type} has no exact value`);
    }
  });
}

/** A linear function of ρ, and of its derivatives. */
function linear(mixed: Mixed, of: (rho: Float64Array) => Float64Array): Measured {
  return {
    values: of(mixed.rho),
    partials: new Map([...mixed.tangents].map(([id, t]) => [id, of(t)])),
  };
}

/** Real part of the trace. */
function trace(rho: Float64Array, d: number): number {
  let sum = 0;
  for (let i = 0; i < d; i++) sum += rho[2 * (i * d + i)]!;
  return sum;
}

/** `x/p` and `dx/p - x dp/p²`. */
function quotient(x: Measured, p: Measured): Measured {
  const total = p.values[0]!;
  const ids = new Set([...x.partials.keys(), ...p.partials.keys()]);
  return {
    values: x.values.map((value) => value / total),
    partials: new Map(
      [...ids].map((id) => {
        const dp = p.partials.get(id)?.[0] ?? 0;
        const dx = x.partials.get(id);
        return [id, x.values.map((value, i) => (dx?.[i] ?? 0) / total - (value * dp) / total ** 2)];
      }),
    ),
  };
}

/** `s - m²` and `ds - 2m dm`. */
function varianceOf(mean: Measured, square: Measured): Measured {
  return {
    values: square.values.map((s, i) => s - mean.values[i]! ** 2),
    partials: new Map(
      [...square.partials].map(([id, ds]) => [
        id,
        ds.map((x, i) => x - 2 * mean.values[i]! * mean.partials.get(id)![i]!),
      ]),
    ),
  };
}

/** tr(Oρ) or tr(O²ρ) of each observable, with the derivatives by the entries of matrices from slots. */
function means(
  circuit: Circuit,
  observables: readonly Observable[],
  power: 1 | 2,
  whole: Mixed,
  example: Example,
  wanted: (id: number) => boolean,
): Measured {
  const { qubits } = circuit;
  const d = 2 ** qubits;
  const times = (o: Observable, rho: Float64Array): Float64Array =>
    applyObservable(o, rho, 2 * qubits, example);
  const raised = (o: Observable, rho: Float64Array): Float64Array =>
    power === 1 ? times(o, rho) : times(o, times(o, rho));
  const result = linear(whole, (rho) =>
    Float64Array.from(observables, (o) => trace(raised(o, rho), d)),
  );
  const partials = new Map(result.partials);
  observables.forEach((o, position) => {
    if (o.type !== 'hermitian' || !('slot' in o.matrix)) return;
    const slot = example.slot(o.matrix.slot);
    for (let i = 0; i < slot.values.length; i++) {
      const id = slot.first + i;
      if (!wanted(id)) continue;
      const matrix = unitDirection(i, 2 ** o.qubits.length);
      const along = (rho: Float64Array): Float64Array =>
        applyMap(rho, 2 * qubits, { targets: o.qubits, controls: [], form: { matrix } }, 'keep');
      // d tr(O²ρ) = tr(dO Oρ) + tr(O dO ρ)
      const slope =
        power === 1
          ? trace(along(whole.rho), d)
          : trace(along(times(o, whole.rho)), d) + trace(times(o, along(whole.rho)), d);
      const before = partials.get(id) ?? new Float64Array(observables.length);
      const change = new Float64Array(observables.length);
      change[position] = slope;
      partials.set(id, addScaled(before, change, 1));
    }
  });
  return { values: result.values, partials };
}

/** Probabilities of the values of qubits and bits, numbered as {@link wiresRead} does. */
function probabilitiesOf(circuit: Circuit, wires: readonly number[], branches: Branches): Measured {
  const { qubits } = circuit;
  const d = 2 ** qubits;
  let sum: Measured = { values: new Float64Array(2 ** wires.length), partials: new Map() };
  for (const [bits, mixed] of branches) {
    const diagonal = (rho: Float64Array): Float64Array => {
      const out = new Float64Array(2 ** wires.length);
      for (let i = 0; i < d; i++) {
        const outcome = wires.reduce((number, wire) => {
          const value =
            wire < qubits ? (i >> (qubits - 1 - wire)) & 1 : Number(bits[wire - qubits]);
          return 2 * number + value;
        }, 0);
        out[outcome]! += rho[2 * (i * d + i)]!;
      }
      return out;
    };
    const part = linear(mixed, diagonal);
    const partials = new Map(sum.partials);
    for (const [id, t] of part.partials)
      partials.set(id, addScaled(partials.get(id) ?? new Float64Array(t.length), t, 1));
    sum = { values: addScaled(sum.values, part.values, 1), partials };
  }
  return sum;
}
