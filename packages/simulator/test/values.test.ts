import { ValueError } from '@ketwork/base';
import { amplitudes, circuit, expval, hermitianSlot, input, weight, Z } from '@ketwork/circuit';
import { cpu, readCotangents, readValues, reference } from '@ketwork/simulator';
import { describe, expect, it } from 'vitest';

const model = circuit(
  2,
  { angles: input([2]), weights: weight([2, 2]), shift: input([]) },
  (q, s) =>
    q.rx(s.angles.at(0), 0).rx(s.angles.at(1), 1).ry(s.weights.at(1, 1), 0).rz(s.shift.at(), 0),
);

function message(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(ValueError);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

describe('readValues', () => {
  const weights = [1, 2, 3, 4];

  it('takes Float64Arrays as they are and copies everything else', () => {
    const angles = Float64Array.of(1, 2, 3, 4, 5, 6);
    const read = readValues(model, {
      angles,
      weights: [
        [1, 2],
        [3, 4],
      ],
      shift: new Float32Array([0.5, 1, 2]),
    });
    expect(read.batch).toBe(3);
    expect(read.get('angles')).toBe(angles);
    expect([...read.get('weights')]).toEqual(weights);
    expect([...read.get('shift')]).toEqual([0.5, 1, 2]);
    expect(
      readValues(model, { angles: [Float64Array.of(1, 2)], weights, shift: [0] }).get('angles'),
    ).toEqual(Float64Array.of(1, 2));
  });

  it('serves nested lists on every engine, as one flat array does', async () => {
    const flat = { angles: [1, 2, 3, 4], weights, shift: [0.5, 0.6] };
    const nested = {
      angles: [Float64Array.of(1, 2), [3, 4]],
      weights: [
        [1, 2],
        [3, 4],
      ],
      shift: [0.5, 0.6],
    };
    const dy = [[1], [0.5]];
    for (const engine of [
      reference(),
      await cpu(),
      await cpu({ threads: 1 }),
      await cpu({ threads: 2 }),
    ]) {
      const program = engine.compile(model, expval(Z(1)));
      expect(await program.run(nested)).toEqual(await program.run(flat));
      expect(await program.vjp(nested, dy)).toEqual(await program.vjp(flat, dy.flat()));
      expect(await program.jacobian(nested)).toEqual(await program.jacobian(flat));
      engine.dispose();
    }
  });

  it('has a batch of 1 where no slot has a batch axis', () => {
    expect(
      readValues(
        circuit(1, (q) => q.h(0)),
        undefined,
      ).batch,
    ).toBe(1);
    expect(
      readValues(
        circuit(1, (q) => q.rx(weight('w', []).at(), 0)),
        { w: [1] },
      ).batch,
    ).toBe(1);
  });

  it('names what is missing or unknown', () => {
    expect(message(() => readValues(model, undefined))).toMatchInlineSnapshot(
      `"slot 'angles' has no value. Give angles: numbers of shape [batch, 2]"`,
    );
    expect(
      message(() => readValues(model, { angle: [1, 2], weights, shift: [0] })),
    ).toMatchInlineSnapshot(
      `"slot 'angles' has no value (given: angle). Give angles: numbers of shape [batch, 2]"`,
    );
    expect(
      message(() => readValues(model, { angles: [1, 2], weights, shift: [0], weight: [1] })),
    ).toMatchInlineSnapshot(
      `"the circuit has no slot 'weight' (did you mean 'weights'?). Its slots are angles, weights, shift"`,
    );
    expect(
      message(() =>
        readValues(
          circuit(1, (q) => q.h(0)),
          { x: [1] },
        ),
      ),
    ).toMatchInlineSnapshot(`"the circuit has no slot 'x'. It takes no values"`);
    expect(
      message(() =>
        readValues(model, Object.create({ angles: [1, 2], weights, shift: [0] }) as never),
      ),
    ).toContain("'angles' has no value");
  });

  it('names what does not fit', () => {
    const good = { angles: [1, 2], weights, shift: [0] };
    const bad = (change: Record<string, unknown>): string =>
      message(() => readValues(model, { ...good, ...change }));
    expect(bad({ angles: [1, 2, 3] })).toMatchInlineSnapshot(
      `"slot 'angles' got 3 numbers, which is not a whole number of examples. Give [batch, ...shape] = [batch, 2], a multiple of 2 numbers"`,
    );
    expect(bad({ angles: [] })).toMatchInlineSnapshot(
      `"slot 'angles' got 0 numbers, which is not a whole number of examples. Give [batch, ...shape] = [batch, 2], a multiple of 2 numbers"`,
    );
    expect(bad({ weights: [1, 2] })).toMatchInlineSnapshot(
      `"slot 'weights' got 2 numbers. It is shared by the batch: give shape [2, 2], 4 numbers"`,
    );
    expect(bad({ shift: [0, 1] })).toMatchInlineSnapshot(
      `"slot 'shift' has 2 examples and slot 'angles' has 1. Give all batch slots the same number of examples"`,
    );
    expect(bad({ angles: [1, Number.NaN] })).toMatchInlineSnapshot(
      `"slot 'angles' holds NaN at index 1. Give finite numbers"`,
    );
    expect(bad({ weights: [1, 2, 3, -Infinity] })).toMatchInlineSnapshot(
      `"slot 'weights' holds -Infinity at index 3. Give finite numbers"`,
    );
    expect(bad({ weights: [[1, 2], [3]] })).toMatchInlineSnapshot(
      `"slot 'weights' got nested arrays of unequal lengths. Give rows of one length, or one flat array"`,
    );
    expect(bad({ weights: [[1, 2], 3, 4] })).toMatchInlineSnapshot(
      `"slot 'weights' got nested arrays of unequal lengths. Give rows of one length, or one flat array"`,
    );
    expect(bad({ weights: [1, '2', 3, 4] })).toMatchInlineSnapshot(
      `"slot 'weights' holds a string. Give numbers only"`,
    );
    expect(bad({ shift: 3 })).toMatchInlineSnapshot(
      `"slot 'shift' got the bare number 3. Give an array, such as [0.5]"`,
    );
    expect(bad({ shift: null })).toMatchInlineSnapshot(
      `"slot 'shift' got null instead of an array. Give a Float64Array or an array of numbers"`,
    );
    expect(bad({ shift: BigInt64Array.of(1n) })).toMatchInlineSnapshot(
      `"slot 'shift' got 64-bit integers. Give a Float64Array or an array of numbers"`,
    );
  });

  it('checks norms of amplitudes', () => {
    const raw = circuit(1, { a: amplitudes([2]) }, (q, { a }) => q.prepare(a, [0]));
    const normalized = circuit(1, { a: amplitudes([2]) }, (q, { a }) =>
      q.prepare(a, [0], { normalize: true }),
    );
    expect(readValues(raw, { a: [0.6, 0.8, 1, 0] }).batch).toBe(2);
    expect(readValues(normalized, { a: [3, 4] }).batch).toBe(1);
    expect(message(() => readValues(raw, { a: [1, 0, 3, 4] }))).toMatchInlineSnapshot(
      `"slot 'a': the amplitudes of example 1 have norm 5. Divide them by their norm, or prepare the state with normalize: true"`,
    );
    expect(message(() => readValues(normalized, { a: [1, 0, 0, 0] }))).toMatchInlineSnapshot(
      `"slot 'a': the amplitudes of example 1 are all zero. Give at least one amplitude that is not zero"`,
    );
  });

  it('checks Hermitian matrices', () => {
    const evolved = circuit(1, { h: hermitianSlot(2) }, (q, { h }) => q.evolution(h, 1, [0]));
    const slot = evolved.slots[0]!;
    expect(readValues(evolved, { h: [1, 0, 2, 3, 2, -3, 1, 0] }).batch).toBe(1);
    expect(slot.kind).toBe('hermitian');
    expect(
      message(() => readValues(evolved, { h: [1, 0, 2, 3, 2, 3, 1, 0] })),
    ).toMatchInlineSnapshot(
      `"slot 'h': example 0: the matrix is not Hermitian at row 1, column 0 (off by 6.0e+0). Give Hermitian matrices"`,
    );
  });
});

describe('readCotangents', () => {
  it('reads one array or a list with gaps', () => {
    const dy = Float64Array.of(1, 2);
    expect(readCotangents(dy, [2], true, 1)[0]).toBe(dy);
    expect(
      readCotangents(
        [
          undefined,
          [
            [1, 2],
            [3, 4],
          ],
        ],
        [3, 2],
        false,
        2,
      ),
    ).toEqual([undefined, Float64Array.of(1, 2, 3, 4)]);
  });

  it('names what does not fit', () => {
    expect(message(() => readCotangents(undefined, [2], true, 1))).toMatchInlineSnapshot(
      `"dy is missing. Give an array"`,
    );
    expect(message(() => readCotangents([[1]], [1, 1], false, 1))).toMatchInlineSnapshot(
      `"dy is not a list with one entry per measurement. Give 2 arrays (or undefined for zero)"`,
    );
    expect(message(() => readCotangents([1, 2, 3], [2], true, 2))).toMatchInlineSnapshot(
      `"dy has 3 numbers. The result has 2 examples of 2 numbers: give 4"`,
    );
    expect(
      message(() => readCotangents([[1], [Number.NaN]], [1, 1], false, 1)),
    ).toMatchInlineSnapshot(`"dy[1] holds NaN at index 0. Give finite numbers"`);
  });
});
