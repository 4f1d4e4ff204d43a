/**
 * Code of one group: load the amplitudes of a few qubits into registers, apply the group's elements, store.
 * Lanes are examples; an amplitude is 32 bytes, v128 of real parts, then v128 of imaginary parts. In the gradient kernel
 * psi and lambda walk back side by side, lambda lying `32 << qubits` bytes behind psi.
 */
import { valueType } from '@ketwork/base';
import { VectorCode } from './arithmetic.ts';
import type { Numerics } from './arithmetic.ts';
import type { KernelSpec, LaneExchange, Step } from './kernel-spec.ts';
import { mapWalk, strideWalk } from './walk.ts';
import type { Place } from './walk.ts';

/** A register that holds a component up to a sign, which is applied where the component is next used. */
interface Component {
  readonly local: number;
  readonly negative: boolean;
}

/** One amplitude in registers. */
interface Amplitude {
  re: Component;
  im: Component;
}

/** A signed product `coefficient · component`; without coefficient, the component itself. */
interface Term {
  readonly coefficient?: () => void;
  readonly component: Component;
}

/** Multiplies an amplitude by i^power without computing anything. */
function turned({ re, im }: Amplitude, power: number): Amplitude {
  const flip = (c: Component): Component => ({ local: c.local, negative: !c.negative });
  switch (power & 3) {
    case 0:
      return { re, im };
    case 1:
      return { re: flip(im), im: re };
    case 2:
      return { re: flip(re), im: flip(im) };
    default:
      return { re: im, im: flip(re) };
  }
}

const parity = (bits: number): number => {
  let odd = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) odd ^= 1;
  return odd;
};

/** Power of i of the factor u in `new_a = cos · psi_a + sin · u · psi_b`, b = a ^ x. */
const unit = (step: Step & { type: 'turn' }, source: number): number =>
  step.power + 2 * parity(source & step.z);

/** Whether a turn acts on this amplitude. */
export const applies = (step: Step & { type: 'turn' }, a: number): boolean =>
  (a & step.mask) === step.value && (step.odd === 0 || parity(a & step.odd) === 1);

const { i32, v128 } = valueType;

/** Parameters of every kernel before its run-time arguments. */
const FORWARD_POINTERS = 5; // psi, shared coefficients, batch coefficients, constants, tables
const BACKWARD_POINTERS = 8; // and the gradient cells of shared and batch coefficients, and of tables

/**
 * Writes the kernel of a structure.
 *
 * @param fixed run-time arguments to write into the code, for a kernel with a single use; parameters otherwise
 */
