/** Functions written once per process and numerics: kernels by their structure, and the fixed ones when first called. */
import type { FunctionBuilder } from '@ketwork/base';
import { numericsId } from './arithmetic.ts';
import type { Numerics } from './arithmetic.ts';
import type { KernelSpec } from './kernel-spec.ts';
import { writeKernel } from './kernel.ts';
import type { LinkedFunction } from './link.ts';
import { runtimeFunctions } from './runtime.ts';

/** Kernels written so far by what they were written from, in the order of use. */
const kernels = new Map<string, FunctionBuilder>();
const KERNEL_LIMIT = 2048;

/**
 * The kernel of a structure.
 *
 * @param id tells the structure and its fixed arguments from others
 */
export function kernelOnce(
  id: string,
  spec: KernelSpec,
  numerics: Numerics,
  fixed?: readonly number[],
): FunctionBuilder {
  const key = `${numericsId(numerics)} ${id}`;
  const body = kernels.get(key) ?? writeKernel(spec, numerics, fixed);
  kernels.delete(key);
  kernels.set(key, body);
  if (kernels.size > KERNEL_LIMIT) kernels.delete(kernels.keys().next().value as string);
  return body;
}

const fixedBodies = new Map<string, readonly LinkedFunction[]>();

/**
 * The fixed functions in the order of `runtime`, each written when a module first takes it.
 *
 * @param long for states so large that sums over them are taken in doubles
 */
export function fixedFunctions(numerics: Numerics, long = false): readonly LinkedFunction[] {
  const id = `${numericsId(numerics)}${long ? ' long' : ''}`;
  let functions = fixedBodies.get(id);
  if (functions === undefined) {
    functions = runtimeFunctions(numerics, long).map((write): LinkedFunction => {
      let body: FunctionBuilder | undefined;
      return {
        get body(): FunctionBuilder {
          return (body ??= write());
        },
      };
    });
    fixedBodies.set(id, functions);
  }
  return functions;
}
