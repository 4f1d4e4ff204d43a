import { ValueError, normal, key } from '@ketwork/base';
import { circuit, expval, input, weight, Z } from '@ketwork/circuit';
import { quantum } from '@ketwork/layers';
import {
  adam,
  crossEntropy,
  dense,
  hinge,
  inputGradients,
  lossValues,
  mse,
  sequential,
  tanh,
} from '@ketwork/nn';
import type { Model } from '@ketwork/nn';
import { cpu } from '@ketwork/simulator';
import { centralDifferences, expectClose } from '@ketwork/testing';
import {
  adversarialExamples,
  bim,
  evaluate,
  fgsm,
  fit,
  pgd,
  predict,
  robustAccuracy,
  signNoise,
} from '@ketwork/training';
import type { Attack, AttackOptions, TrainingData } from '@ketwork/training';
import { describe, expect, test } from 'vitest';
import { clouds } from '../clouds.ts';

/** A dense layer, a circuit of three qubits and a dense layer. */
function hybrid(): Model {
  const ansatz = circuit(3, (q) => {
    q.angleEmbedding(input('x', [3]));
    q.stronglyEntanglingLayers(weight('w', [2, 3, 3]));
  });
  const model = sequential(dense(4, 3), tanh(), quantum(ansatz, expval(Z(0), Z(1))), dense(2, 2));
  model.build(4);
  return model;
}

/** Numbers from 0 to 1, four of an example. */
function data(count: number): TrainingData {
  const inputs = normal(key(3), 4 * count).map((z) => 1 / (1 + Math.exp(-z)));
  return { inputs, labels: Array.from({ length: count }, (_, e) => e % 2) };
}

const range = [0, 1] as const;
const attacks: readonly (readonly [string, (epsilon: number, options: AttackOptions) => Attack])[] =
  [
    ['fgsm', fgsm],
    ['bim', bim],
    ['bim with large steps', (e, o) => bim(e, { ...o, steps: 3, stepSize: 2 * e })],
    ['pgd', pgd],
    ['pgd from the inputs', (e, o) => pgd(e, { ...o, randomStart: false, steps: 4 })],
    ['pgd with restarts', (e, o) => pgd(e, { ...o, steps: 3, restarts: 3 })],
    ['signNoise', signNoise],
  ];

/** Largest distance of an example from its origin. */
function farthest(a: ArrayLike<number>, b: ArrayLike<number>, norm: 'linf' | 'l2'): number {
  let most = 0;
  for (let e = 0; e < a.length; e += 4) {
    const away = Array.from({ length: 4 }, (_, i) => Math.abs(a[e + i]! - b[e + i]!));
    most = Math.max(most, norm === 'linf' ? Math.max(...away) : Math.hypot(...away));
  }
  return most;
}

test('gradients reach the inputs of a hybrid model', async () => {
  const model = hybrid();
  model.network!.bind!(await cpu());
  const { inputs: x, labels: y } = data(5);
  const { grads } = await inputGradients(model, crossEntropy)({ x, y });
  const values = lossValues(model, crossEntropy);
  const sum = (at: Float64Array): number[] => {
    const found = values({ x: at, y });
    if (found instanceof Promise) throw new Error('a promise');
    return [found.losses.reduce((a, b) => a + b)];
  };
  expectClose(grads, centralDifferences(sum, x), 1e-6);
  expect(Math.max(...grads.map(Math.abs))).toBeGreaterThan(0.01);
});

