import { Z, circuit, expval, input, weight } from '@ketwork/circuit';
import { quantum } from '@ketwork/layers';
import {
  binaryCrossEntropy,
  crossEntropy,
  dense,
  dropout,
  initializers,
  lossValues,
  mse,
  sequential,
} from '@ketwork/nn';
import { cpu, reference } from '@ketwork/simulator';
import { Random, expectClose } from '@ketwork/testing';
import { accuracy, classesOf, evaluate, meanSquaredError, predict } from '@ketwork/training';
import { describe, expect, test } from 'vitest';

/** A model that returns its inputs. */
const same = (size: number) => {
  const model = sequential(
    dense(size, {
      init: {
        settings: 'identity',
        create: () =>
          Float64Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0)),
      },
    }),
    dropout(0.5),
  );
  model.build([size], 1);
  return model;
};

describe('evaluate', () => {
  const inputs = [3, 1, 0, 0, 2, 1, 5, 0, 1, 0, 0, 4, 1, 2, 0];
  const labels = [0, 2, 0, 2, 1];

  test('measures loss, accuracy and confusion whatever the batch size', async () => {
    const model = same(3);
    const whole = await evaluate(model, { inputs, labels }, { loss: crossEntropy });
    expect(whole).toMatchObject({
      examples: 5,
      metrics: { accuracy: 0.8 },
      confusion: [
        [2, 0, 0],
        [0, 1, 0],
        [0, 1, 1],
      ],
    });
    expect([...whole.predictions!]).toEqual([0, 1, 0, 2, 1]);
    expect(whole.outputs).toEqual(Float64Array.from(inputs));
    const { loss } = await lossValues(model, crossEntropy)({ x: inputs, y: labels });
    expectClose([whole.loss], [loss], 1e-15);
    const parts = await evaluate(model, { inputs, labels }, { loss: crossEntropy, batchSize: 2 });
    expectClose([parts.loss], [loss], 1e-15);
    expect(parts.confusion).toEqual(whole.confusion);
  });

  test('reads one logit as two classes and regression as no classes', async () => {
    const binary = await evaluate(
      same(1),
      { inputs: [-1, 2, 3, -4], labels: [0, 1, 0, 1] },
      { loss: binaryCrossEntropy },
    );
    expect(binary).toMatchObject({
      metrics: { accuracy: 0.5 },
      confusion: [
        [1, 1],
        [1, 1],
      ],
    });
    const regression = await evaluate(
      same(1),
      { inputs: [1, 2], labels: [1, 4] },
      { loss: mse, metrics: [meanSquaredError] },
    );
    expect(regression.metrics).toEqual({ mse: 2 });
    expect(regression.confusion).toBeUndefined();
  });

  test('takes one-hot rows for accuracy', () => {
    expect(accuracy.evaluate(Float64Array.of(1, 2, 4, 3), [0, 1, 0, 1], 2)).toBe(0.5);
    expect(() =>
      meanSquaredError.evaluate(Float64Array.of(1, 2), [1], 1),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: mse: 2 outputs for 1 targets. Use accuracy for class labels]`,
    );
    expect([...classesOf([2, 2, 1, 0, 1, 1], 2)]).toEqual([0, 1]);
    expect(() => classesOf([1, 2, 3], 2)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: 3 outputs are not rows of 2 examples]`,
    );
  });

  test('keeps the engine that is bound, else binds the CPU', async () => {
    const ansatz = circuit(1, (q) => q.rx(input('x', []).at(), 0).ry(weight('w', []).at(), 0));
    const model = sequential(quantum(ansatz, expval(Z(0)), { init: initializers.constant(0.3) }));
    const network = model.build([1], 1);
    const x = new Random(1).normals(7);
    const expected = x.map((angle) => Math.cos(angle) * Math.cos(0.3));
    expectClose(await predict(model, x, { batchSize: 3 }), expected, 1e-14);
    let compiled = 0;
    const engine = reference();
    const counting = {
      ...engine,
      compile: (...rest: Parameters<typeof engine.compile>) => (
        compiled++,
        engine.compile(...rest)
      ),
    };
    network.bind!(Object.assign(Object.create(engine) as typeof engine, counting));
    expect(compiled).toBe(1);
    expectClose(await predict(model, x), expected, 1e-14);
    expect(compiled).toBe(1);
    expectClose(await predict(model, x, { engine: await cpu() }), expected, 1e-14);
  });

  test('refuses what does not fit', async () => {
    await expect(
      evaluate(sequential(dense(2, 2)), { inputs: [1], labels: [1] }, { loss: crossEntropy }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ValueError: the model has no parameters yet. Call model.build(inputShape, seed), or train it first]`,
    );
    await expect(predict(same(2), [1, 2, 3])).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ValueError: predict: 3 numbers are not one or more inputs of shape [2] (2 numbers each). Give inputs as a row-major array [examples, ...inputShape] of the model]`,
    );
    await expect(
      predict(same(2), [1, 2], { batchSize: 0 }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ValueError: predict: the batch size 0 is not a positive integer]`,
    );
  });
});
