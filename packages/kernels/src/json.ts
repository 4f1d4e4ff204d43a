import { FormatError } from '@ketwork/base';
import { parseCircuit } from '@ketwork/circuit';
import type { AsyncEngine, Engine } from '@ketwork/simulator';
import type { AsyncKernel, Kernel, KernelJSON } from './contract.ts';
import { fidelityKernel } from './fidelity.ts';
import type { MemoryOptions } from './kernel.ts';
import { projectedKernel, rbfKernel } from './projected.ts';

/**
 * Makes a kernel again from what its `toJSON` gave, on any engine.
 *
 * @throws FormatError for what is no such data; what the kernel's own function throws.
 * @example
 * ```ts
 * import { angleFeatureMap, fidelityKernel, kernelFromJSON } from '@ketwork/kernels';
 * import { cpu } from '@ketwork/simulator';
 * const engine = await cpu();
 * const text = JSON.stringify(fidelityKernel(engine, angleFeatureMap(2)));
 * console.log(kernelFromJSON(engine, JSON.parse(text)).kind); // fidelity
 * ```
 */
export function kernelFromJSON(engine: Engine, json: KernelJSON, options?: MemoryOptions): Kernel;
export function kernelFromJSON(
  engine: AsyncEngine,
  json: KernelJSON,
  options?: MemoryOptions,
): AsyncKernel;
export function kernelFromJSON(
  engine: Engine | AsyncEngine,
  json: KernelJSON,
  options: MemoryOptions = {},
): Kernel | AsyncKernel {
  const { kind, circuit, settings } = json;
  const number = (name: string): number | undefined => {
    const value = settings[name];
    if (value !== undefined && typeof value !== 'number')
      throw new FormatError(`a kernel's ${name} is ${JSON.stringify(value)}, not a number`);
    return value;
  };
  const shots = number('shots');
  const gamma = number('gamma');
  const common = {
    ...options,
    ...(shots === undefined ? {} : { shots }),
    ...(gamma === undefined ? {} : { gamma }),
  };
  switch (kind) {
    case 'rbf':
      return rbfKernel(number('features') ?? 0, common);
    case 'projected':
      return projectedKernel(engine as Engine, parseCircuit(circuit), common);
    case 'fidelity':
      return fidelityKernel(engine as Engine, parseCircuit(circuit), {
        ...common,
        method: settings['method'] as 'states' | 'inversion',
        ...(number('measureDiagonal') === 1 ? { measureDiagonal: true } : {}),
      });
    default:
      throw new FormatError(`unknown kind of kernel ${JSON.stringify(kind)}`, {
        remedy: 'Give what toJSON() of a kernel returned',
      });
  }
}
