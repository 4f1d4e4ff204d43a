// What TypeScript must refuse. The types gate fails where a line marked below compiles; the tests see that the same
// mistakes are caught when the program runs, for those who write JavaScript.
import { expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { X, Z, circuit, counts, cpu, expval, input, probabilities, weight } from '../src/index.ts';
import type { Circuit, Counts, Program } from '../src/index.ts';

const ansatz = circuit(4, { x: input([4]), w: weight([3, 4, 3]) }, (q, { x, w }) => {
  q.angleEmbedding(x);
  q.stronglyEntanglingLayers(w);
});
const f = (await cpu()).compile(ansatz, expval(Z(0), Z(1).mul(Z(2)), X(3).scale(0.5).add(Z(3))));
const x = [0.1, 0.2, 0.3, 0.4];
const w = new Float64Array(36).fill(0.5);
const dy = [1, 1, 1];

describe('types of programs', () => {
  it('know the names of the slots', () => {
    const named: Circuit<'x' | 'w'> = ansatz;
    expect(named.slots.map((slot) => slot.name)).toEqual(['x', 'w']);
    // @ts-expect-error w is missing
    expect(() => f.run({ x })).toThrow(/slot 'w' has no value/);
    // @ts-expect-error there is no v
    expect(() => f.run({ x, w, v: [1] })).toThrow(/no slot 'v'/);
    // @ts-expect-error values are numbers
    expect(() => f.run({ x, w: 'many' })).toThrow(/slot 'w'/);
    // @ts-expect-error w is missing
    expect(() => f.vjp({ x }, dy)).toThrow(/slot 'w' has no value/);
    // @ts-expect-error there is no v
    expect(() => f.vjp({ x, w }, dy, { wrt: ['v'] })).toThrow(/'v'/);
    // @ts-expect-error there is no y among the slots of the builder function
    expect(() => circuit(1, { t: weight() }, (q, { y }) => q.rx(y, 0))).toThrow(
      /an angle is undefined/,
    );
  });

  it('know the names of the gradients', () => {
    const gradients = f.vjp({ x, w }, dy, { wrt: ['w'], perExample: true });
    const dw: Float64Array = gradients.w;
    expect(dw).toHaveLength(36);
    // @ts-expect-error there is no v
    expect(gradients.v).toBeUndefined();
  });

  it('know what each measurement returns', async () => {
    const engine = await cpu();
    const bell = circuit(2, (q) => q.h(0).cnot(0, 1));
    const [p, c]: [Float64Array, Counts[]] = engine
      .compile(bell, [probabilities(), counts(3)])
      .run({}, { seed: 1 });
    expect(p).toHaveLength(4);
    expect(Object.values(c[0]!).reduce((a, b) => a + b)).toBe(3);
    const single = engine.compile(bell, probabilities());
    // @ts-expect-error probabilities are numbers, not records
    const records: Counts[] = single.run();
    expect(records).toBeInstanceOf(Float64Array);
  });

  it('let slots of one number be written as they are', async () => {
    const turn = circuit(1, { x: input(), t: weight() }, (q, { x, t }) => {
      q.ry(x, 0).ry(t, 0);
    });
    const program: Program<'x' | 't'> = (await cpu()).compile(turn, expval(Z(0)));
    const means = program.run({ x: [0.1, 0.2], t: [0.3] }) as Float64Array;
    expectClose(means, [Math.cos(0.4), Math.cos(0.5)], 1e-12);
    // @ts-expect-error a shape is no angle
    expect(() => circuit(1, { w: weight([2]) }, (q, { w }) => q.rx(w.shape, 0))).toThrow(
      /an angle is a list/,
    );
  });
});
