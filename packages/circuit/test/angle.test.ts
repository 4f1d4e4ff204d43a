import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Angle } from '../src/index.ts';
import {
  AngleExpression,
  angle,
  anglePartials,
  angleSecondPartials,
  angleSlots,
  circuit,
  evaluateAngle,
  input,
  weight,
} from '../src/index.ts';

const w = weight('w', [2, 3]);
const x = input('x', [2]);

describe('slots', () => {
  it('have the documented defaults', () => {
    expect(w.slot).toEqual({
      name: 'w',
      shape: [2, 3],
      kind: 'scalar',
      axis: 'shared',
      differentiable: true,
    });
    expect(x.slot).toMatchObject({ axis: 'batch', differentiable: true });
    expect(input('y', [1], { axis: 'shared', differentiable: false }).slot).toMatchObject({
      axis: 'shared',
      differentiable: false,
    });
    expect(weight('scalar', []).at().data).toEqual({ slot: 'scalar', index: 0 });
  });

  it('hold a single number where no shape is given, which is an angle as it stands', () => {
    const named = circuit(2, { t: weight(), x: input() }, (q, { t, x }) => {
      q.rx(t, 0).ry(angle.mul(x, t), 0).rz(x.at().plus(t), 0).angleEmbedding([t, x]);
    });
    expect(named.slots.map(({ name, shape, axis }) => [name, shape, axis])).toEqual([
      ['t', [], 'shared'],
      ['x', [], 'batch'],
    ]);
    expect(named).toEqual(
      circuit(2, { t: weight([]), x: input([]) }, (q, { t, x }) => {
        q.rx(t.at(), 0).ry(angle.mul(x.at(), t.at()), 0).rz(x.at().plus(t.at()), 0);
        q.angleEmbedding([t.at(), x.at()]);
      }),
    );
    expect(circuit(1, (q) => q.rx(input('x'), 0)).slots[0]).toMatchObject({ name: 'x', shape: [] });
    expect(() => circuit(1, (q) => q.h(0).rx(x, 0))).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: operation 1: slot 'x' of shape [2] is used as one angle. Pick an element with at()]`,
    );
    for (const wrong of [undefined, null, 'pi', [0.1], {}, weight()]) {
      expect(() => circuit(1, (q) => q.h(0).rx(wrong as never, 0))).toThrow(
        /^operation 1: an angle is (undefined|null|a string|a list|an unknown object|a slot without a name)\. Give radians/,
      );
    }
  });

  it('number their elements row by row', () => {
    expect(w.at(1, 2).data).toEqual({ slot: 'w', index: 5 });
    expect(w.elements().map((element) => (element.data as { index: number }).index)).toEqual([
      0, 1, 2, 3, 4, 5,
    ]);
  });

  it('are found when used, once each', () => {
    const c = circuit(2, (q) => q.rx(x.at(0).plus(w.at(0, 0)), 0).ry(x.at(1), 1));
    expect(c.slots).toEqual([x.slot, w.slot]);
  });
});

describe('expressions', () => {
  it('simplify constants', () => {
    const a = w.at(0, 0);
    const id = a.data;
    const cases: [AngleExpression, Angle][] = [
      [a.times(1), id],
      [a.plus(0), id],
      [a.times(0), 0],
      [a.negate().negate(), id],
      [a.minus(0), id],
      [a.times(2).times(3), { mul: [6, id] }],
      [a.plus(2).plus(3), { add: [id, 5] }],
      [a.plus(1).plus(a).plus(-1), { add: [id, id] }],
      [a.plus(3).negate(), { add: [{ mul: [-1, id] }, -3] }],
      [a.plus(3).negate().negate(), { add: [id, 3] }],
      [angle.sin(0), 0],
      [angle.add(1, 2, angle.mul(2, 3)), 9],
      [angle.mul(), 1],
    ];
    for (const [expression, data] of cases) expect(expression.data).toEqual(data);
    expect(Object.is(a.times(-0).data, 0)).toBe(true);
  });

  it('evaluate, and differentiate like central differences', () => {
    const leaves = [w.at(0, 0), w.at(1, 2), x.at(0), x.at(1)];
    const expressions = fc.letrec<{ node: AngleExpression }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(...leaves),
        fc.tuple(tie('node'), tie('node')).map(([a, b]) => a.plus(b).minus(0.3)),
        fc.tuple(tie('node'), tie('node')).map(([a, b]) => a.times(b)),
        tie('node').map((a) => angle.sin(a)),
        tie('node').map((a) => angle.cos(a)),
        tie('node').map((a) => angle.atan(a)),
        tie('node').map((a) => angle.tan(angle.sin(a))),
        tie('node').map((a) => angle.exp(angle.sin(a))),
        tie('node').map((a) => angle.asin(angle.sin(a).times(0.5))),
        tie('node').map((a) => angle.acos(angle.cos(a).times(0.5))),
        tie('node').map((a) => angle.sqrt(angle.mul(a, a).plus(1))),
        tie('node').map((a) => angle.log(angle.mul(a, a).plus(2))),
      ),
    })).node;
    const values = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
      minLength: 8,
      maxLength: 8,
    });
    fc.assert(
      fc.property(expressions, values, ({ data }, numbers) => {
        const place = (slot: string, index: number): number => (slot === 'w' ? index : 6 + index);
        const read = (slot: string, index: number): number => numbers[place(slot, index)]!;
        const partials = anglePartials(data, read);
        expect(partials.map(({ slot, index }) => ({ slot, index }))).toEqual(angleSlots(data));
        for (const { slot, index, partial } of partials) {
          const at = (h: number): number =>
            evaluateAngle(data, (s, i) => read(s, i) + (s === slot && i === index ? h : 0));
          const h = 1e-4;
          // Fourth order, so that the step may be large enough for rounding.
          const difference = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
          expect(Math.abs(partial - difference)).toBeLessThan(
            1e-7 * (1 + Math.abs(partial)) * (1 + Math.abs(at(0))),
          );
          // Second derivatives from differences of first ones, zeros where they are left out.
          const seconds = angleSecondPartials(data, read);
          const slopes = (step: number): readonly number[] =>
            anglePartials(data, (s, i) => read(s, i) + (s === slot && i === index ? step : 0)).map(
              (p) => p.partial,
            );
          const [far, near, back, behind] = [2 * h, h, -h, -2 * h].map(slopes);
          angleSlots(data).forEach((other, k) => {
            const second = seconds.find(
              ({ elements: [a, b] }) =>
                a.slot === slot &&
                a.index === index &&
                b.slot === other.slot &&
                b.index === other.index,
            );
            const change = (8 * (near![k]! - back![k]!) - (far![k]! - behind![k]!)) / (12 * h);
            const scale = Math.max(1, ...near!.map(Math.abs), Math.abs(change));
            expect(Math.abs((second?.partial ?? 0) - change)).toBeLessThan(1e-6 * scale);
          });
        }
      }),
      { seed: 8, numRuns: 300 },
    );
  });

  it('have exact derivatives where a factor is zero', () => {
    const product = x.at(0).times(x.at(1)).data;
    expect(anglePartials(product, (_, index) => index * 3)).toEqual([
      { slot: 'x', index: 0, partial: 3 },
      { slot: 'x', index: 1, partial: 0 },
    ]);
    expect(evaluateAngle(angle.sqrt(x.at(0)).data, () => 9)).toBe(3);
  });
});
