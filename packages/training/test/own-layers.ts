import { ops } from '@ketwork/nn';
import type { Layer, LayerKinds, Loss } from '@ketwork/nn';
import { existsSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

let passes = 0;

/** Passes through layers {@link factor} in this thread. */
export function passesHere(): number {
  return passes;
}

/** Multiplies by a number. In a worker it ends the thread, while there is no file at `until`, which it then writes; or always. */
export function factor(value: number, until?: string): Layer {
  const settings = { kind: 'factor', value, ...(until === undefined ? {} : { until }) };
  return {
    kind: 'factor',
    toJSON: () => settings,
    build: (shape) => ({
      kind: 'factor',
      inputShape: shape,
      outputShape: shape,
      parameters: [],
      buffers: [],
      couplesExamples: false,
      forward(x) {
        if (until !== undefined && !isMainThread && !existsSync(until)) {
          if (until !== 'never') writeFileSync(until, '');
          process.exit(3);
        }
        passes++;
        return ops.scale(x, value);
      },
    }),
  };
}

/** Half of the square. */
export const halfSquare: Loss = {
  name: 'halfSquare',
  apply(outputs, targets) {
    const y = outputs.tape.constant(Float64Array.from(targets), outputs.shape, 'batch');
    const difference = ops.sub(outputs, y);
    return ops.scale(ops.sum(ops.mul(difference, difference)), 0.5);
  },
};

export const kinds: LayerKinds = {
  factor: ({ value, until }: { value: number; until?: string }) => factor(value, until),
};
export const losses: readonly Loss[] = [halfSquare];
