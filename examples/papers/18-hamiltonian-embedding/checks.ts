import {
  circuit,
  cpu,
  crossEntropy,
  forward,
  hamiltonianEmbedding,
  hermitianSlot,
  key,
  lossValues,
  normal,
  probabilities,
  counts,
  reference,
  sequential,
  uniform,
  valueAndGrad,
} from 'ketwork';
import type { Circuit } from 'ketwork';
import { qcnnCircuit } from './models.ts';

/** How far the layers are from what is known about them; every figure is a largest absolute difference. */
export interface Checks {
  /** Probabilities after exp(-i t A/2) add up to 1. */
  readonly norm: number;
  /** exp(-i t A/2)|+⟩ by eigenvectors against the Taylor series. */
  readonly series: number;
  /** The same against the circuit on the CPU engine. */
  readonly engine: number;
  /** Gradient by the times against central differences. */
  readonly timeGradient: number;
  /** Pooling by measurement and condition against the deferred one, exact probabilities. */
  readonly pooling: number;
  /** The same with 20,000 shots, in standard deviations of the worst outcome. */
  readonly poolingShots: number;
  /** Outputs for an image against those for its transpose. */
  readonly transpose: number;
}

/** Runs the checks of criteria 1, 2 and 5. */
export async function check(seed: number): Promise<Checks> {
  const [imageKey, angleKey] = [key(seed), key(seed + 1)];
  const image = uniform(imageKey, 64);
  return {
    ...(await evolution(image)),
    timeGradient: await timeGradient(image, seed),
    ...(await pooling(normal(angleKey, 81), uniform(angleKey, 64))),
    transpose: await transpose(image, seed),
  };
}

const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i]!)));

/** (M + Mᵀ)/2 of an image of 8 × 8 pixels. */
function symmetric(image: Float64Array): Float64Array {
  return image.map((v, i) => (v + image[8 * (i % 8) + Math.floor(i / 8)]!) / 2);
}

async function evolution(image: Float64Array): Promise<Pick<Checks, 'norm' | 'series' | 'engine'>> {
  const time = 1.3;
  const layer = hamiltonianEmbedding({ classes: 8, layers: 1, time });
  const network = sequential(layer).build([8, 8], 1);
  network.parameters[0]!.data.fill(0); // W = 1
  const found = await forward(network, image);
  const a = symmetric(image);

  // Taylor series of exp(-i t A/2) on |+⟩, real and imaginary part apart.
  let re: Float64Array = new Float64Array(8).fill(Math.sqrt(1 / 8));
  let im: Float64Array = new Float64Array(8);
  const [sumRe, sumIm] = [re.slice(), im.slice()];
  for (let k = 1; k < 60; k++) {
    const applied = (v: Float64Array): Float64Array =>
      v.map((_, i) => v.reduce((s, x, j) => s + a[8 * i + j]! * x, 0) * (time / (2 * k)));
    [re, im] = [applied(im), applied(re).map((x) => -x)];
    for (let i = 0; i < 8; i++) {
      sumRe[i]! += re[i]!;
      sumIm[i]! += im[i]!;
    }
  }
  const taylor = sumRe.map((x, i) => x * x + sumIm[i]! * sumIm[i]!);

  const slot = hermitianSlot('a', 8);
  const written = circuit(3, (q) =>
    q
      .h(0)
      .h(1)
      .h(2)
      .evolution(slot, time / 2, [0, 1, 2]),
  );
  const complex = Float64Array.from({ length: 128 }, (_, i) => (i % 2 === 0 ? a[i / 2]! : 0));
  const byEngine = (await cpu()).compile(written, probabilities()).run({ a: complex });
  return {
    norm: Math.abs(found.reduce((s, p) => s + p, 0) - 1),
    series: largest(found, taylor),
    engine: largest(found, byEngine),
  };
}

async function timeGradient(image: Float64Array, seed: number): Promise<number> {
  const network = sequential(
    hamiltonianEmbedding({ classes: 8, layers: 3, unitary: 'brick-wall' }),
  ).build([8, 8], seed);
  const batch = { x: image, y: [3] };
  const { grads } = await valueAndGrad(network, crossEntropy)(batch);
  const value = lossValues(network, crossEntropy);
  const times = network.parameters[1]!.data;
  let worst = 0;
  for (let l = 0; l < times.length; l++) {
    const old = times[l]!;
    times[l] = old + 1e-5;
    const above = (await value(batch)).loss;
    times[l] = old - 1e-5;
    const below = (await value(batch)).loss;
    times[l] = old;
    worst = Math.max(worst, Math.abs((above - below) / 2e-5 - grads[1]![l]!));
  }
  return worst;
}

async function pooling(
  angles: Float64Array,
  image: Float64Array,
): Promise<Pick<Checks, 'pooling' | 'poolingShots'>> {
  const values = {
    x: image,
    conv0: angles.subarray(0, 15),
    pool0: angles.subarray(15, 18),
    dense: angles.subarray(18),
  };
  const shots = 20_000;
  const exact = ({ circuit: built, kept }: { circuit: Circuit; kept: readonly number[] }) =>
    reference().compile(built, probabilities(kept)).run(values);
  const measured = qcnnCircuit(6, 1, 'measured');
  const deferred = exact(qcnnCircuit(6, 1, 'deferred'));
  const drawn = (await cpu())
    .compile(measured.circuit, counts(shots, measured.kept))
    .run(values, { seed: 5 });
  const tally = drawn[0]!;
  const deviations = Array.from(deferred, (p, outcome) => {
    const name = outcome.toString(2).padStart(3, '0');
    const share = (tally[name] ?? 0) / shots;
    return Math.abs(share - p) / Math.sqrt((p * (1 - p)) / shots);
  });
  return {
    pooling: largest(deferred, exact(measured)),
    poolingShots: Math.max(...deviations),
  };
}

async function transpose(image: Float64Array, seed: number): Promise<number> {
  const network = sequential(hamiltonianEmbedding({ classes: 8, layers: 3 })).build([8, 8], seed);
  const turned = image.map((_, i) => image[8 * (i % 8) + Math.floor(i / 8)]!);
  return largest(await forward(network, image), await forward(network, turned));
}
