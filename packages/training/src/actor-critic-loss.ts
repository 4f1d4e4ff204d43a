import type { Rule, Tensor } from '@ketwork/nn';

/** What happened in a window of steps, by environment: `[environments, steps]`. */
export interface Window {
  /** Steps of the window. */
  readonly steps: number;
  /** Which action was taken. */
  readonly actions: Uint32Array;
  /** What it earned. */
  readonly rewards: Float64Array;
  /** 1 where the episode ended with it. */
  readonly ends: Uint8Array;
}

/** Weights of the parts of the loss. */
export interface LossWeights {
  /** Discount of the reward of the next step. */
  readonly discount: number;
  /** Weight of the squared error of the values. */
  readonly valueWeight: number;
  /** Weight of the entropy of the actions. */
  readonly entropyWeight: number;
}

/** The parts of the loss of the last pass, means over environments and steps. */
export interface LossParts {
  policy: number;
  value: number;
  entropy: number;
}

/**
 * Records the loss of each environment, mean over the window, from logits `[steps + 1, actions]` and values
 * `[steps + 1]`; those of the last step are of the observation after the window, whose value stands for all rewards to
 * come. Per step, with the return `R_t = r_t + discount · R_{t+1}` (0 after the end of an episode) and the advantage
 * `A = R - V`, both taken as given: `-A log π(a) + valueWeight (R - V)²/2 - entropyWeight · H(π)`.
 */
export function actorCriticLoss(
  logits: Tensor,
  values: Tensor,
  window: Window,
  weights: LossWeights,
  parts: LossParts,
): Tensor {
  const { steps, actions, rewards, ends } = window;
  const { discount, valueWeight, entropyWeight } = weights;
  const choices = logits.shape[1]!;
  let dLogits = new Float64Array(0);
  let dValues = new Float64Array(0);
  const rule: Rule = {
    name: 'actorCriticLoss',
    forward([z, v], batch) {
      dLogits = new Float64Array(z!.length);
      dValues = new Float64Array(v!.length);
      const losses = new Float64Array(batch);
      const log = new Float64Array(choices);
      parts.policy = 0;
      parts.value = 0;
      parts.entropy = 0;
      for (let e = 0; e < batch; e++) {
        let next = v![e * (steps + 1) + steps]!;
        for (let t = steps - 1; t >= 0; t--) {
          const at = e * steps + t;
          const row = e * (steps + 1) + t;
          next = rewards[at]! + (ends[at] === 0 ? discount * next : 0);
          const advantage = next - v![row]!;
          const entropy = logSoftmax(z!, row * choices, choices, log);
          const action = actions[at]!;
          for (let j = 0; j < choices; j++) {
            const p = Math.exp(log[j]!);
            dLogits[row * choices + j] =
              (advantage * (p - (j === action ? 1 : 0)) + entropyWeight * p * (log[j]! + entropy)) /
              steps;
          }
          dValues[row] = (-valueWeight * advantage) / steps;
          parts.policy -= (advantage * log[action]!) / (steps * batch);
          parts.value += advantage ** 2 / (2 * steps * batch);
          parts.entropy += entropy / (steps * batch);
          losses[e]! +=
            (-advantage * log[action]! +
              (valueWeight * advantage ** 2) / 2 -
              entropyWeight * entropy) /
            steps;
        }
      }
      return losses;
    },
    vjp(_inputs, _output, dy, batch) {
      const scaled = (derivatives: Float64Array): Float64Array => {
        const width = derivatives.length / batch;
        return derivatives.map((d, i) => d * dy[Math.floor(i / width)]!);
      };
      return [scaled(dLogits), scaled(dValues)];
    },
  };
  return logits.tape.record(rule, [logits, values], []);
}

/** Writes the logarithms of the probabilities of a row of logits and returns their entropy in nats. */
export function logSoftmax(
  logits: Float64Array,
  from: number,
  choices: number,
  out: Float64Array,
): number {
  let largest = -Infinity;
  for (let j = 0; j < choices; j++) largest = Math.max(largest, logits[from + j]!);
  let total = 0;
  for (let j = 0; j < choices; j++) total += Math.exp(logits[from + j]! - largest);
  const shift = largest + Math.log(total);
  let entropy = 0;
  for (let j = 0; j < choices; j++) {
    const log = logits[from + j]! - shift;
    out[j] = log;
    entropy -= Math.exp(log) * log;
  }
  return entropy;
}
