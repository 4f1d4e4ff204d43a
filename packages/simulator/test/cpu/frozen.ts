// What `reproducible: true` gives for some programs, as text: frozen in `data/reproducible.txt`, and computed again by every
// runtime that the tests and the browser gate have.
import { X, Y, Z, angle, circuit, expval, input, state, weight } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import type { Engine } from '@ketwork/simulator';

export const model: Circuit<'x' | 'w'> = circuit(
  5,
  { x: input([5]), w: weight([2, 5, 3]) },
  (q, { x, w }) => {
    q.angleEmbedding(x);
    q.stronglyEntanglingLayers(w);
    const [a, b] = [x.at(0), x.at(1)];
    q.rx(angle.sin(a), 0)
      .ry(angle.exp(angle.cos(b)), 1)
      .rzz(angle.atan(angle.mul(a, b)), 1, 3);
    q.cp(angle.tan(angle.mul(0.1, a)), 0, 4)
      .rz(angle.mul(1e7, b), 2)
      .ry(w.at(0, 0, 0), 2);
    q.rx(angle.asin(angle.sin(b)), 3).ry(angle.acos(angle.cos(w.at(1, 1, 1))), 4);
    q.rz(angle.log(angle.exp(a)), 0).h(0);
  },
);
/** Angles of single examples are folded here, and shared ones with them. */
export const folded: Circuit<'x' | 'w'> = circuit(
  6,
  { x: input([4, 6]), w: weight([2, 6]) },
  (q, { x, w }) => {
    for (let layer = 0; layer < 4; layer++) {
      for (let i = 0; i < 6; i++) q.ry(x.at(layer, i), i);
      if (layer % 2 === 1) for (let i = 0; i < 6; i++) q.rx(w.at(layer >> 1, i), i);
      for (let i = 0; i < 6; i++) q.cnot(i, (i + 1) % 6);
    }
  },
);
export const foldedValues = (batch: number): { x: Float64Array; w: Float64Array } => ({
  x: numbers(24 * batch, 0.731),
  w: numbers(12, 1.618),
});
/** Values whose own making needs no elementary function. */
export const numbers = (length: number, step: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => ((i * step) % 5) - 2.5);
export const values = (batch: number): { x: Float64Array; w: Float64Array } => ({
  x: numbers(5 * batch, 0.731),
  w: numbers(30, 1.618),
});
export const measured: ReturnType<typeof expval> = expval(Z(0), X(1).mul(Y(2)), Z(3).mul(Z(4)));

export const hex = (array: Float64Array): string[] =>
  Array.from(new BigUint64Array(array.slice().buffer), (bits) =>
    bits.toString(16).padStart(16, '0'),
  );

/** Bits of results and gradients in hexadecimal, by what they are of. */
export function frozen(same: Engine, single: Engine): string {
  const program = same.compile(model, measured);
  const dy = numbers(3 * 70, 0.377);
  const { x, w } = program.vjp(values(70), dy);
  const parts = {
    run: program.run(values(3)),
    summed: w.subarray(0, 12),
    batch: x.subarray(0, 12),
    'per example': program
      .vjp(values(2), dy.subarray(0, 6), { perExample: true })
      .w.subarray(15, 45),
    'a single state': same
      .compile(
        circuit(5, { w: weight([2, 5, 3]) }, (q, { w: own }) => q.stronglyEntanglingLayers(own)),
        state(),
      )
      .run({ w: values(1).w })
      .subarray(0, 16),
    'single precision': single.compile(model, measured).run(values(3)),
    'single precision, summed': single
      .compile(model, measured)
      .vjp(values(70), dy)
      .w.subarray(0, 12),
    'folded by example': same.compile(folded, measured).run(foldedValues(3)),
    'folded by example, summed': same.compile(folded, measured).vjp(foldedValues(70), dy).w,
    'folded by example, batch': same
      .compile(folded, measured)
      .vjp(foldedValues(70), dy)
      .x.subarray(1660),
    'a large state': same
      .compile(
        circuit(15, { w: weight([15]) }, (q, { w: own }) => {
          for (let k = 0; k < 15; k++) q.ry(own.at(k), k).cnot(k, (k + 1) % 15);
          for (let k = 0; k < 14; k++) q.rzz(own.at(k), k, k + 1).rx(own.at(k), k);
        }),
        measured,
      )
      .vjp({ w: values(3).x }, [1, 2, 3]).w,
  };
  return Object.entries(parts)
    .map(([name, array]) => `${name}\n${hex(array).join('\n')}\n`)
    .join('\n');
}
