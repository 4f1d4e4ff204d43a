import { crossEntropy, lossValues, perExampleGrads, valueAndGrad } from '@ketwork/nn';
import type { BuiltLayer, Loss } from '@ketwork/nn';
import { centralDifferences, expectClose } from '@ketwork/testing';

/** A batch of inputs and targets. */
export interface TestBatch {
  readonly x: Float64Array;
  readonly y: ArrayLike<number>;
}

/** Gradients of the mean loss against central differences in every parameter. */
export async function expectGradients(
  network: BuiltLayer,
  batch: TestBatch,
  loss: Loss = crossEntropy,
  tolerance = 1e-8,
): Promise<void> {
  const { grads } = await valueAndGrad(network, loss)(batch);
  network.parameters.forEach((parameter, p) => {
    const start = parameter.data.slice();
    const expected = centralDifferences((data) => {
      parameter.data.set(data);
      const result = lossValues(network, loss)(batch);
      if (result instanceof Promise) throw new Error('the network is asynchronous');
      return [result.loss];
    }, start);
    parameter.data.set(start);
    expectClose(grads[p]!, expected, tolerance, parameter.name);
  });
}

/** Gradients per example against a loop of batches of one. */
export async function expectPerExample(
  network: BuiltLayer,
  { x, y }: TestBatch,
  tolerance = 1e-12,
): Promise<void> {
  const { grads } = await perExampleGrads(network, crossEntropy)({ x, y });
  const size = x.length / y.length;
  for (let e = 0; e < y.length; e++) {
    const one = await valueAndGrad(
      network,
      crossEntropy,
    )({ x: x.slice(e * size, (e + 1) * size), y: [y[e]!] });
    network.parameters.forEach(({ name, data }, p) => {
      const row = grads[p]!.subarray(e * data.length, (e + 1) * data.length);
      expectClose(row, one.grads[p]!, tolerance, `${name} of example ${e}`);
    });
  }
}
