import { KetworkError, ValueError } from '@ketwork/base';
import type { CheckedProgram } from './compile.ts';
import type { VjpOptions } from './contract.ts';

/**
 * Refuses any use of a program or engine after its `dispose`.
 *
 * @throws KetworkError with code `DISPOSED`
 *
 * @example
 * ```ts
 * import { checkAlive } from '@ketwork/simulator';
 * checkAlive(false);
 * console.log('alive'); // alive
 * ```
 */
export function checkAlive(disposed: boolean, what: 'program' | 'engine' = 'program'): void {
  if (disposed) {
    throw new KetworkError('DISPOSED', `this ${what} was disposed`, {
      remedy: what === 'program' ? 'Compile the circuit again' : 'Make a new engine',
    });
  }
}

/**
 * Refuses an array for the result that does not hold exactly one exact result `[batch, outputs]`, or that is no
 * `Float64Array`.
 *
 * @throws ValueError
 *
 * @example
 * ```ts
 * import { checkOut } from '@ketwork/simulator';
 * checkOut(new Float64Array(6), { outputSizes: [2], outputShapes: [[2]] }, 3);
 * console.log('fits'); // fits
 * ```
 */
export function checkOut(
  out: Float64Array | undefined,
  { outputSizes, outputShapes }: Pick<CheckedProgram, 'outputSizes' | 'outputShapes'>,
  batch: number,
): void {
  if (out === undefined) return;
  const [size] = outputSizes;
  if (outputSizes.length !== 1 || size === undefined) {
    throw new ValueError(`'out' cannot hold the results of ${outputSizes.length} measurements`, {
      remedy: 'Leave it out, or compile one measurement',
    });
  }
  const shape = `[${[batch, ...(outputShapes[0] ?? [])].join(', ')}]`;
  if (!((out as unknown) instanceof Float64Array)) {
    throw new ValueError("'out' is not a Float64Array", {
      remedy: `Give a Float64Array of length ${batch * size}: the result has shape ${shape}`,
    });
  }
  if (out.length !== batch * size) {
    throw new ValueError(`'out' has ${out.length} numbers and the result has ${batch * size}`, {
      remedy: `Give a Float64Array of length ${batch * size}: the result has shape ${shape}`,
    });
  }
}

/** The refusal of an array for the result where shots are drawn. */
export function outWithShots(): ValueError {
  return new ValueError("'out' cannot be used by a program that draws shots", {
    remedy: 'Leave it out',
  });
}

/**
 * Refuses options of a vjp that exclude each other.
 *
 * @throws ValueError
 *
 * @example
 * ```ts
 * import { checkVjpOptions } from '@ketwork/simulator';
 * checkVjpOptions({ perExample: true });
 * console.log('fine'); // fine
 * ```
 */
export function checkVjpOptions(options: VjpOptions): void {
  if (options.perExample === true && options.squaredNorms === true) {
    throw new ValueError('vjp was asked for both perExample and squaredNorms', {
      remedy: 'Ask for one: the norms follow from the gradients of each example',
    });
  }
}

/** The options without memory to reuse, for calls that go to another thread or in parts. */
export function withoutReuse<Options extends VjpOptions>(options: Options): Omit<Options, 'reuse'> {
  const { reuse: _unused, ...others } = options;
  return others;
}
