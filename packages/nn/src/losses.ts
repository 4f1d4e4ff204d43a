import { sizeOf, ValueError } from '@ketwork/base';
import type { Loss, Tensor } from './contract.ts';
import { logistic } from './ops/elementwise.ts';
import { largestOf, logTotal } from './ops/reductions.ts';
import { shapeText } from './shape.ts';
import type { Rule } from './tape.ts';

/**
 * Softmax cross-entropy on logits `[classes]` (or `[rows, classes]`, then the mean over the rows), in nats.
 * Targets: integer labels `[batch]` (`[batch, rows]`) from 0 to classes - 1, or probabilities `[batch, classes]`
 * (`[batch, rows, classes]`) such as one-hot rows; the number of elements decides which. Put no softmax before it.
 *
 * @throws ValueError where the outputs have fewer than two classes, or the targets are of another length, are no labels
 * of these classes, or are rows that do not sum to 1.
 * @example
 * ```ts
 * import { crossEntropy, dense, sequential, valueAndGrad } from '@ketwork/nn';
 * const net = sequential(dense(2, 3));
 * net.build(1);
 * const { loss } = await valueAndGrad(net, crossEntropy)({ x: [0, 0], y: [2] });
 * console.log(loss); // log 3, since all logits are 0
 * ```
 */
export const crossEntropy: Loss = Object.freeze({
  name: 'crossEntropy',
  apply(outputs: Tensor, targets: ArrayLike<number>): Tensor {
    const size = checkOutputs('crossEntropy', outputs);
    const classes = outputs.shape[outputs.shape.length - 1] ?? 1;
    if (classes < 2) {
      throw new ValueError(
        `crossEntropy: outputs of shape ${shapeText(outputs.shape)} do not have two classes or more`,
        {
          remedy: 'Give the last layer one output per class, or use binaryCrossEntropy',
        },
      );
    }
    const probabilities = classRows(targets, outputs.tape.batch, size, classes);
    return recordLoss('crossEntropy', outputs, size, (z, from, gradient) => {
      const rows = size / classes;
      let loss = 0;
      for (let row = from; row < from + size; row += classes) {
        const largest = largestOf(z, row, classes);
        const shift = logTotal(z, row, classes, largest);
        for (let i = row; i < row + classes; i++) {
          const t = probabilities[i]!;
          const logProbability = z[i]! - largest - shift;
          if (t !== 0) loss -= (t * logProbability) / rows;
          gradient[i] = (Math.exp(logProbability) - t) / rows;
        }
      }
      return loss;
    });
  },
});

/**
 * Binary cross-entropy on logits of any shape, mean over the elements, in nats. Targets: `[batch, ...shape]`, each from
 * 0 to 1. Put no sigmoid before it.
 *
 * @throws ValueError where the targets are of another length or outside 0 to 1.
 * @example
 * ```ts
 * import { binaryCrossEntropy, dense, sequential, valueAndGrad } from '@ketwork/nn';
 * const net = sequential(dense(2, 1));
 * net.build(1);
 * const { loss } = await valueAndGrad(net, binaryCrossEntropy)({ x: [0, 0], y: [1] });
 * console.log(loss); // log 2, since the logit is 0
 * ```
 */
export const binaryCrossEntropy: Loss = Object.freeze({
  name: 'binaryCrossEntropy',
  apply(outputs: Tensor, targets: ArrayLike<number>): Tensor {
    const size = checkOutputs('binaryCrossEntropy', outputs);
    checkCount('binaryCrossEntropy', targets, outputs);
    for (let i = 0; i < targets.length; i++) {
      if (!(targets[i]! >= 0 && targets[i]! <= 1)) {
        throw new ValueError(
          `binaryCrossEntropy: target ${i} is ${targets[i]!}, not a number from 0 to 1`,
        );
      }
    }
    const y = targets instanceof Float64Array ? targets : new Float64Array(targets);
    return recordLoss('binaryCrossEntropy', outputs, size, (z, from, gradient) => {
      let loss = 0;
      for (let i = from; i < from + size; i++) {
        const v = z[i]!;
        // log(1 + e^v) - y v, arranged so that nothing overflows.
        loss += (Math.max(v, 0) - y[i]! * v + Math.log1p(Math.exp(-Math.abs(v)))) / size;
        gradient[i] = (logistic(v) - y[i]!) / size;
      }
      return loss;
    });
  },
});

/**
 * Mean squared error over the elements of outputs of any shape. Targets: `[batch, ...shape]`.
 *
 * @throws ValueError where the targets are of another length or not finite.
 * @example
 * ```ts
 * import { dense, mse, sequential, valueAndGrad } from '@ketwork/nn';
 * const net = sequential(dense(1, 1));
 * net.build(1);
 * const { loss } = await valueAndGrad(net, mse)({ x: [0, 0], y: [1, 3] });
 * console.log(loss); // 5
 * ```
 */
export const mse: Loss = Object.freeze({
  name: 'mse',
  apply(outputs: Tensor, targets: ArrayLike<number>): Tensor {
    const size = checkOutputs('mse', outputs);
    checkCount('mse', targets, outputs);
    for (let i = 0; i < targets.length; i++) {
      if (!Number.isFinite(targets[i]!))
        throw new ValueError(`mse: target ${i} is ${targets[i]!}, not a finite number`);
    }
    const y = targets instanceof Float64Array ? targets : new Float64Array(targets);
    return recordLoss('mse', outputs, size, (z, from, gradient) => {
      let loss = 0;
      for (let i = from; i < from + size; i++) {
        const difference = z[i]! - y[i]!;
        loss += (difference * difference) / size;
        gradient[i] = (2 * difference) / size;
      }
      return loss;
    });
  },
});

