/** Functions written once per process and numerics: kernels by their structure, and the fixed ones when first called. */
import type { FunctionBuilder } from '@ketwork/base';
import { numericsId } from './arithmetic.ts';
import type { Numerics } from './arithmetic.ts';
import type { KernelSpec } from './kernel-spec.ts';
import { writeKernel } from './kernel.ts';
import type { LinkedFunction } from './link.ts';
import { runtimeFunctions } from './runtime.ts';

/** Kernels written so far, by what they were written from: those in use, and those that were when these became many. */
interface Kernels {
  young: Map<string, FunctionBuilder>;
  old: Map<string, FunctionBuilder>;
}

const kernels = new Map<string, Kernels>();
const KERNEL_LIMIT = 1024;

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
  const format = numericsId(numerics);
  let known = kernels.get(format);
  if (known === undefined) {
    known = { young: new Map(), old: new Map() };
    kernels.set(format, known);
  }
  let body = known.young.get(id);
  if (body !== undefined) return body;
  body = known.old.get(id) ?? writeKernel(spec, numerics, fixed);
  if (known.young.size >= KERNEL_LIMIT) {
    known.old = known.young;
    known.young = new Map();
  }
  known.young.set(id, body);
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
