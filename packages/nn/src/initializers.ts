import {
  normal as drawNormal,
  sizeOf,
  uniform as drawUniform,
  UnsupportedError,
  ValueError,
} from '@ketwork/base';
import type { Key } from '@ketwork/base';
import type { Json, Shape } from './contract.ts';

/** What an initialiser knows about the array it fills. */
export interface InitializerInput {
  /** Shape of the array. */
  readonly shape: Shape;
  /** How many numbers one output is made from. */
  readonly fanIn: number;
  /** How many outputs one number goes into. */
  readonly fanOut: number;
}

/** A rule for the first values of a parameter. */
export interface Initializer {
  /** Name and settings as plain data. */
  readonly settings: Json;
  /** Draws the values, `[...shape]`. */
  create(input: InitializerInput, key: Key): Float64Array;
}

/**
 * Uniform in ±√(6 / (fanIn + fanOut)): keeps the variance of signals both ways through tanh-like layers
 * (Glorot and Bengio, AISTATS 2010). The default of dense and convolutional layers.
 *
 * @example
 * ```ts
 * import { dense, initializers } from '@ketwork/nn';
 * const layer = dense(4, 2, { init: initializers.glorotUniform() });
 * console.log(layer.kind); // dense
 * ```
 */
export function glorotUniform(): Initializer {
  return initializer({ name: 'glorotUniform' }, ({ shape, fanIn, fanOut }, key) =>
    symmetric(key, shape, Math.sqrt(6 / (fanIn + fanOut))),
  );
}

/**
 * Uniform in ±√(6 / fanIn): keeps the variance of signals through ReLU layers (He et al., arXiv:1502.01852).
 *
 * @example
 * ```ts
 * import { dense, initializers } from '@ketwork/nn';
 * const layer = dense(4, 2, { init: initializers.heUniform() });
 * console.log(layer.kind); // dense
 * ```
 */
export function heUniform(): Initializer {
  return initializer({ name: 'heUniform' }, ({ shape, fanIn }, key) =>
    symmetric(key, shape, Math.sqrt(6 / fanIn)),
  );
}

/**
 * Uniform in `[low, high)`.
 *
 * @throws ValueError where the interval is empty or not finite.
 * @example
 * ```ts
 * import { dense, initializers } from '@ketwork/nn';
 * const layer = dense(4, 2, { init: initializers.uniform(-0.1, 0.1) });
 * console.log(layer.kind); // dense
 * ```
 */
export function uniform(low: number, high: number): Initializer {
  if (!(high > low) || !Number.isFinite(high - low)) {
    throw new ValueError(
      `initializers.uniform: the interval [${low}, ${high}) is empty or not finite`,
    );
  }
  return initializer({ name: 'uniform', low, high }, ({ shape }, key) =>
    drawUniform(key, sizeOf(shape), { low, high }),
  );
}

/**
 * Normal with this standard deviation and mean 0.
 *
 * @throws ValueError where the deviation is negative or not finite.
 * @example
 * ```ts
 * import { dense, initializers } from '@ketwork/nn';
 * const layer = dense(4, 2, { init: initializers.normal(0.01) });
 * console.log(layer.kind); // dense
 * ```
 */
export function normal(deviation: number): Initializer {
  if (!(deviation >= 0 && deviation < Infinity)) {
    throw new ValueError(
      `initializers.normal: the deviation ${deviation} is not a finite number of at least 0`,
    );
  }
  return initializer({ name: 'normal', deviation }, ({ shape }, key) =>
    drawNormal(key, sizeOf(shape), { deviation }),
  );
}

/**
 * All zeros. The default of biases.
 *
 * @example
 * ```ts
 * import { dense, initializers } from '@ketwork/nn';
 * const layer = dense(4, 2, { init: initializers.zeros() });
 * console.log(layer.kind); // dense
 * ```
 */
export function zeros(): Initializer {
  return initializer({ name: 'zeros' }, ({ shape }) => new Float64Array(sizeOf(shape)));
}

/**
 * All of one value.
 *
 * @throws ValueError where it is not finite.
 * @example
 * ```ts
 * import { dense, initializers } from '@ketwork/nn';
 * const layer = dense(4, 2, { init: initializers.constant(0.5) });
 * console.log(layer.kind); // dense
 * ```
 */
export function constant(value: number): Initializer {
  if (!Number.isFinite(value))
    throw new ValueError(`initializers.constant: ${value} is not finite`);
  return initializer({ name: 'constant', value }, ({ shape }) =>
    new Float64Array(sizeOf(shape)).fill(value),
  );
}

/**
 * An initialiser made again from its settings, as layers keep them in their JSON.
 *
 * @throws UnsupportedError where they are not those of an initialiser of this package; ValueError where a number does not fit.
 * @example
 * ```ts
 * import { initializers } from '@ketwork/nn';
 * const { settings } = initializers.normal(0.01);
 * console.log(initializers.fromJSON(settings).settings); // { name: 'normal', deviation: 0.01 }
 * ```
 */
export function fromJSON(settings: Json): Initializer {
  const given = (settings ?? {}) as Readonly<Record<string, unknown>>;
  switch (given['name']) {
    case 'glorotUniform':
      return glorotUniform();
    case 'heUniform':
      return heUniform();
    case 'uniform':
      return uniform(given['low'] as number, given['high'] as number);
    case 'normal':
      return normal(given['deviation'] as number);
    case 'zeros':
      return zeros();
    case 'constant':
      return constant(given['value'] as number);
    default:
      throw new UnsupportedError(
        `there is no initialiser ${JSON.stringify(settings)} that could be made again`,
        {
          remedy:
            'Use one of initializers, or make the layers in code and load their parameters with loadState',
        },
      );
  }
}

function initializer(settings: Json, create: Initializer['create']): Initializer {
  return Object.freeze({ settings, create });
}

function symmetric(key: Key, shape: Shape, limit: number): Float64Array {
  return drawUniform(key, sizeOf(shape), { low: -limit, high: limit });
}
