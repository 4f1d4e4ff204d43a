// A causal transformer as a probability of strings of outcomes, with exact sampling; and string states, which average it
// over orders of the sites.
import {
  dense,
  embedding,
  initializers,
  ops,
  positionalEncoding,
  sequential,
  shiftRight,
  Tape,
  transformerEncoderLayer,
  uniform,
} from 'ketwork';
import type { BuiltLayer, Key, Parameter } from 'ketwork';

const OUTCOMES = 4;

/** Probabilities of some strings, and gradients of functions of them. */
export interface Evaluation {
  readonly p: Float64Array;
  /** Gradients of Σ dp · p by the parameters. */
  backward(dp: Float64Array): readonly Float64Array[];
}

/** A normalised probability of strings of outcomes; a string is a number in base 4, site 0 first. */
export interface Ansatz {
  readonly sites: number;
  readonly parameters: readonly Parameter[];
  /** Probabilities of strings. The list is not to be changed later: what is worked out from it is kept. */
  evaluate(strings: Int32Array): Evaluation;
  /** Independent strings. */
  sample(count: number, key: Key): Float64Array;
}

/** Sizes of the transformer; the check's are 16 and 16, the authors' 32 and 16. */
export interface Sizes {
  readonly hidden: number;
  readonly feedForward: number;
}

/** The N orders that begin at each site of a ring. */
export function translations(sites: number): number[][] {
  return Array.from({ length: sites }, (_, k) =>
    Array.from({ length: sites }, (_x, i) => (k + i) % sites),
  );
}

/** The eight snakes through a square lattice: from each corner, along rows or columns. */
export function snakes(height: number, width: number): number[][] {
  const path = (rows: number, columns: number, site: (r: number, c: number) => number): number[] =>
    Array.from({ length: rows }, (_, r) =>
      Array.from({ length: columns }, (_x, c) => site(r, r % 2 === 0 ? c : columns - 1 - c)),
    ).flat();
  return [false, true].flatMap((up) =>
    [false, true].flatMap((left) => {
      const site = (r: number, c: number): number =>
        (up ? height - 1 - r : r) * width + (left ? width - 1 - c : c);
      return [path(height, width, site), path(width, height, (c, r) => site(r, c))];
    }),
  );
}

/** Writes the parameters of one ansatz over those of another. */
export function copyParameters(from: Ansatz, to: Ansatz): void {
  from.parameters.forEach(({ data }, i) => to.parameters[i]!.data.set(data));
}

/** All strings. */
export function everything(sites: number): Int32Array {
  return Int32Array.from({ length: OUTCOMES ** sites }, (_, a) => a);
}

/** Probabilities of all strings. */
export function distribution(ansatz: Ansatz): Float64Array {
  return ansatz.evaluate(everything(ansatz.sites)).p;
}

/** Logits of each outcome given those before it. The last layer's weights are 0: it starts as a product of `first`. */
export function network(
  sites: number,
  seed: number,
  first: readonly number[],
  { hidden, feedForward }: Sizes,
): BuiltLayer {
  const model = sequential(
    embedding(OUTCOMES, hidden),
    shiftRight(),
    positionalEncoding(),
    transformerEncoderLayer({ hidden: feedForward, causal: true, bias: false }),
    dense(OUTCOMES, { init: initializers.zeros() }),
  );
  const built = model.build([sites], seed);
  built.parameters.find(({ name }) => name === '4.bias')!.data.set(first.map(Math.log));
  return built;
}

/** Where the conditionals of strings are found: the different inputs `[rows, sites]` and, for each string and order, its places. */
interface Layout {
  readonly sequences: Float64Array;
  /** `[strings, orders, sites]`, indices into `[rows, sites, 4]`. */
  readonly places: Int32Array;
}

/**
 * A transformer's probability, averaged over orders of the sites: p(a) = mean of q(a in that order). Position i of
 * `orders[k]` is the site that is the i-th to be read or drawn; by default there is one order.
 */