describe.each(['linf', 'l2'] as const)('attacks in %s', (norm) => {
  test.each(attacks)(
    '%s stays in the ball and the range, and raises the loss',
    async (name, make) => {
      const model = hybrid();
      const examples = data(24);
      const loss = crossEntropy;
      const clean = (await evaluate(model, examples, { loss })).loss;
      for (const epsilon of [0.01, 0.3]) {
        const attack = make(epsilon, { norm, range });
        const inputs = await adversarialExamples(model, examples, { loss, attack, seed: 1 });
        expect(farthest(inputs, examples.inputs, norm)).toBeLessThan(epsilon + 1e-12);
        expect(farthest(inputs, examples.inputs, norm)).toBeGreaterThan(0.9 * epsilon);
        expect(Math.min(...inputs)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...inputs)).toBeLessThanOrEqual(1);
        const after = (await evaluate(model, { ...examples, inputs }, { loss })).loss;
        if (name !== 'signNoise') expect(after).toBeGreaterThan(clean + 0.05 * epsilon);
      }
    },
  );

  test('no size, no change', async () => {
    const model = hybrid();
    const examples = data(6);
    for (const [, make] of attacks) {
      const attack = make(0, { norm });
      const found = await adversarialExamples(model, examples, {
        loss: crossEntropy,
        attack,
        seed: 1,
      });
      expect([...found]).toEqual([...Float64Array.from(examples.inputs)]);
    }
  });

  test('one step of pgd from the inputs is fgsm', async () => {
    const model = hybrid();
    const examples = data(8);
    const options = { loss: crossEntropy, seed: 1 };
    const one = pgd(0.2, { norm, range, steps: 1, randomStart: false });
    const a = await adversarialExamples(model, examples, { ...options, attack: one });
    const b = await adversarialExamples(model, examples, {
      ...options,
      attack: fgsm(0.2, { norm, range }),
    });
    if (norm === 'linf') expect(a).toEqual(b);
    else expectClose(a, b, 1e-12);
  });

  test('several steps are the loop by hand, through a circuit', async () => {
    const model = hybrid();
    model.network!.bind!(await cpu());
    const examples = data(6);
    const [epsilon, steps, stepSize] = [0.2, 4, 0.09];
    const x = Float64Array.from(examples.inputs);
    for (let step = 0; step < steps; step++) {
      for (let e = 0; e < 6; e++) {
        const one = x.slice(4 * e, 4 * e + 4);
        const y = [examples.labels[e]!];
        const { grads } = await inputGradients(model, crossEntropy)({ x: one, y });
        const length = Math.hypot(...grads);
        const away = one.map((value, i) => {
          const along = norm === 'linf' ? Math.sign(grads[i]!) : grads[i]! / length;
          return value + stepSize * along - examples.inputs[4 * e + i]!;
        });
        const far = Math.hypot(...away);
        away.forEach((value, i) => {
          const kept =
            norm === 'linf'
              ? Math.min(epsilon, Math.max(-epsilon, value))
              : value * Math.min(1, epsilon / far);
          x[4 * e + i] = Math.min(1, Math.max(0, examples.inputs[4 * e + i]! + kept));
        });
      }
    }
    const settings = { norm, range, steps, stepSize };
    for (const attack of [
      bim(epsilon, settings),
      pgd(epsilon, { ...settings, randomStart: false }),
    ]) {
      const found = await adversarialExamples(model, examples, {
        loss: crossEntropy,
        attack,
        seed: 1,
      });
      expectClose(found, x, 1e-12);
    }
  });

  test('a convex loss never falls, for any example', async () => {
    // Cross-entropy of a linear model is convex in the input, so every step up the gradient leads up.
    const model = sequential(dense(4, 3));
    model.build(8);
    const examples = { ...data(40), labels: Array.from({ length: 40 }, (_, e) => e % 3) };
    const { inputs: x, labels: y } = examples;
    const before = (await lossValues(model, crossEntropy)({ x, y })).losses;
    for (const steps of [1, 3, 10]) {
      const attack = pgd(0.2, { norm, range, steps, randomStart: false });
      const at = await adversarialExamples(model, examples, {
        loss: crossEntropy,
        attack,
        seed: 1,
      });
      const after = (await lossValues(model, crossEntropy)({ x: at, y })).losses;
      for (let e = 0; e < 40; e++) expect(after[e]!).toBeGreaterThanOrEqual(before[e]! - 1e-12);
    }
  });
});

test('fgsm is the sign of the gradient', async () => {
  const model = sequential(dense(2, 1));
  model.build(1);
  model.network!.parameters[0]!.data.set([3, 0]); // y = 3 x₀
  const attacked = (attack: Attack, targets?: number[]): Promise<Float64Array> =>
    adversarialExamples(
      model,
      { inputs: [1, 1, 1, 1], labels: [0, 9] },
      { loss: mse, attack, seed: 1, ...(targets === undefined ? {} : { targets }) },
    );
  expect([...(await attacked(fgsm(0.5)))]).toEqual([1.5, 1, 0.5, 1]);
  expect([...(await attacked(fgsm(0.5, { norm: 'l2' })))]).toEqual([1.5, 1, 0.5, 1]);
  expect([...(await attacked(fgsm(0.5, { range: [0, 1.25] })))]).toEqual([1.25, 1, 0.5, 1]);
  expect([...(await attacked(fgsm(0.5), [9, 0]))]).toEqual([1.5, 1, 0.5, 1]);
  expect([...(await attacked(fgsm(0.5), [0, 9]))]).toEqual([0.5, 1, 1.5, 1]);
});

