import {
  circuit,
  conv2d,
  cpu,
  crossEntropy,
  dense,
  flippedQuanv,
  forward,
  hermitianSlot,
  key,
  lossValues,
  mse,
  normal,
  probabilities,
  quantumLinear,
  reshape,
  sequential,
  valueAndGrad,
} from 'ketwork';
import type { BuiltLayer } from 'ketwork';

/** How far the layers are from what is known about them; every figure is a largest absolute difference. */
export interface Checks {
  /** flippedQuanv against the convolution with the symmetric kernels of its states. */
  readonly convolution: number;
  /** The same for gradients by the layer before, which they share. */
  readonly convolutionGradient: number;
  /** Probabilities of all basis states of quantumLinear add up to 1. */
  readonly norm: number;
  /** Largest sum of the probabilities of ten of sixteen. */
  readonly largestSum: number;
  /** quantumLinear with angles 0 against evolutions on the CPU engine. */
  readonly engine: number;
  /** Gradients of quantumLinear behind a dense layer against central differences. */
  readonly linearGradient: number;
}

/** Runs the checks of criteria 1 and 2. */
export async function check(seed: number): Promise<Checks> {
  return {
    ...(await convolution(seed)),
    ...(await linear(seed)),
    linearGradient: await linearGradient(seed),
  };
}

const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i]!)));

/**
 * The kernel of a state is found from outside: ⟨ψ|M|ψ⟩ is linear in the window, so its values on windows with a single 1
 * are the kernel.
 */
async function convolution(
  seed: number,
): Promise<Pick<Checks, 'convolution' | 'convolutionGradient'>> {
  const shape = [2, 6, 6];
  const [x, y] = [normal(key(seed), 12), normal(key(seed + 1), 3 * 3 * 16)];
  const quantum = sequential(dense(4, 72), reshape(shape), flippedQuanv(2, 3, 3)).build([4], seed);
  const classical = sequential(dense(4, 72), reshape(shape), conv2d(2, 3, 3)).build([4], seed);
  const window = sequential(flippedQuanv(2, 3, 3)).build([2, 3, 3], seed);
  window.parameters[0]!.data.set(quantum.parameters[2]!.data);
  window.parameters[1]!.data.fill(0);
  const single = new Float64Array(18 * 18);
  for (let i = 0; i < 18; i++) single[19 * i] = 1;
  const kernels = await forward(window, single);
  for (let f = 0; f < 3; f++)
    for (let i = 0; i < 18; i++) classical.parameters[2]!.data[18 * f + i] = kernels[3 * i + f]!;
  classical.parameters[3]!.data.set(quantum.parameters[3]!.data);
  const [a, b] = await Promise.all(
    [quantum, classical].map((network: BuiltLayer) => valueAndGrad(network, mse)({ x, y })),
  );
  return {
    convolution: largest(a!.outputs, b!.outputs),
    convolutionGradient: Math.max(...[0, 1, 3].map((p) => largest(a!.grads[p]!, b!.grads[p]!))),
  };
}

async function linear(seed: number): Promise<Pick<Checks, 'norm' | 'largestSum' | 'engine'>> {
  const x = normal(key(seed), 5 * 256);
  const whole = sequential(quantumLinear(256, 16, { bias: false })).build(seed);
  const all = await forward(whole, x);
  const ten = await forward(sequential(quantumLinear(256, 10, { bias: false })).build(seed), x);
  const sum = (row: Float64Array): number => row.reduce((s, p) => s + p, 0);
  const rows = (data: Float64Array, width: number): number[] =>
    [0, 1, 2, 3, 4].map((e) => sum(data.subarray(e * width, (e + 1) * width)));
  whole.parameters[0]!.data.fill(0);
  const plain = await forward(whole, x);
  const slot = hermitianSlot('a', 16);
  const wires = [0, 1, 2, 3];
  // Four evolutions by exp(iA/4) with nothing in between.
  const written = circuit(4, (q) => {
    for (const wire of wires) q.h(wire);
    for (let r = 0; r < 4; r++) q.evolution(slot, -1 / 4, wires);
  });
  const matrices = new Float64Array(2 * x.length);
  for (let i = 0; i < x.length; i++) {
    const [e, row, column] = [Math.floor(i / 256), Math.floor(i / 16) % 16, i % 16];
    matrices[2 * i] = (x[i]! + x[256 * e + 16 * column + row]!) / 2;
  }
  const engine = (await cpu()).compile(written, probabilities()).run({ a: matrices });
  return {
    norm: Math.max(...rows(all, 16).map((s) => Math.abs(s - 1))),
    largestSum: Math.max(...rows(ten, 10)),
    engine: largest(plain, engine),
  };
}

async function linearGradient(seed: number): Promise<number> {
  const network = sequential(dense(3, 20), quantumLinear(20, 4, { repetitions: 2 })).build(
    [3],
    seed,
  );
  const batch = { x: normal(key(seed), 6), y: [1, 3] };
  const { grads } = await valueAndGrad(network, crossEntropy)(batch);
  const value = lossValues(network, crossEntropy);
  let worst = 0;
  for (const [p, { data }] of network.parameters.entries()) {
    for (let i = 0; i < data.length; i += 7) {
      const old = data[i]!;
      data[i] = old + 1e-5;
      const above = (await value(batch)).loss;
      data[i] = old - 1e-5;
      const below = (await value(batch)).loss;
      data[i] = old;
      worst = Math.max(worst, Math.abs((above - below) / 2e-5 - grads[p]![i]!));
    }
  }
  return worst;
}