export function transformerAnsatz(
  built: BuiltLayer,
  orders: readonly (readonly number[])[] = [
    Array.from({ length: built.inputShape[0]! }, (_, i) => i),
  ],
): Ansatz {
  const sites = built.inputShape[0]!;
  const layouts = new WeakMap<Int32Array, Layout>();
  return {
    sites,
    parameters: built.parameters,
    evaluate(strings) {
      let layout = layouts.get(strings);
      if (layout === undefined) layouts.set(strings, (layout = layoutOf(strings, sites, orders)));
      const { values, backward } = conditionals(built, layout.sequences);
      const { places } = layout;
      const each = new Float64Array(strings.length * orders.length);
      const p = new Float64Array(strings.length);
      for (let k = 0; k < each.length; k++) {
        let log = 0;
        for (let i = k * sites; i < (k + 1) * sites; i++) log += values[places[i]!]!;
        each[k] = Math.exp(log) / orders.length;
        p[Math.floor(k / orders.length)]! += each[k]!;
      }
      return {
        p,
        backward(dp) {
          const dy = new Float64Array(values.length);
          for (let k = 0; k < each.length; k++) {
            const share = dp[Math.floor(k / orders.length)]! * each[k]!;
            for (let i = k * sites; i < (k + 1) * sites; i++) dy[places[i]!]! += share;
          }
          return backward(dy);
        },
      };
    },
    sample: (count, key) => draw(built, orders, count, key),
  };
}

/**
 * A conditional depends on the outcomes before it only, so that strings which differ in the last outcome of an order
 * share a row of the network's input.
 */
function layoutOf(
  strings: Int32Array,
  sites: number,
  orders: readonly (readonly number[])[],
): Layout {
  const rows = new Map<number, number>();
  const sequences: number[] = [];
  const places = new Int32Array(strings.length * orders.length * sites);
  const weights = orders.map((order) => order.map((site) => OUTCOMES ** (sites - 1 - site)));
  const outcomes = new Int32Array(sites);
  let at = 0;
  for (const a of strings) {
    for (const weight of weights) {
      let prefix = 0;
      for (let i = 0; i < sites; i++) {
        outcomes[i] = Math.floor(a / weight[i]!) % OUTCOMES;
        if (i < sites - 1) prefix = OUTCOMES * prefix + outcomes[i]!;
      }
      let row = rows.get(prefix);
      if (row === undefined) {
        row = rows.size;
        rows.set(prefix, row);
        // The last outcome is an input that nothing depends on.
        for (let i = 0; i < sites; i++) sequences.push(i < sites - 1 ? outcomes[i]! : 0);
      }
      for (let i = 0; i < sites; i++) places[at++] = (row * sites + i) * OUTCOMES + outcomes[i]!;
    }
  }
  return { sequences: Float64Array.from(sequences), places };
}

/** Logarithms of conditionals `[rows, sites, 4]` of sequences `[rows, sites]`, ready for a backward pass. */
function conditionals(
  built: BuiltLayer,
  sequences: Float64Array,
): { values: Float64Array; backward(dy: Float64Array): readonly Float64Array[] } {
  const tape = new Tape(sequences.length / built.inputShape[0]!);
  const x = tape.constant(sequences, built.inputShape, 'batch');
  const logits = built.forward(x, { tape, training: false, key: undefined, firstExample: 0 });
  const y = ops.logSoftmax(logits);
  void tape.run();
  return {
    values: tape.value(y),
    backward(dy) {
      const gradients = tape.backward(y, dy);
      if (gradients instanceof Promise) throw new Error('the network runs in this thread');
      return built.parameters.map((parameter) => gradients.of(tape.parameter(parameter)));
    },
  };
}

/** Strings drawn outcome by outcome; each draws one of the orders first. */
function draw(
  built: BuiltLayer,
  orders: readonly (readonly number[])[],
  count: number,
  key: Key,
): Float64Array {
  const sites = built.inputShape[0]!;
  const draws = uniform(key, count * (sites + 1));
  const out = new Float64Array(count);
  const prefixes = new Float64Array(count);
  for (let i = 0; i < sites; i++) {
    // The network sees each different beginning once.
    const rows = new Map<number, number>();
    for (const prefix of prefixes) if (!rows.has(prefix)) rows.set(prefix, rows.size);
    const sequences = new Float64Array(rows.size * sites);
    for (const [prefix, row] of rows) {
      for (let k = 0; k < i; k++)
        sequences[row * sites + k] = Math.floor(prefix / OUTCOMES ** (i - 1 - k)) % OUTCOMES;
    }
    const { values } = conditionals(built, sequences);
    for (let s = 0; s < count; s++) {
      const own = s * (sites + 1);
      const from = (rows.get(prefixes[s]!)! * sites + i) * OUTCOMES;
      let rest = draws[own + 1 + i]!;
      let outcome = 0;
      while (outcome < OUTCOMES - 1) {
        rest -= Math.exp(values[from + outcome]!);
        if (rest < 0) break;
        outcome++;
      }
      prefixes[s] = OUTCOMES * prefixes[s]! + outcome;
      const site = orders[Math.floor(draws[own]! * orders.length)]![i]!;
      out[s]! += outcome * OUTCOMES ** (sites - 1 - site);
    }
  }
  return out;
}