test('a target is reached where there is room', async () => {
  const model = sequential(dense(4, 3));
  model.build(8);
  const examples = { ...data(12), labels: Array.from({ length: 12 }, (_, e) => e % 3) };
  const targets = examples.labels.map((label) => (label + 1) % 3);
  const attack = pgd(5, { steps: 20 });
  const options = { loss: crossEntropy, attack, seed: 1, targets };
  const inputs = await adversarialExamples(model, examples, options);
  const { predictions } = await evaluate(
    model,
    { inputs, labels: targets },
    { loss: crossEntropy },
  );
  expect([...predictions!]).toEqual(targets);
});

test('what is drawn depends on seed and example alone', async () => {
  const model = hybrid();
  const examples = data(10);
  for (const norm of ['linf', 'l2'] as const) {
    for (const make of [
      signNoise,
      (e: number, o: AttackOptions) => pgd(e, { ...o, restarts: 2, steps: 3 }),
    ]) {
      const options = { loss: crossEntropy, attack: make(0.1, { norm, range }) };
      const run = (seed: number, batchSize: number): Promise<Float64Array> =>
        adversarialExamples(model, examples, { ...options, seed, batchSize });
      const expected = await run(1, 10);
      expect(await run(1, 10)).toEqual(expected);
      expect(await run(1, 3)).toEqual(expected);
      expect(await run(2, 10)).not.toEqual(expected);
    }
  }
});

test('random starts fill the ball', async () => {
  const model = sequential(dense(4, 2));
  model.build(1);
  const examples = { inputs: new Float64Array(4000), labels: new Float64Array(1000) };
  for (const norm of ['linf', 'l2'] as const) {
    const attack = pgd(2, { norm, steps: 1, stepSize: 0 });
    const x = await adversarialExamples(model, examples, { loss: crossEntropy, attack, seed: 1 });
    // Mean 0; a radius below half is a sixteenth of the volume in four dimensions, in either norm.
    expect(Math.abs(x.reduce((a, b) => a + b) / 4000)).toBeLessThan(0.08);
    const inner = Array.from({ length: 1000 }, (_, e) =>
      farthest(x.subarray(4 * e, 4 * e + 4), [0, 0, 0, 0], norm),
    ).filter((radius) => radius < 1).length;
    expect(inner).toBeGreaterThan(40);
    expect(inner).toBeLessThan(90);
  }
});

test('restarts never end lower than one start', async () => {
  const model = hybrid();
  const { inputs: x, labels: y } = data(20);
  const lossesOf = async (restarts: number): Promise<Float64Array> => {
    const attack = pgd(0.5, { steps: 2, restarts });
    const options = { loss: crossEntropy, attack, seed: 1 };
    const at = await adversarialExamples(model, { inputs: x, labels: y }, options);
    return (await lossValues(model, crossEntropy)({ x: at, y })).losses;
  };
  const one = await lossesOf(1);
  const four = await lossesOf(4);
  expect(four.every((loss, e) => loss >= one[e]!)).toBe(true);
  expect(four.some((loss, e) => loss > one[e]!)).toBe(true);
});

describe('robustAccuracy', () => {
  test('counts what is right as it is and under attack', async () => {
    const model = sequential(dense(1, 2));
    model.build(1);
    model.network!.parameters[0]!.data.set([0, 1]); // class 1 where x > 0
    const examples = { inputs: [-2, -0.5, 0.5, 2, 0.25], labels: [0, 0, 1, 1, 0] };
    const curve = await robustAccuracy(model, examples, {
      loss: crossEntropy,
      attack: fgsm,
      epsilons: [0, 1, 3],
      seed: 1,
    });
    expect(curve.map(({ epsilon, accuracy }) => [epsilon, accuracy])).toEqual([
      [0, 0.8],
      [1, 0.4],
      [3, 0],
    ]);
    expect(curve[1]!.loss).toBeGreaterThan(curve[0]!.loss);
    // Noise that mends the last example does not make the model better than it is.
    const noisy = await robustAccuracy(model, examples, {
      loss: crossEntropy,
      attack: fgsm,
      epsilons: [1],
      targets: examples.labels,
      seed: 1,
    });
    expect(noisy[0]!.accuracy).toBe(0.8);
    // Labels of hinge loss: 1 and -1.
    const signed = sequential(dense(1, 1));
    signed.build(1);
    signed.network!.parameters[0]!.data[0] = 1;
    const margins = await robustAccuracy(
      signed,
      { inputs: [-2, -0.5, 0.5, 2], labels: [-1, -1, 1, 1] },
      { loss: hinge, attack: fgsm, epsilons: [0, 1], seed: 1 },
    );
    expect(margins.map(({ accuracy }) => accuracy)).toEqual([1, 0.5]);
    const none = { loss: crossEntropy, attack: fgsm, epsilons: [], seed: 1 };
    await expect(robustAccuracy(model, examples, none)).rejects.toThrow('there is no epsilon');
  });

  test('falls for a trained model, less under noise', async () => {
    const examples = clouds(80, 1);
    const model = sequential(dense(2, 8), tanh(), dense(8, 2));
    await fit(model, examples, { loss: crossEntropy, optimizer: adam(0.05), epochs: 20, seed: 1 });
    const options = { loss: crossEntropy, epsilons: [0, 0.5, 1, 1.5], seed: 1 };
    const under = async (attack: (epsilon: number) => Attack): Promise<number[]> =>
      (await robustAccuracy(model, examples, { ...options, attack })).map((p) => p.accuracy);
    const strong = await under((epsilon) => pgd(epsilon, { restarts: 2 }));
    const noise = await under(signNoise);
    expect(strong[0]).toBeGreaterThan(0.9);
    for (let i = 1; i < 4; i++) expect(strong[i]!).toBeLessThan(strong[i - 1]!);
    expect(noise[3]!).toBeGreaterThan(strong[3]! + 0.2);
  });
});

