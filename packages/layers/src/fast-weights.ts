import { ops } from '@ketwork/nn';
import type { Rule, Tensor } from '@ketwork/nn';

/** What {@link fastWeights} may begin from, and what it gives back. */
export interface FastWeightsOptions {
  /** Fast weights before the first step, `[layers, qubits]`; zeros by default. */
  readonly state?: Tensor | undefined;
  /** 1 for each step before which the fast weights are set to zero, else 0, `[steps]`. */
  readonly starts?: Tensor | undefined;
  /** Share of the fast weights that is left after a step. */
  readonly decay: number;
  /** Only the fast weights of the last step, `[1, layers, qubits]`. */
  readonly last: boolean;
}

/**
 * Fast weights of all steps, `[steps, layers, qubits]`: `θ_t = decay · θ_{t-1} + l_t q_tᵀ` from the factors
 * `l` `[steps, layers]` and `q` `[steps, qubits]`. One operation with a closed gradient, since a tape of one product and one
 * sum per step would cost more than the circuits.
 */
export function fastWeights(l: Tensor, q: Tensor, options: FastWeightsOptions): Tensor {
  const { state, starts, decay, last } = options;
  const steps = l.shape[0]!;
  const sizes = { steps, layers: l.shape[1]!, qubits: q.shape[1]!, decay, last };
  const given = [l, q, ...(state === undefined ? [] : [state])];
  // Gradients are written per example; where anything is, everything must be on the batch axis.
  const batched = [...given, ...(starts === undefined ? [] : [starts])].some(
    ({ axis }) => axis === 'batch',
  );
  const fit = (tensor: Tensor): Tensor => (batched ? ops.expand(tensor) : tensor);
  const inputs = [...given, ...(starts === undefined ? [] : [starts])].map(fit);
  const places = {
    state: state === undefined ? undefined : 2,
    starts: starts === undefined ? undefined : given.length,
  };
  return l.tape.record(rule(sizes, places), inputs, [last ? 1 : steps, sizes.layers, sizes.qubits]);
}

interface Sizes {
  readonly steps: number;
  readonly layers: number;
  readonly qubits: number;
  readonly decay: number;
  readonly last: boolean;
}

/** Where among the inputs of the rule the optional ones are. */
interface Places {
  readonly state: number | undefined;
  readonly starts: number | undefined;
}

function rule({ steps, layers, qubits, decay, last }: Sizes, places: Places): Rule {
  const size = layers * qubits;
  return {
    name: 'fastWeights',
    forward(inputs, batch) {
      const [l, q] = inputs as readonly [Float64Array, Float64Array];
      const state = places.state === undefined ? undefined : inputs[places.state]!;
      const starts = places.starts === undefined ? undefined : inputs[places.starts]!;
      const rows = last ? 1 : steps;
      const out = new Float64Array(batch * rows * size);
      for (let e = 0; e < batch; e++) {
        let before = -1;
        for (let t = 0; t < steps; t++) {
          const at = (e * rows + (last ? 0 : t)) * size;
          if (starts !== undefined && starts[e * steps + t] !== 0) {
            if (last) out.fill(0, at, at + size);
          } else if (t > 0) {
            for (let i = 0; i < size; i++) out[at + i] = decay * out[before + i]!;
          } else if (state !== undefined) {
            for (let i = 0; i < size; i++) out[at + i] = decay * state[e * size + i]!;
          }
          addOuter(l, (e * steps + t) * layers, q, (e * steps + t) * qubits, out, at);
          before = at;
        }
      }
      return out;
    },
    vjp(inputs, _output, dy, batch, wants) {
      const [l, q] = inputs as readonly [Float64Array, Float64Array];
      const starts = places.starts === undefined ? undefined : inputs[places.starts]!;
      const dl = new Float64Array(l.length);
      const dq = new Float64Array(q.length);
      const wantState = places.state !== undefined && wants[places.state] !== 'none';
      const dState = wantState ? new Float64Array(batch * size) : undefined;
      // Gradient of the fast weights of a step: what the step itself and all later ones up to the next start get.
      const g = new Float64Array(size);
      for (let e = 0; e < batch; e++) {
        if (last) g.set(dy.subarray(e * size, (e + 1) * size));
        else g.fill(0);
        for (let t = steps - 1; t >= 0; t--) {
          const row = e * steps + t;
          if (!last) for (let i = 0; i < size; i++) g[i]! += dy[row * size + i]!;
          for (let i = 0; i < layers; i++) {
            let sum = 0;
            for (let j = 0; j < qubits; j++) {
              const v = g[i * qubits + j]!;
              sum += v * q[row * qubits + j]!;
              dq[row * qubits + j]! += v * l[row * layers + i]!;
            }
            dl[row * layers + i] = sum;
          }
          const kept = starts !== undefined && starts[row] !== 0 ? 0 : decay;
          for (let i = 0; i < size; i++) g[i]! *= kept;
        }
        dState?.set(g, e * size);
      }
      const results: (Float64Array | undefined)[] = inputs.map(() => undefined);
      if (wants[0] !== 'none') results[0] = dl;
      if (wants[1] !== 'none') results[1] = dq;
      if (places.state !== undefined) results[places.state] = dState;
      return results;
    },
  };

  function addOuter(
    l: Float64Array,
    fromL: number,
    q: Float64Array,
    fromQ: number,
    out: Float64Array,
    at: number,
  ): void {
    for (let i = 0; i < layers; i++) {
      const factor = l[fromL + i]!;
      for (let j = 0; j < qubits; j++) out[at + i * qubits + j]! += factor * q[fromQ + j]!;
    }
  }
}