/**
 * Hinge loss `max(0, 1 - y · output)` of margin 1 on outputs of any shape, mean over the elements. Targets: `[batch, ...shape]`,
 * 1 for one class and 0 or -1 for the other. For an output from -1 to 1, such as the expectation value of a Pauli
 * operator, it is `1 - y · output`, the loss of Farhi and Neven (arXiv:1802.06002, eq. 19); the class is the sign of the output.
 *
 * @throws ValueError where the targets are of another length or other numbers.
 * @example
 * ```ts
 * import { dense, hinge, sequential, valueAndGrad } from '@ketwork/nn';
 * const net = sequential(dense(2, 1));
 * net.build(1);
 * const { loss } = await valueAndGrad(net, hinge)({ x: [0, 0], y: [1] });
 * console.log(loss); // 1
 * ```
 */
export const hinge: Loss = Object.freeze({
  name: 'hinge',
  apply(outputs: Tensor, targets: ArrayLike<number>): Tensor {
    const size = checkOutputs('hinge', outputs);
    checkCount('hinge', targets, outputs);
    for (let i = 0; i < targets.length; i++) {
      if (![-1, 0, 1].includes(targets[i]!))
        throw new ValueError(`hinge: target ${i} is ${targets[i]!}, not 1, 0 or -1`);
    }
    const y = Float64Array.from(targets, (target) => (target > 0 ? 1 : -1));
    return recordLoss('hinge', outputs, size, (z, from, gradient) => {
      let loss = 0;
      for (let i = from; i < from + size; i++) {
        const rest = 1 - y[i]! * z[i]!;
        loss += Math.max(0, rest) / size;
        gradient[i] = rest > 0 ? -y[i]! / size : 0;
      }
      return loss;
    });
  },
});

/**
 * The loss of that name, one of this package's; undefined where there is none.
 *
 * @example
 * ```ts
 * import { lossNamed, mse } from '@ketwork/nn';
 * console.log(lossNamed('mse') === mse); // true
 * ```
 */
export function lossNamed(name: string): Loss | undefined {
  return [binaryCrossEntropy, crossEntropy, hinge, mse].find((loss) => loss.name === name);
}

/** Records a loss whose example at `from` is computed by `example`, which also writes the derivatives by the outputs. */
function recordLoss(
  name: string,
  outputs: Tensor,
  size: number,
  example: (outputs: Float64Array, from: number, gradient: Float64Array) => number,
): Tensor {
  let derivatives: Float64Array = new Float64Array(0);
  const rule: Rule = {
    name,
    forward([z], batch, room) {
      const losses = new Float64Array(batch);
      derivatives = room(batch * size);
      for (let e = 0; e < batch; e++) losses[e] = example(z!, e * size, derivatives);
      return losses;
    },
    vjp(_inputs, _output, dy, batch, _wants, room) {
      const grad = room(derivatives.length);
      for (let e = 0; e < batch; e++) {
        const factor = dy[e]!;
        for (let i = e * size; i < (e + 1) * size; i++) grad[i] = factor * derivatives[i]!;
      }
      return [grad];
    },
  };
  return outputs.tape.record(rule, [outputs], []);
}

/** Labels or probabilities as probabilities, `[batch, ...output shape]`. */
function classRows(
  targets: ArrayLike<number>,
  batch: number,
  size: number,
  classes: number,
): Float64Array {
  const rows = (batch * size) / classes;
  if (targets.length === rows) {
    const out = new Float64Array(batch * size);
    for (let row = 0; row < rows; row++) {
      const label = targets[row]!;
      if (!Number.isInteger(label) || label < 0 || label >= classes) {
        throw new ValueError(
          `crossEntropy: label ${row} is ${label}, not an integer from 0 to ${classes - 1}`,
        );
      }
      out[row * classes + label] = 1;
    }
    return out;
  }
  if (targets.length !== batch * size) {
    throw new ValueError(
      `crossEntropy: ${targets.length} targets do not fit ${rows} rows of ${classes} classes`,
      {
        remedy: `Give ${rows} labels or ${batch * size} probabilities`,
      },
    );
  }
  const out = new Float64Array(targets);
  for (let row = 0; row < rows; row++) {
    let total = 0;
    let valid = true;
    for (let i = row * classes; i < (row + 1) * classes; i++) {
      total += out[i]!;
      valid &&= out[i]! >= 0;
    }
    if (!valid || !(Math.abs(total - 1) <= 1e-6)) {
      throw new ValueError(
        `crossEntropy: target row ${row} is not a list of probabilities that sum to 1`,
      );
    }
  }
  return out;
}

function checkOutputs(name: string, outputs: Tensor): number {
  if (outputs.axis !== 'batch')
    throw new ValueError(`${name}: the outputs do not depend on the examples`);
  return sizeOf(outputs.shape);
}

function checkCount(name: string, targets: ArrayLike<number>, outputs: Tensor): void {
  const expected = outputs.tape.batch * sizeOf(outputs.shape);
  if (targets.length !== expected) {
    throw new ValueError(
      `${name}: ${targets.length} targets do not fit outputs of shape ${shapeText([outputs.tape.batch, ...outputs.shape])}`,
      {
        remedy: `Give ${expected} targets, as many as the model has outputs`,
      },
    );
  }
}