test('what does not fit is refused before any work', async () => {
  const messages: string[] = [];
  const refused = async (call: () => unknown): Promise<void> => {
    try {
      await call();
      messages.push('nothing was thrown');
    } catch (error) {
      expect(error).toBeInstanceOf(ValueError);
      messages.push((error as Error).message);
    }
  };
  const model = sequential(dense(2, 2));
  const examples = { inputs: [0, 1, 1, 2], labels: [0, 1] };
  const run = (more: object, on: TrainingData = examples): Promise<Float64Array> =>
    adversarialExamples(model, on, { loss: crossEntropy, attack: fgsm(0.1), seed: 1, ...more });
  await refused(() => run({}));
  model.build(1);
  await refused(() => fgsm(-1));
  await refused(() => fgsm(NaN));
  await refused(() => fgsm(1, { norm: 'l1' as 'l2' }));
  await refused(() => bim(1, { range: [1, 0] }));
  await refused(() => bim(1, { steps: 0 }));
  await refused(() => pgd(1, { stepSize: -1 }));
  await refused(() => pgd(1, { restarts: 1.5 }));
  await refused(() => pgd(1, { restarts: 2, randomStart: false }));
  await refused(() => run({ attack: fgsm(0.1, { range: [0, 1] }) }));
  await refused(() => run({ attack: {} }));
  await refused(() => run({ targets: [1] }));
  await refused(() => run({ seed: -1 }));
  await refused(() => run({ batchSize: 0 }));
  await refused(() => run({}, { inputs: [1, 2, 3], labels: [0] }));
  await refused(() => run({ attack: { ...fgsm(0.1), perturb: () => new Float64Array(1) } }));
  model.network!.parameters[0]!.data.fill(NaN);
  await refused(() => run({}));
  expect(messages).toMatchInlineSnapshot(`
    [
      "the model has no parameters yet. Call model.build(inputShape, seed), or train it first",
      "fgsm: epsilon is -1, not a finite number of at least 0",
      "fgsm: epsilon is NaN, not a finite number of at least 0",
      "fgsm: 'l1' is not a norm. Use linf or l2",
      "bim: the range [1, 0] is empty. Give the least and the largest value of the data, such as range: [0, 1]",
      "bim: steps is 0, not a positive integer",
      "pgd: stepSize is -1, not a finite number of at least 0",
      "pgd: restarts is 1.5, not a positive integer",
      "pgd: restarts from the same point all end at the same one. Leave out randomStart: false, or restarts",
      "adversarialExamples: input number 3 is 2, outside the range [0, 1] of fgsm. Scale the data, or give the attack the range of the data",
      "adversarialExamples: there is no attack. Give one, such as fgsm(0.1)",
      "adversarialExamples: 1 targets for 2 labels. Give as many targets as labels",
      "seed -1 is not an integer from 0 to 2^53 - 1. Give a non-negative integer, such as 7",
      "adversarialExamples: the batch size 0 is not a positive integer",
      "adversarialExamples: 3 numbers are not one or more inputs of shape [2] (2 numbers each). Give inputs as a row-major array [examples, ...inputShape] of the model",
      "fgsm: perturb returned 1 numbers where 4 are needed",
      "the loss of example 0 of the batch has a gradient that is not finite. Check the inputs and the parameters of the model",
    ]
  `);
  expect((await predict(model, [0, 0])).length).toBe(2);
});