export function writeKernel(
  spec: KernelSpec,
  numerics: Numerics,
  fixed?: readonly number[],
): VectorCode {
  const { width, backward, steps, axes } = spec;
  const pointers = backward ? BACKWARD_POINTERS : FORWARD_POINTERS;
  const constantCount = steps.filter((step) => step.type === 'matrix').length;
  const tabled = steps[0]?.type === 'table';
  const places = spec.walk === undefined ? 2 + width : 1;
  const argumentCount = places + axes.length + constantCount + (tabled ? 1 : 0);
  const f = new VectorCode(
    numerics,
    Array(pointers + (fixed === undefined ? argumentCount : 0)).fill(i32),
  );
  const coefficientAt = places;
  const constantAt = coefficientAt + axes.length;
  const push = (argument: number): unknown =>
    fixed === undefined ? f.get(pointers + argument) : f.i32(fixed[argument] as number);

  const size = 1 << width;
  const offset = f.local(i32);

  /** Pointer plus argument, as a place. */
  const at = (pointer: number, argument: number): Place => {
    if (fixed !== undefined) return { local: pointer, offset: fixed[argument] as number };
    f.get(pointer)
      .get(pointers + argument)
      .op('i32Add')
      .set(offset);
    return { local: offset, offset: 0 };
  };
  // Every use has a coefficient of its own, and a tangent's first number, 1, is not needed.
  const tangent = axes.map((_, i) =>
    steps.some((s) => s.type === 'turn' && s.tangent && s.coefficient === i),
  );
  const coefficients = axes.map((axis, i) => {
    const cos = tangent[i] === true ? undefined : f.local(v128);
    const sin = f.local(v128);
    const place = at(axis === 'shared' ? 1 : 2, coefficientAt + i);
    if (cos === undefined) {
      f.get(place.local);
      if (axis === 'shared') f.loadSplat(place.offset + f.bytes);
      else f.load(place.offset + 16);
      f.set(sin);
    } else if (axis === 'shared') {
      f.get(place.local)
        .loadSplat(place.offset)
        .set(cos)
        .get(place.local)
        .loadSplat(place.offset + f.bytes)
        .set(sin);
    } else
      f.get(place.local)
        .load(place.offset)
        .set(cos)
        .get(place.local)
        .load(place.offset + 16)
        .set(sin);
    return { cos, sin };
  });
  const wanted = axes.map((_, i) =>
    steps.some((s) => s.type === 'turn' && s.gradient && s.coefficient === i),
  );
  const sums = wanted.map((want) => (want ? f.local(v128) : -1));
  const constants = Array.from({ length: constantCount }, (_, i): Place => {
    const place = at(3, constantAt + i);
    if (fixed !== undefined) return place;
    const local = f.local(i32);
    f.get(place.local).set(local);
    return { local, offset: 0 };
  });

  const walk =
    spec.walk === undefined
      ? strideWalk(f, spec, fixed, push, pointers)
      : mapWalk(f, spec, spec.walk, () => push(0));
  const states = backward ? [0, 1] : [0];
  const registers = states.map(() =>
    Array.from({ length: size }, () => ({ re: f.local(v128), im: f.local(v128) })),
  );
  const from = walk.open();
  const vectors = registers.map((slots, s): Amplitude[] =>
    slots.map(({ re, im }, a) => {
      const { local, offset: at } = from[a] as Place;
      const behind = (s === 1 ? walk.lambda.from : 0) + at;
      f.get(local).load(behind).set(re);
      f.get(local)
        .load(behind + 16)
        .set(im);
      return { re: { local: re, negative: false }, im: { local: im, negative: false } };
    }),
  );

  for (const slots of registers) exchangeLanes(f, slots, spec.lanes, 'into');
  for (const step of steps) {
    if (step.type === 'table') {
      const table = (): unknown => push(constantAt + constantCount);
      lookUp(f, { places: from, table, backward, gradient: step.gradient }, vectors);
    } else if (step.type === 'turn') {
      if (step.gradient) accumulate(f, step, sums[step.coefficient] as number, vectors);
      const { cos, sin } = coefficients[step.coefficient] as (typeof coefficients)[number];
      for (const vector of vectors) turn(f, step, vector, cos, sin, backward);
    } else {
      for (const vector of vectors) multiply(f, step, vector, constants[step.constant] as Place);
    }
  }

  if (spec.lanes.length > 0) {
    for (const vector of vectors) {
      settle(f, vector);
      exchangeLanes(
        f,
        vector.map(({ re, im }) => ({ re: re.local, im: im.local })),
        spec.lanes,
        'back',
      );
    }
  }
  const to = walk.turn();
  vectors.forEach((vector, s) =>
    vector.forEach(({ re, im }, a) => {
      const { local, offset: at } = to[a] as Place;
      const behind = (s === 1 ? walk.lambda.to : 0) + at;
      [re, im].forEach((component, part) => {
        f.get(local).get(component.local);
        if (component.negative) f.neg();
        f.store(behind + 16 * part);
      });
    }),
  );
  walk.close();

  axes.forEach((axis, i) => {
    if (sums[i] === -1) return;
    // A coefficient's gradient cell is 16 bytes; coefficient offsets count 16 (shared) or 32 (batch) bytes.
    f.get(axis === 'shared' ? 5 : 6);
    push(coefficientAt + i);
    if (axis === 'batch') f.i32(1).op('i32ShrU');
    f.op('i32Add')
      .tee(offset)
      .get(offset)
      .load(0)
      .get(sums[i] as number)
      .add()
      .store(0);
  });
  return f;
}

