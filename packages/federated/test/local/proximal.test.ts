import { fedProx, simulate } from '@ketwork/federated';
import { crossEntropy, networkOf, sgd, valueAndGrad } from '@ketwork/nn';
import { expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { anchorsOf, withProximalTerm } from '../../src/local/proximal.ts';
import { classical, clouds } from '../simulate/common.ts';

const loss = crossEntropy;
const data = clouds(20, 2);

describe('the proximal term', () => {
  test.each([
    ['all parameters', []],
    ['those that are shared', ['2']],
  ])('pulls %s back to the weights of the coordinator', async (_, personal) => {
    const model = classical();
    const { personal: kept } = await simulate(model, [data], {
      rounds: 1,
      seed: 4,
      personal,
      strategy: fedProx({ mu: 0.7 }),
      local: { loss, optimizer: sgd(0.2), epochs: 4, batchSize: 20 },
    });

    const byHand = classical();
    const network = byHand.build([2], 4);
    const start = network.parameters.map((p) => p.data.slice());
    for (let step = 0; step < 4; step++) {
      const { grads } = await valueAndGrad(network, loss)({ x: data.inputs, y: data.labels });
      network.parameters.forEach(({ name, data: values }, p) =>
        values.forEach((value, i) => {
          const mu = personal.some((one) => name.startsWith(one)) ? 0 : 0.7;
          values[i] = value - 0.2 * (grads[p]![i]! + mu * (value - start[p]![i]!));
        }),
      );
    }
    for (const [p, { name, data: values }] of networkOf(model).parameters.entries())
      expectClose(kept['0']?.[name]?.data ?? values, network.parameters[p]!.data, 1e-12);
  });

  test('leaves rule, state and gradients of the optimiser as they are', () => {
    const network = classical().build([2], 1);
    const inner = sgd(0.1, { momentum: 0.9 });
    const held = withProximalTerm(
      inner,
      2,
      anchorsOf(network, new Set([network.parameters[0]!.data])),
    );
    expect([held.name, held.settings, held.rate!(held.init([]))]).toEqual([
      'sgd',
      inner.settings,
      0.1,
    ]);
    const grads = network.parameters.map(({ data: values }) => values.map(() => 1));
    const state = held.init(network.parameters);
    const [first, second] = network.parameters.map(({ data: values }) => values[0]!);
    for (let step = 0; step < 2; step++) held.step(network.parameters, grads, state);
    // Gradients 1, then 1 + 2 · (-0.1) where there is an anchor; momentum 0.9.
    expect(network.parameters[0]!.data[0]! - first!).toBeCloseTo(-0.1 - 0.1 * (0.9 + 0.8), 12);
    expect(network.parameters[1]!.data[0]! - second!).toBeCloseTo(-0.1 - 0.1 * 1.9, 12);
    expect(grads.every((grad) => grad.every((value) => value === 1))).toBe(true);
    expect(state.step).toBe(2);
  });

  test('keeps updates together where data differ', async () => {
    const others = [data, { ...data, labels: Array.from(data.labels, (label) => 1 - label) }];
    const spread = async (mu: number): Promise<number> => {
      const seen: Float64Array[] = [];
      await simulate(classical(), others, {
        rounds: 1,
        seed: 1,
        strategy: fedProx({ mu }),
        local: { loss, optimizer: sgd(0.2), epochs: 20, batchSize: 20 },
        faults: { sends: (update) => (seen.push(update.weights), update) },
      });
      return Math.hypot(...seen[0]!.map((value, i) => value - seen[1]![i]!));
    };
    const [loose, tight] = [await spread(1e-9), await spread(3)];
    expect(tight).toBeLessThan(0.5 * loose);
  });
});
