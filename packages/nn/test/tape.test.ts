import { key, UnsupportedError, ValueError } from '@ketwork/base';
import { Tape, ops } from '@ketwork/nn';
import type { DifferentiableMap, TapeGradients } from '@ketwork/nn';
import { expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { checkOperation, cosineMap, random } from './check.ts';

describe('Tape', () => {
  it('runs in the calling thread unless a map is asynchronous', () => {
    const tape = new Tape(2);
    const x = tape.variable(random(1, 4), [2], 'batch');
    const y = ops.tanh(x);
    expect(tape.run()).toBeUndefined();
    expect(tape.backward(y, new Float64Array(4))).not.toBeInstanceOf(Promise);
  });

  it('gives one tensor for one parameter, so that its gradients add up', () => {
    const tape = new Tape(1);
    const weight = { name: 'weight', shape: [2], data: Float64Array.of(3, 4) };
    const w = tape.parameter(weight);
    expect(tape.parameter({ ...weight, name: '0.weight' })).toBe(w);
    const y = ops.mul(w, tape.parameter(weight));
    void tape.run();
    const gradients = tape.backward(y, Float64Array.of(1, 1)) as TapeGradients;
    expect([...gradients.of(w)]).toEqual([6, 8]);
  });

  it('gives zeros where the output does not depend on a tensor', () => {
    const tape = new Tape(2);
    const x = tape.variable(random(1, 4), [2], 'batch');
    const w = tape.variable(random(2, 3), [3], 'shared');
    const y = ops.tanh(x);
    void tape.run();
    const sum = tape.backward(y, new Float64Array(4).fill(1)) as TapeGradients;
    expect(sum.of(w)).toEqual(new Float64Array(3));
    const each = tape.backward(y, new Float64Array(4).fill(1), 'perExample') as TapeGradients;
    expect(each.of(w)).toEqual(new Float64Array(6));
  });

  it('can go back several times, with the same result', () => {
    const tape = new Tape(2);
    const x = tape.variable(random(1, 4), [2], 'batch');
    const y = ops.add(ops.mul(x, x), ops.add(x, x));
    void tape.run();
    const dy = random(2, 4);
    const first = (tape.backward(y, dy) as TapeGradients).of(x);
    expect((tape.backward(y, dy) as TapeGradients).of(x)).toEqual(first);
    expect(dy).toEqual(random(2, 4));
  });

  it('refuses what it cannot do', () => {
    const tape = new Tape(2);
    const x = tape.variable(random(1, 4), [2], 'batch');
    const w = tape.variable(random(1, 2), [2], 'shared');
    const c = tape.constant(random(1, 2), [2], 'shared');
    const y = ops.tanh(w);
    expect(() => new Tape(0)).toThrow(ValueError);
    expect(() =>
      tape.constant(new Float64Array(3), [2], 'batch'),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: an array of 3 elements does not have shape [2, 2] (4 elements)]`,
    );
    expect(() => tape.value(y)).toThrow(ValueError);
    expect(() => ops.add(x, new Tape(2).constant(random(1, 4), [2], 'batch'))).toThrow(ValueError);
    void tape.run();
    expect(() => tape.backward(y, new Float64Array(3))).toThrow(ValueError);
    expect(() => tape.backward(y, new Float64Array(2), 'perExample')).toThrow(UnsupportedError);
    expect(() => (tape.backward(y, new Float64Array(2)) as TapeGradients).of(c)).toThrow(
      ValueError,
    );
  });
});

describe('external maps', () => {
  it('have right gradients, also in a chain and with a shared tensor in place of one per example', () => {
    const map = cosineMap(3);
    checkOperation(
      4,
      [
        { shape: [3], axis: 'batch' },
        { shape: [3], axis: 'shared' },
        { shape: [3], axis: 'shared' },
      ],
      (x, w, v) => {
        const first = ops.external(map, [ops.tanh(x), w]);
        const second = ops.external(map, [ops.mul(first, v), ops.mul(w, v)]);
        return ops.add(second, ops.external(map, [v, w]));
      },
    );
  });

  it('run together where they are ready together and share their shared inputs', () => {
    const calls: number[] = [];
    const map = cosineMap(2, { calls });
    const tape = new Tape(3);
    const x = tape.variable(random(1, 6), [2], 'batch');
    const w = tape.variable(random(2, 2), [2], 'shared');
    const v = tape.variable(random(3, 2), [2], 'shared');
    const a = ops.external(map, [x, w]);
    const b = ops.external(map, [ops.scale(x, 2), w]);
    const other = ops.external(map, [x, v]);
    const next = ops.external(map, [ops.add(a, b), w]);
    const y = ops.add(next, other);
    void tape.run();
    expect(calls).toEqual([6, 3, 3]);
    void tape.backward(y, new Float64Array(6).fill(1));
    expect(calls.slice(3)).toEqual([-3, -6, -3]);
  });

  it('with a key are called one by one, each with its key', () => {
    const seen: unknown[] = [];
    const inner = cosineMap(2);
    const map: DifferentiableMap = {
      ...inner,
      forward(inputs, batch, own) {
        seen.push(own);
        return inner.forward(inputs, batch);
      },
      vjp(inputs, dy, batch, wants, own) {
        seen.push(own);
        return inner.vjp(inputs, dy, batch, wants);
      },
    };
    const tape = new Tape(1);
    const x = tape.variable(random(1, 2), [2], 'batch');
    const w = tape.variable(random(2, 2), [2], 'shared');
    const y = ops.add(ops.external(map, [x, w], key(1)), ops.external(map, [x, w], key(2)));
    void tape.run();
    void tape.backward(y, new Float64Array(2));
    expect(seen).toEqual([key(1), key(2), key(1), key(2)]);
  });

  it.each(['sum', 'perExample'] as const)(
    'that are asynchronous give the same numbers (%s)',
    async (mode) => {
      const results = [];
      for (const delay of [false, true]) {
        const map = cosineMap(2, { delay });
        const tape = new Tape(3);
        const x = tape.variable(random(1, 6), [2], 'batch');
        const w = tape.variable(random(2, 2), [2], 'shared');
        const a = ops.external(map, [ops.tanh(x), w]);
        const b = ops.external(cosineMap(2, { delay }), [x, ops.atan(w)]);
        const y = ops.external(map, [ops.mul(a, b), w]);
        const run = tape.run();
        expect(run instanceof Promise).toBe(delay);
        await run;
        const back = tape.backward(y, random(3, 6), mode);
        expect(back instanceof Promise).toBe(delay);
        const gradients = await back;
        results.push([tape.value(y), gradients.of(x), gradients.of(w)]);
      }
      expect(results[1]).toEqual(results[0]);
    },
  );

  it('pass on the failure of a map', async () => {
    const broken: DifferentiableMap = {
      ...cosineMap(2),
      forward: () => Promise.reject(new Error('the worker is gone')),
    };
    const tape = new Tape(1);
    const x = tape.constant(random(1, 2), [2], 'batch');
    ops.external(broken, [x, tape.constant(random(1, 2), [2], 'shared')]);
    await expect(tape.run()).rejects.toThrow('the worker is gone');
  });

  it('refuse inputs that are not what the map declares, and results of the wrong size', () => {
    const map = cosineMap(2);
    const tape = new Tape(2);
    const x = tape.variable(random(1, 4), [2], 'batch');
    const w = tape.variable(random(1, 3), [3], 'shared');
    expect(() => ops.external(map, [x])).toThrow(ValueError);
    expect(() => ops.external(map, [x, w])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: cosines: input 1 has shape [3] where the map expects [2]]`,
    );
    expect(() => ops.external(map, [x, x])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: cosines: input 1 differs per example where the map expects one shared value. Declare that input on the batch axis]`,
    );
    const short: DifferentiableMap = { ...map, forward: () => new Float64Array(3) };
    const v = tape.variable(random(1, 2), [2], 'shared');
    ops.external(short, [x, v]);
    expect(() => tape.run()).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: cosines: the output should have 4 elements but the map returned 3 elements. Return a row-major array with the batch first; the map declares outputs of shape [2]]`,
    );
  });

  it('refuse gradients of the wrong size or none', () => {
    for (const vjp of [
      () => [new Float64Array(4), new Float64Array(1)],
      () => [new Float64Array(4), undefined],
    ]) {
      const tape = new Tape(2);
      const x = tape.variable(random(1, 4), [2], 'batch');
      const y = ops.external({ ...cosineMap(2), vjp }, [
        x,
        tape.variable(random(1, 2), [2], 'shared'),
      ]);
      void tape.run();
      expect(() => tape.backward(y, new Float64Array(4))).toThrow(ValueError);
    }
  });

  it('are not asked for gradients that nobody wants', () => {
    const asked: string[][] = [];
    const inner = cosineMap(2);
    const map: DifferentiableMap = {
      ...inner,
      vjp(inputs, dy, batch, wants) {
        asked.push([...wants]);
        return inner.vjp(inputs, dy, batch, wants);
      },
    };
    const tape = new Tape(2);
    const x = tape.constant(random(1, 4), [2], 'batch');
    const w = tape.variable(random(1, 2), [2], 'shared');
    const y = ops.external(map, [x, w]);
    const fixed = ops.external(map, [x, tape.constant(random(2, 2), [2], 'shared')]);
    const total = ops.add(y, fixed);
    void tape.run();
    const dy = random(3, 4);
    const gradients = tape.backward(total, dy, 'perExample') as TapeGradients;
    expect(asked).toEqual([['none', 'perExample']]);
    const [xs, ws] = [random(1, 4), random(1, 2)];
    expectClose(
      gradients.of(w),
      dy.map((v, i) => -v * Math.sin(xs[i]! + ws[i % 2]!)),
      1e-15,
    );
  });
});
