import { crossEntropy, lossValues, perExampleGrads, scaledGrads, valueAndGrad } from '@ketwork/nn';
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

/** Gradients per example, and their sums with factors, against a loop of batches of one. */
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
  const norms: (readonly Float64Array[])[] = [];
  const factors = network.parameters.map((_, p) =>
    Float64Array.from({ length: y.length }, (__, e) => 0.3 + ((7 * p + 3 * e) % 5)),
  );
  const scaled = await scaledGrads(network, crossEntropy, (squares) => {
    norms.push(squares);
    return factors;
  })({ x, y });
  network.parameters.forEach(({ name, data }, p) => {
    const [sum, squares] = [new Float64Array(data.length), new Float64Array(y.length)];
    grads[p]!.forEach((value, i) => {
      const e = Math.floor(i / data.length);
      sum[i % data.length]! += factors[p]![e]! * value;
      squares[e]! += value * value;
    });
    expectClose(norms[0]![p]!, squares, tolerance, `squared norms of ${name}`);
    expectClose(scaled.grads[p]!, sum, tolerance, `sum with factors of ${name}`);
  });
}
