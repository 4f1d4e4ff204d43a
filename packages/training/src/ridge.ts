import { ValueError } from '@ketwork/base';
import { Matrix, QrDecomposition } from 'ml-matrix';

/** Options of {@link ridgeRegression}. */
export interface RidgeOptions {
  /** Weight λ of the penalty. Default 1e-6. */
  readonly lambda?: number;
  /** Numbers per target. Default 1. */
  readonly outputs?: number;
}

/** A linear model, see {@link ridgeRegression}. */
export interface RidgeModel {
  /** W, row-major `[features, outputs]`, as the weight of a `dense` layer. */
  readonly weights: Float64Array;
  /** b, `[outputs]`, as its bias. */
  readonly bias: Float64Array;
  /**
   * `f W + b` for each example, `[examples, outputs]`, from features `[examples, features]`.
   * @throws ValueError where the features do not fit.
   */
  predict(features: ArrayLike<number>): Float64Array;
}

/**
 * Linear regression with a penalty, in closed form: the minimum of `Σ_e |f_e W + b - t_e|² + λ |W|²`, with a constant b that
 * is not penalised. Reservoirs read their features this way.
 *
 * It is solved by QR decomposition of the centred features with `√λ` times the unit matrix below, which keeps small
 * penalties exact where squaring the features would lose half of the digits.
 *
 * @param features Row-major `[examples, features]`.
 * @param targets `[examples]` or `[examples, outputs]`.
 * @throws ValueError where lengths do not fit, there are no examples, λ is negative or a value is not finite; with λ = 0
 * where the features are linearly dependent.
 * @example
 * ```ts
 * import { ridgeRegression } from '@ketwork/training';
 * const line = ridgeRegression([0, 1, 2, 3], [1, 3, 5, 7]);
 * console.log(line.weights[0]!.toFixed(3), line.bias[0]!.toFixed(3)); // 2.000 1.000
 * ```
 */
export function ridgeRegression(
  features: ArrayLike<number>,
  targets: ArrayLike<number>,
  options: RidgeOptions = {},
): RidgeModel {
  const { lambda = 1e-6, outputs = 1 } = options;
  if (!(lambda >= 0 && lambda < Infinity))
    throw new ValueError(`ridgeRegression: lambda ${lambda} is not a number of at least 0`);
  if (!Number.isSafeInteger(outputs) || outputs < 1)
    throw new ValueError(`ridgeRegression: ${outputs} outputs are not a positive integer`);
  const examples = targets.length / outputs;
  const width = features.length / examples;
  if (
    !Number.isSafeInteger(examples) ||
    examples < 1 ||
    !Number.isSafeInteger(width) ||
    width < 1
  ) {
    throw new ValueError(
      `ridgeRegression: ${features.length} features and ${targets.length} targets do not make examples with ${outputs} targets each`,
      { remedy: 'Give features [examples, features] and targets [examples, outputs]' },
    );
  }
  const x = matrixOf('features', features, examples, width);
  const y = matrixOf('targets', targets, examples, outputs);
  const means = x.mean('column');
  const middle = y.mean('column');
  x.subRowVector(means);
  y.subRowVector(middle);
  const rows = lambda === 0 ? examples : examples + width;
  const system = Matrix.zeros(rows, width).setSubMatrix(x, 0, 0);
  const right = Matrix.zeros(rows, outputs).setSubMatrix(y, 0, 0);
  for (let i = 0; i < rows - examples; i++) system.set(examples + i, i, Math.sqrt(lambda));
  const qr = rows < width ? undefined : new QrDecomposition(system);
  if (qr === undefined || !independent(qr)) {
    throw new ValueError(
      `ridgeRegression: ${width} features of ${examples} examples are linearly dependent, so there is no one solution without a penalty`,
      { remedy: 'Give a lambda above 0, such as 1e-6' },
    );
  }
  const solution = qr.solve(right);
  const weights = Float64Array.from(solution.to1DArray());
  const bias = Float64Array.from(middle, (value, o) =>
    means.reduce((sum, mean, i) => sum - weights[i * outputs + o]! * mean, value),
  );
  return Object.freeze<RidgeModel>({
    weights,
    bias,
    predict(inputs) {
      const count = inputs.length / width;
      if (!Number.isSafeInteger(count)) {
        throw new ValueError(
          `ridgeRegression: ${inputs.length} numbers are not examples of ${width} features`,
        );
      }
      const out = new Float64Array(count * outputs);
      for (let e = 0; e < count; e++) {
        for (let o = 0; o < outputs; o++) {
          let sum = bias[o]!;
          for (let i = 0; i < width; i++) sum += weights[i * outputs + o]! * inputs[e * width + i]!;
          out[e * outputs + o] = sum;
        }
      }
      return out;
    },
  });
}

/** Whether no diagonal element of R is as good as zero. */
function independent(qr: QrDecomposition): boolean {
  const diagonal = qr.upperTriangularMatrix.diagonal().map(Math.abs);
  return Math.min(...diagonal) > 1e-14 * Math.max(...diagonal);
}

function matrixOf(what: string, values: ArrayLike<number>, rows: number, columns: number): Matrix {
  const out = new Matrix(rows, columns);
  for (let i = 0; i < rows * columns; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value))
      throw new ValueError(
        `ridgeRegression: the ${what} of example ${Math.floor(i / columns)} hold ${value}`,
      );
    out.set(Math.floor(i / columns), i % columns, value);
  }
  return out;
}