/** Numbers picked out of two vectors: 0 to 3 (or 0 and 1) are those of the first one. */
type Picks = readonly [low: readonly number[], high: readonly number[]];

/**
 * How two vectors that differ in a register bit become two that differ in a bit of the lanes, and how they come back. The
 * register bit takes a place in the lanes; where there are two, bits of the lanes may change places meanwhile.
 */
const exchanges: Readonly<
  Record<Numerics['precision'], readonly { readonly into: Picks; readonly back: Picks }[]>
> = {
  f64: [
    {
      into: [
        [0, 2],
        [1, 3],
      ],
      back: [
        [0, 2],
        [1, 3],
      ],
    },
  ],
  f32: [
    // Each one instruction on common machines, unlike an exchange that leaves the other bit where it is.
    {
      into: [
        [0, 2, 4, 6],
        [1, 3, 5, 7],
      ],
      back: [
        [0, 4, 1, 5],
        [2, 6, 3, 7],
      ],
    },
    {
      into: [
        [0, 1, 4, 5],
        [2, 3, 6, 7],
      ],
      back: [
        [0, 1, 4, 5],
        [2, 3, 6, 7],
      ],
    },
  ],
};

/** Exchanges register bits with those of the lanes, highest lane bit first, or undoes that. */
function exchangeLanes(
  f: VectorCode,
  slots: readonly { re: number; im: number }[],
  lanes: readonly LaneExchange[],
  way: 'into' | 'back',
): void {
  const { bytes } = f;
  const shuffled = (picks: readonly number[]): number[] =>
    picks.flatMap((pick) => Array.from({ length: bytes }, (_, i) => bytes * pick + i));
  for (const { position, laneBit } of way === 'into' ? lanes : lanes.toReversed()) {
    const [low, high] = (exchanges[f.numerics.precision][laneBit] as { into: Picks; back: Picks })[
      way
    ];
    const bit = 1 << position;
    slots.forEach((slot, a) => {
      if ((a & bit) !== 0) return;
      const other = slots[a | bit] as { re: number; im: number };
      for (const part of ['re', 'im'] as const) {
        f.get(slot[part]).get(other[part]).shuffle(shuffled(low));
        f.get(slot[part]).get(other[part]).shuffle(shuffled(high));
        f.set(other[part]).set(slot[part]);
      }
    });
  }
}

/** Applies signs that are still pending. */
function settle(f: VectorCode, vector: Amplitude[]): void {
  for (const amplitude of vector) {
    for (const part of ['re', 'im'] as const) {
      const { local, negative } = amplitude[part];
      if (!negative) continue;
      f.get(local).neg().set(local);
      amplitude[part] = { local, negative: false };
    }
  }
}

const isPlain = ({ coefficient }: Term): boolean => coefficient === undefined;

/** Pushes a sum of signed terms and returns whether the pushed value is its negative. */
function pushSum(f: VectorCode, terms: readonly Term[]): boolean {
  // A term without a coefficient in front lets the product be fused into the sum.
  const alone = f.numerics.fused && terms.length === 2 ? terms.findIndex(isPlain) : -1;
  const first = terms.findIndex(({ component }) => !component.negative);
  const lead = Math.max(0, alone < 0 || isPlain(terms[1 - alone] as Term) ? first : alone);
  const flipped = (terms[lead] as Term).component.negative;
  const ordered = [terms[lead] as Term, ...terms.filter((_, i) => i !== lead)];
  ordered.forEach(({ coefficient, component }, i) => {
    const negative = component.negative !== flipped;
    const factors = (): unknown => {
      coefficient?.();
      return f.get(component.local);
    };
    if (i > 0 && coefficient !== undefined) {
      f.addProduct(factors, negative);
      return;
    }
    factors();
    if (coefficient !== undefined) f.mul();
    if (i > 0 && negative) f.sub();
    else if (i > 0) f.add();
  });
  return flipped;
}

