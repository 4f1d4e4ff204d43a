import {
  Z,
  cpu,
  crossEntropy,
  expval,
  forward,
  lossValues,
  quantumConv2d,
  quantumFilter,
  valueAndGrad,
} from 'ketwork';
import { quantumNetwork, SIDE } from './models.ts';

/** How far the quantum kernel is from what is known about it; criterion 5 of the card. */
export interface KernelChecks {
  /** Kernel with all angles zero against the value by hand. */
  readonly zeroAngles: number;
  /** Pixels of the result against the circuit on windows cut by hand, row after row. */
  readonly patchOrder: number;
  /** Gradients of the whole network against central differences. */
  readonly gradient: number;
}

/** Runs the checks; every figure is a largest absolute difference. */
export async function checkKernel(): Promise<KernelChecks> {
  return {
    zeroAngles: await zeroAngles(),
    patchOrder: await patchOrder(),
    gradient: await gradient(),
  };
}

/**
 * H, RY(f) and RZ leave ⟨Z⟩ = -sin f on a qubit. One ring of CNOTs turns Z₀ into Z₁Z₂Z₃, a second one that into Z₀Z₁Z₃, so
 * two layers without re-uploading give the product of three sines.
 */
async function zeroAngles(): Promise<number> {
  const pixels = [0.15, 0.4, 0.75, 0.95];
  const [a, b, , d] = pixels.map((pixel) => -Math.sin(Math.atan(2 * pixel)));
  const program = (await cpu()).compile(
    quantumFilter(4, { layers: 2, reupload: false, scale: 2 }),
    expval(Z(0)),
  );
  const [value] = program.run({ x: pixels, w: new Float64Array(24) });
  return Math.abs(value! - a! * b! * d!);
}

async function patchOrder(): Promise<number> {
  const engine = await cpu();
  const layer = quantumConv2d({ kernel: 2, stride: 2 }).build([1, 4, 6], [1, 2]);
  layer.bind!(engine);
  const image = Float64Array.from({ length: 24 }, (_, i) => i / 24);
  const result = await forward(layer, image);
  const program = engine.compile(quantumFilter(4), expval(Z(0)));
  let worst = 0;
  for (let row = 0; row < 2; row++) {
    for (let column = 0; column < 3; column++) {
      const at = 12 * row + 2 * column;
      const x = [image[at]!, image[at + 1]!, image[at + 6]!, image[at + 7]!];
      const [value] = program.run({ x, w: layer.parameters[0]!.data });
      worst = Math.max(worst, Math.abs(value! - result[3 * row + column]!));
    }
  }
  return worst;
}

async function gradient(): Promise<number> {
  const network = quantumNetwork({ reupload: true }).build([SIDE, SIDE], 5);
  network.bind!(await cpu());
  const x = Float64Array.from({ length: 2 * SIDE * SIDE }, (_, i) => ((7 * i) % 11) / 11);
  const batch = { x, y: [0, 1] };
  const { grads } = await valueAndGrad(network, crossEntropy)(batch);
  const value = lossValues(network, crossEntropy);
  const step = 1e-5;
  let worst = 0;
  for (const [p, { data }] of network.parameters.entries()) {
    for (let i = 0; i < data.length; i++) {
      const old = data[i]!;
      data[i] = old + step;
      const above = (await value(batch)).loss;
      data[i] = old - step;
      const below = (await value(batch)).loss;
      data[i] = old;
      worst = Math.max(worst, Math.abs((above - below) / (2 * step) - grads[p]![i]!));
    }
  }
  return worst;
}
