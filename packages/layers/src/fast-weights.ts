import { ops } from '@ketwork/nn';
import type { Rule, Tensor, Want } from '@ketwork/nn';

/** The slow programmer: three linear layers, each a weight `[fan in, fan out]` and a bias. */
export interface SlowProgrammer {
  /** Numbers of a step to the hidden vector z. */
  readonly latent: readonly [weight: Tensor, bias: Tensor];
  /** z to one factor per layer of the circuit. */
  readonly layer: readonly [weight: Tensor, bias: Tensor];
  /** z to one factor per qubit. */
  readonly qubit: readonly [weight: Tensor, bias: Tensor];
}

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
 * Fast weights of all steps, `[steps, layers, qubits]`, of the numbers `x` `[steps, inputs]`: `θ_t = decay · θ_{t-1} + l qᵀ`
 * with `z = W_e x_t + b_e`, `l = W_l z + b_l`, `q = W_q z + b_q`. One operation with a closed gradient, since a tape of these
 * products and sums would cost more than the circuits. Nothing lies between the linear layers, so their product is made
 * once and steps see one matrix from their numbers to l and q; on the way back its gradient is made first.
 */
export function fastWeights(x: Tensor, slow: SlowProgrammer, options: FastWeightsOptions): Tensor {
  const { state, starts, decay, last } = options;
  const [steps, inputs] = x.shape as readonly [number, number];
  const [latent, layers, qubits] = [slow.latent, slow.layer, slow.qubit].map(
    ([, bias]) => bias.shape[0]!,
  ) as [number, number, number];
  const data = [
    x,
    ...(state === undefined ? [] : [state]),
    ...(starts === undefined ? [] : [starts]),
  ];
  // Gradients are written per example; where anything is, everything but the slow programmer is on the batch axis.
  const batched = data.some(({ axis }) => axis === 'batch');
  const fitted = data.map((tensor) => (batched ? ops.expand(tensor) : tensor));
  const places = {
    state: state === undefined ? undefined : SLOW + 1,
    starts: starts === undefined ? undefined : SLOW + data.length - 1,
  };
  const shape = [last ? 1 : steps, layers, qubits];
  return x.tape.record(
    rule({ steps, inputs, latent, layers, qubits, decay, last }, places),
    [...slow.latent, ...slow.layer, ...slow.qubit, ...fitted],
    shape,
  );
}

/** Number of the slow programmer's parameters, which are the first inputs; x follows. */
const SLOW = 6;

