import type { Rule, Tensor } from '@ketwork/nn';

/**
 * Probabilities that the first qubits of states `[2^n, 2]` show the numbers 0 to `outcomes - 1`: `[outcomes]`. Each
 * stands for `2^(n - qubits)` neighbouring basis states.
 */
export function leadingProbabilities(state: Tensor, qubits: number, outcomes: number): Tensor {
  const width = 2 * state.shape[0]!;
  const part = width / 2 ** qubits;
  const rule: Rule = {
    name: 'leadingProbabilities',
    forward([psi], batch) {
      const out = new Float64Array(batch * outcomes);
      for (let e = 0; e < batch; e++) {
        for (let c = 0; c < outcomes; c++) {
          let sum = 0;
          const start = e * width + c * part;
          for (let i = start; i < start + part; i++) sum += psi![i]! * psi![i]!;
          out[e * outcomes + c] = sum;
        }
      }
      return out;
    },
    vjp([psi], _output, dy, batch) {
      const out = new Float64Array(batch * width);
      for (let e = 0; e < batch; e++) {
        for (let c = 0; c < outcomes; c++) {
          const factor = 2 * dy[e * outcomes + c]!;
          const start = e * width + c * part;
          for (let i = start; i < start + part; i++) out[i] = factor * psi![i]!;
        }
      }
      return [out];
    },
  };
  return state.tape.record(rule, [state], [outcomes]);
}

/** The states |+⟩ on every qubit, one for all examples. */
export function plusState(qubits: number): Float64Array {
  const dimension = 2 ** qubits;
  const out = new Float64Array(2 * dimension);
  for (let i = 0; i < dimension; i++) out[2 * i] = Math.sqrt(1 / dimension);
  return out;
}
