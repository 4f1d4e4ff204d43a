import { ValueError } from '@ketwork/base';
import type { Rule, Tensor } from '@ketwork/nn';

/** Logistic function without overflow at either end. */
function logistic(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/**
 * `[x_t, h]`: the numbers of one step of a sequence `[steps, features]` and the hidden state. One operation instead of
 * four, since short sequences of small circuits spend more time on the tape than in the engine otherwise.
 *
 * @throws ValueError in the run, where a number of the sequence is not finite.
 */
export function stepInput(kind: string, sequence: Tensor, hidden: Tensor, step: number): Tensor {
  const [steps, features] = sequence.shape as readonly [number, number];
  const states = hidden.shape[0]!;
  const width = features + states;
  const row = steps * features;
  const rule: Rule = {
    name: `${kind} step`,
    forward([x, h], batch) {
      const out = new Float64Array(batch * width);
      for (let e = 0; e < batch; e++) {
        for (let i = 0; i < features; i++) {
          const value = x![e * row + step * features + i]!;
          if (!Number.isFinite(value)) {
            throw new ValueError(
              `${kind}: feature ${i} of step ${step} is ${value} in example ${e} of the batch`,
              { remedy: 'Replace it, or leave the example out' },
            );
          }
          out[e * width + i] = value;
        }
        for (let i = 0; i < states; i++) out[e * width + features + i] = h![e * states + i]!;
      }
      return out;
    },
    vjp(_inputs, _output, dy, batch, wants) {
      const dx = wants[0] === 'none' ? undefined : new Float64Array(batch * row);
      const dh = wants[1] === 'none' ? undefined : new Float64Array(batch * states);
      for (let e = 0; e < batch; e++) {
        for (let i = 0; dx !== undefined && i < features; i++)
          dx[e * row + step * features + i] = dy[e * width + i]!;
        for (let i = 0; dh !== undefined && i < states; i++)
          dh[e * states + i] = dy[e * width + features + i]!;
      }
      return [dx, dh];
    },
  };
  return sequence.tape.record(rule, [sequence, hidden], [width]);
}

/** `σ(f) c + σ(i) tanh(g)`: the new cell state of an LSTM from what its circuits return. */
export function cellState(f: Tensor, i: Tensor, g: Tensor, c: Tensor): Tensor {
  // Kept for the way back; a rule is recorded, and run, once.
  let forget: Float64Array;
  let enter: Float64Array;
  let candidate: Float64Array;
  const rule: Rule = {
    name: 'lstm cell state',
    forward([fs, is, gs, cs]) {
      forget = fs!.map(logistic);
      enter = is!.map(logistic);
      candidate = gs!.map(Math.tanh);
      return cs!.map((value, k) => forget[k]! * value + enter[k]! * candidate[k]!);
    },
    vjp([, , , cs], _output, dy) {
      const n = dy.length;
      const [df, di, dg, dc] = Array.from({ length: 4 }, () => new Float64Array(n));
      for (let k = 0; k < n; k++) {
        const d = dy[k]!;
        df![k] = d * cs![k]! * forget[k]! * (1 - forget[k]!);
        di![k] = d * candidate[k]! * enter[k]! * (1 - enter[k]!);
        dg![k] = d * enter[k]! * (1 - candidate[k]! * candidate[k]!);
        dc![k] = d * forget[k]!;
      }
      return [df, di, dg, dc];
    },
  };
  return f.tape.record(rule, [f, i, g, c], f.shape);
}

/** `σ(o) tanh(c)`: what an LSTM reads of its cell state. */
export function cellOutput(o: Tensor, c: Tensor): Tensor {
  let open: Float64Array;
  let value: Float64Array;
  const rule: Rule = {
    name: 'lstm cell output',
    forward([os, cs]) {
      open = os!.map(logistic);
      value = cs!.map(Math.tanh);
      return open.map((v, k) => v * value[k]!);
    },
    vjp(_inputs, _output, dy) {
      const n = dy.length;
      const dO = new Float64Array(n);
      const dC = new Float64Array(n);
      for (let k = 0; k < n; k++) {
        dO[k] = dy[k]! * value[k]! * open[k]! * (1 - open[k]!);
        dC[k] = dy[k]! * open[k]! * (1 - value[k]! * value[k]!);
      }
      return [dO, dC];
    },
  };
  return o.tape.record(rule, [o, c], o.shape);
}

/** `[x, σ(r) h]` from `v = [x, h]`: what the candidate of a GRU sees. */
export function resetInput(v: Tensor, r: Tensor): Tensor {
  const width = v.shape[0]!;
  const states = r.shape[0]!;
  const features = width - states;
  let keep: Float64Array;
  const rule: Rule = {
    name: 'gru reset',
    forward([vs, rs], batch) {
      keep = rs!.map(logistic);
      const out = vs!.slice();
      for (let e = 0; e < batch; e++) {
        for (let i = 0; i < states; i++) out[e * width + features + i]! *= keep[e * states + i]!;
      }
      return out;
    },
    vjp([vs], _output, dy, batch) {
      const dv = dy.slice();
      const dr = new Float64Array(batch * states);
      for (let e = 0; e < batch; e++) {
        for (let i = 0; i < states; i++) {
          const [at, k] = [e * width + features + i, e * states + i];
          dr[k] = dy[at]! * vs![at]! * keep[k]! * (1 - keep[k]!);
          dv[at] = dy[at]! * keep[k]!;
        }
      }
      return [dv, dr];
    },
  };
  return v.tape.record(rule, [v, r], v.shape);
}

/** `σ(z) h + (1 - σ(z)) tanh(u)`: the new hidden state of a GRU. */
export function updatedState(z: Tensor, u: Tensor, h: Tensor): Tensor {
  let keep: Float64Array;
  let candidate: Float64Array;
  const rule: Rule = {
    name: 'gru update',
    forward([zs, us, hs]) {
      keep = zs!.map(logistic);
      candidate = us!.map(Math.tanh);
      return hs!.map((value, k) => keep[k]! * value + (1 - keep[k]!) * candidate[k]!);
    },
    vjp([, , hs], _output, dy) {
      const n = dy.length;
      const [dz, du, dh] = Array.from({ length: 3 }, () => new Float64Array(n));
      for (let k = 0; k < n; k++) {
        const d = dy[k]!;
        dz![k] = d * (hs![k]! - candidate[k]!) * keep[k]! * (1 - keep[k]!);
        du![k] = d * (1 - keep[k]!) * (1 - candidate[k]! * candidate[k]!);
        dh![k] = d * keep[k]!;
      }
      return [dz, du, dh];
    },
  };
  return z.tape.record(rule, [z, u, h], h.shape);
}