interface Sizes {
  readonly steps: number;
  readonly inputs: number;
  readonly latent: number;
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

function rule(sizes: Sizes, places: Places): Rule {
  const { steps, inputs, layers, qubits, decay, last } = sizes;
  const size = layers * qubits;
  const width = layers + qubits;
  const bias = inputs * width;
  return {
    name: 'fastWeights',
    forward(given, batch, room) {
      const map = combined(given, sizes);
      const x = given[SLOW]!;
      const state = places.state === undefined ? undefined : given[places.state]!;
      const starts = places.starts === undefined ? undefined : given[places.starts]!;
      const factors = new Float64Array(width);
      const rows = last ? 1 : steps;
      const out = room(batch * rows * size);
      for (let e = 0; e < batch; e++) {
        let before = -1;
        for (let t = 0; t < steps; t++) {
          const row = e * steps + t;
          const at = (e * rows + (last ? 0 : t)) * size;
          apply(map, x, row, factors);
          let kept = decay;
          let from = out;
          let start = before;
          if (starts !== undefined && starts[row] !== 0) kept = 0;
          else if (t === 0 && state !== undefined) {
            from = state;
            start = e * size;
          } else if (t === 0) kept = 0;
          for (let i = 0; i < layers; i++) {
            const factor = factors[i]!;
            for (let j = 0; j < qubits; j++) {
              const k = i * qubits + j;
              // What is not kept may be anything.
              const old = kept === 0 ? 0 : kept * from[start + k]!;
              out[at + k] = old + factor * factors[layers + j]!;
            }
          }
          before = at;
        }
      }
      return out;
    },
    vjp(given, _output, dy, batch, wants, room) {
      const map = combined(given, sizes);
      const x = given[SLOW]!;
      const starts = places.starts === undefined ? undefined : given[places.starts]!;
      const factors = new Float64Array(width);
      const slopes = new Float64Array(width);
      const perExample = wants.slice(0, SLOW).includes('perExample');
      const sums = new Float64Array((perExample ? batch : 1) * map.length);
      const dx = wants[SLOW] === 'none' ? undefined : room(x.length);
      const wantState = places.state !== undefined && wants[places.state] !== 'none';
      const dState = wantState ? new Float64Array(batch * size) : undefined;
      // Gradient of the fast weights of a step: what the step itself and all later ones up to the next start get.
      const g = new Float64Array(size);
      for (let e = 0; e < batch; e++) {
        const into = perExample ? e * map.length : 0;
        if (last) for (let i = 0; i < size; i++) g[i] = dy[e * size + i]!;
        else g.fill(0);
        for (let t = steps - 1; t >= 0; t--) {
          const row = e * steps + t;
          for (let i = 0; !last && i < size; i++) g[i]! += dy[row * size + i]!;
          apply(map, x, row, factors);
          for (let i = 0; i < layers; i++) {
            let sum = 0;
            for (let j = 0; j < qubits; j++) sum += g[i * qubits + j]! * factors[layers + j]!;
            slopes[i] = sum;
          }
          for (let j = 0; j < qubits; j++) {
            let sum = 0;
            for (let i = 0; i < layers; i++) sum += g[i * qubits + j]! * factors[i]!;
            slopes[layers + j] = sum;
          }
          for (let c = 0; c < width; c++) sums[into + bias + c]! += slopes[c]!;
          for (let n = 0; n < inputs; n++) {
            const value = x[row * inputs + n]!;
            let sum = 0;
            for (let c = 0; c < width; c++) {
              const slope = slopes[c]!;
              sums[into + n * width + c]! += value * slope;
              sum += slope * map[n * width + c]!;
            }
            if (dx !== undefined) dx[row * inputs + n] = sum;
          }
          const kept = starts !== undefined && starts[row] !== 0 ? 0 : decay;
          for (let i = 0; i < size; i++) g[i]! *= kept;
        }
        dState?.set(g, e * size);
      }
      const results: (Float64Array | undefined)[] = slowGradients(given, sums, sizes, wants);
      results[SLOW] = dx;
      if (places.state !== undefined) results[places.state] = dState;
      if (places.starts !== undefined) results[places.starts] = undefined;
      return results;
    },
  };

  /** The factors l and q of a step. */
  function apply(map: Float64Array, x: Float64Array, row: number, factors: Float64Array): void {
    for (let c = 0; c < width; c++) factors[c] = map[bias + c]!;
    for (let n = 0; n < inputs; n++) {
      const value = x[row * inputs + n]!;
      for (let c = 0; c < width; c++) factors[c]! += value * map[n * width + c]!;
    }
  }
}

/** The product of the linear layers: `[inputs + 1, layers + qubits]`, the last row for biases. */
function combined(given: readonly Float64Array[], sizes: Sizes): Float64Array {
  const { inputs, latent, layers, qubits } = sizes;
  const [we, be] = given as readonly [Float64Array, Float64Array];
  const width = layers + qubits;
  const map = new Float64Array((inputs + 1) * width);
  const second = behind(given, sizes);
  for (let c = 0; c < width; c++)
    map[inputs * width + c] = c < layers ? given[3]![c]! : given[5]![c - layers]!;
  for (let n = 0; n <= inputs; n++)
    for (let k = 0; k < latent; k++) {
      const value = n < inputs ? we[n * latent + k]! : be[k]!;
      for (let c = 0; c < width; c++) map[n * width + c]! += value * second[k * width + c]!;
    }
  return map;
}

/** The weights behind z side by side, `[latent, layers + qubits]`. */
function behind(given: readonly Float64Array[], { latent, layers, qubits }: Sizes): Float64Array {
  const width = layers + qubits;
  const out = new Float64Array(latent * width);
  for (let k = 0; k < latent; k++) {
    for (let c = 0; c < layers; c++) out[k * width + c] = given[2]![k * layers + c]!;
    for (let c = 0; c < qubits; c++) out[k * width + layers + c] = given[4]![k * qubits + c]!;
  }
  return out;
}

/** Gradients of the slow programmer's parameters from those of the product, of all examples or a row each. */
function slowGradients(
  given: readonly Float64Array[],
  sums: Float64Array,
  sizes: Sizes,
  wants: readonly Want[],
): (Float64Array | undefined)[] {
  const { inputs, latent, layers, qubits } = sizes;
  const [we, be] = given as readonly [Float64Array, Float64Array];
  const width = layers + qubits;
  const length = (inputs + 1) * width;
  const rows = sums.length / length;
  const second = behind(given, sizes);
  const out = Array.from({ length: SLOW }, (_, i) =>
    wants[i] === 'none' ? undefined : new Float64Array(rows * given[i]!.length),
  );
  const [dWe, dBe, dWl, dBl, dWq, dBq] = out;
  for (let row = 0; row < rows; row++) {
    const m = sums.subarray(row * length, (row + 1) * length);
    for (let n = 0; n <= inputs; n++)
      for (let k = 0; k < latent; k++) {
        const value = n < inputs ? we[n * latent + k]! : be[k]!;
        let sum = 0;
        for (let c = 0; c < width; c++) {
          const slope = m[n * width + c]!;
          sum += slope * second[k * width + c]!;
          if (c < layers && dWl !== undefined)
            dWl[(row * latent + k) * layers + c]! += value * slope;
          if (c >= layers && dWq !== undefined)
            dWq[(row * latent + k) * qubits + c - layers]! += value * slope;
        }
        if (n < inputs && dWe !== undefined) dWe[(row * inputs + n) * latent + k] = sum;
        if (n === inputs && dBe !== undefined) dBe[row * latent + k] = sum;
      }
    const biases = m.subarray(inputs * width);
    dBl?.set(biases.subarray(0, layers), row * layers);
    dBq?.set(biases.subarray(layers), row * qubits);
  }
  return out;
}