/** Replaces amplitudes by freshly pushed values; values are computed before any register is overwritten. */
function assign(
  f: VectorCode,
  targets: readonly { amplitude: Amplitude; re: Term[]; im: Term[] }[],
  scale?: () => void,
): void {
  const stores: { amplitude: Amplitude; part: 're' | 'im'; negative: boolean }[] = [];
  for (const { amplitude, re, im } of targets) {
    for (const [part, terms] of [
      ['re', re],
      ['im', im],
    ] as const) {
      const negative = pushSum(f, terms);
      if (scale !== undefined) {
        scale();
        f.mul();
      }
      stores.push({ amplitude, part, negative });
    }
  }
  for (const { amplitude, part, negative } of stores.toReversed()) {
    const { local } = amplitude[part];
    f.set(local);
    amplitude[part] = { local, negative };
  }
}

function turn(
  f: VectorCode,
  step: Step & { type: 'turn' },
  vector: Amplitude[],
  cos: number | undefined,
  sin: number,
  inverse: boolean,
): void {
  const sign = inverse ? 2 : 0;
  const withCos = (component: Component): Term =>
    cos === undefined ? { component } : { coefficient: () => void f.get(cos), component };
  const withSin = (component: Component): Term => ({
    coefficient: () => void f.get(sin),
    component,
  });
  for (let a = 0; a < vector.length; a++) {
    const b = a ^ step.x;
    if (!applies(step, a) || b < a) continue;
    const pair = a === b ? [a] : [a, b];
    assign(
      f,
      pair.map((target) => {
        const amplitude = vector[target] as Amplitude;
        const source = target ^ step.x;
        const other = turned(vector[source] as Amplitude, unit(step, source) + sign);
        return {
          amplitude,
          re: [withCos(amplitude.re), withSin(other.re)],
          im: [withCos(amplitude.im), withSin(other.im)],
        };
      }),
    );
  }
}

/**
 * Multiplies every amplitude by its entry of a table (32 bytes: cos, sin, both lanes alike), which lies as far from the
 * table's beginning as the amplitude from the state's. In the backward pass by the conjugate, after adding
 * Re(conj(lambda) · i psi) to the entry's gradient cell (16 bytes).
 */
function lookUp(
  f: VectorCode,
  at: { places: readonly Place[]; table: () => unknown; backward: boolean; gradient: boolean },
  vectors: readonly Amplitude[][],
): void {
  const { places, table, backward, gradient } = at;
  const pointer = f.local(i32);
  const cell = f.local(i32);
  const [cos, sin] = [f.local(v128), f.local(v128)];
  for (const [a, place] of places.entries()) {
    f.get(place.local).get(0).op('i32Sub');
    table();
    f.op('i32Add').i32(place.offset).op('i32Add').set(pointer);
    if (gradient) {
      const [psi, lambda] = vectors.map((vector) => vector[a]) as [Amplitude, Amplitude];
      const other = turned(psi, 1);
      f.get(pointer).i32(1).op('i32ShrU').get(7).op('i32Add').tee(cell).get(cell).load();
      for (const part of ['re', 'im'] as const) {
        f.addProduct(
          () => f.get(lambda[part].local).get(other[part].local),
          lambda[part].negative !== other[part].negative,
        );
      }
      f.store();
    }
    f.get(pointer).get(4).op('i32Add').tee(pointer).load(0).set(cos).get(pointer).load(16).set(sin);
    for (const vector of vectors) {
      const amplitude = vector[a] as Amplitude;
      const other = turned(amplitude, backward ? 3 : 1);
      assign(f, [
        {
          amplitude,
          re: [
            { coefficient: () => void f.get(cos), component: amplitude.re },
            { coefficient: () => void f.get(sin), component: other.re },
          ],
          im: [
            { coefficient: () => void f.get(cos), component: amplitude.im },
            { coefficient: () => void f.get(sin), component: other.im },
          ],
        },
      ]);
    }
  }
}

/** sum += Re(conj(lambda_a) · u · psi_b): half the derivative with respect to the coefficient's angle. */
function accumulate(
  f: VectorCode,
  step: Step & { type: 'turn' },
  sum: number,
  vectors: readonly Amplitude[][],
): void {
  const [psi, lambda] = vectors as [Amplitude[], Amplitude[]];
  // The products are summed up before they meet the sum: the next amplitudes' need not wait for this chain of additions.
  f.get(sum);
  let sign: boolean | undefined;
  for (let a = 0; a < psi.length; a++) {
    if (!applies(step, a)) continue;
    const source = a ^ step.x;
    const other = turned(psi[source] as Amplitude, unit(step, source));
    const bra = lambda[a] as Amplitude;
    for (const part of ['re', 'im'] as const) {
      const factors = (): VectorCode => f.get(bra[part].local).get(other[part].local);
      const negative = bra[part].negative !== other[part].negative;
      if (sign === undefined) {
        sign = negative;
        factors().mul();
      } else f.addProduct(factors, negative !== sign);
    }
  }
  if (sign === true) f.sub();
  else if (sign === false) f.add();
  f.set(sum);
}

function multiply(
  f: VectorCode,
  step: Step & { type: 'matrix' },
  vector: Amplitude[],
  constants: Place,
): void {
  const { bits, pattern } = step;
  const constant = (index: number) => (): void =>
    void f.get(constants.local).loadSplat(constants.offset + f.bytes * index);
  const dimension = 1 << bits.length;
  const all = bits.reduce((sum, bit) => sum | bit, 0);
  // Row r of the matrix, first qubit most significant, as bits of the register index.
  const spread = Array.from({ length: dimension }, (_, r) =>
    bits.reduce((sum, bit, i) => (((r >> (bits.length - 1 - i)) & 1) === 1 ? sum | bit : sum), 0),
  );
  for (let rest = 0; rest < vector.length; rest++) {
    if ((rest & all) !== 0 || (rest & step.mask) !== step.value) continue;
    const at = spread.map((bitsOfRow) => rest | bitsOfRow);
    const inputs = at.map((a) => ({ ...(vector[a] as Amplitude) }));
    if (pattern.monomial) {
      at.forEach((a, row) => {
        const column = pattern.rows[row]?.[0];
        if (column === undefined) return;
        vector[a] = turned(inputs[column.column] as Amplitude, column.power);
      });
      continue;
    }
    assign(
      f,
      at.map((a, row) => {
        const re: Term[] = [];
        const im: Term[] = [];
        for (const entry of pattern.rows[row] ?? []) {
          const input = turned(inputs[entry.column] as Amplitude, entry.power);
          if (entry.constant === undefined) {
            re.push({ component: input.re });
            im.push({ component: input.im });
            continue;
          }
          const real = constant(entry.constant);
          if (entry.real === true) {
            re.push({ coefficient: real, component: input.re });
            im.push({ coefficient: real, component: input.im });
            continue;
          }
          const imaginary = constant(entry.constant + 1);
          const rotated = turned(input, 1);
          re.push({ coefficient: real, component: input.re });
          re.push({ coefficient: imaginary, component: rotated.re });
          im.push({ coefficient: real, component: input.im });
          im.push({ coefficient: imaginary, component: rotated.im });
        }
        return { amplitude: vector[a] as Amplitude, re, im };
      }),
      pattern.scaled ? constant(0) : undefined,
    );
  }
}
