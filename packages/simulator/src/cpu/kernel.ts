/**
 * Code of one group: load the amplitudes of a few qubits into registers, apply the group's elements, store.
 * Lanes are examples; an amplitude is 32 bytes, v128 of real parts, then v128 of imaginary parts. In the gradient kernel
 * psi and lambda walk back side by side, lambda lying `32 << qubits` bytes behind psi.
 */
import { FunctionBuilder, valueType } from '@ketwork/base';
import type { Coefficient, Element } from './element.ts';
import type { Group } from './group.ts';
import { matrixPattern } from './pattern.ts';
import type { MatrixPattern } from './pattern.ts';

/** An element with qubits replaced by bits of the register index: bit p belongs to `register[p]`. */
type Step =
  | {
      readonly type: 'turn';
      /** Flipped bits, sign bits and the power of i of the unit factor (see {@link unit}). */
      readonly x: number;
      readonly z: number;
      readonly power: number;
      readonly mask: number;
      readonly value: number;
      /** Acts only where an odd number of these bits is set; 0 for no such condition. */
      readonly odd: number;
      readonly coefficient: number;
      readonly gradient: boolean;
    }
  | {
      readonly type: 'matrix';
      readonly bits: readonly number[];
      readonly mask: number;
      readonly value: number;
      readonly pattern: MatrixPattern;
      readonly constant: number;
    }
  /** Multiplies by a table; only ever the first step. */
  | { readonly type: 'table'; readonly gradient: boolean };

/** A group reduced to its structure: equal structures share one kernel. */
export interface KernelSpec {
  readonly qubits: number;
  readonly width: number;
  readonly backward: boolean;
  readonly axes: readonly ('shared' | 'batch')[];
  readonly steps: readonly Step[];
}

/** A kernel and the run-time arguments of one of its uses. */
export interface KernelCall {
  readonly spec: KernelSpec;
  /** Byte mask of register and outer control qubits, byte offset of the control values, byte strides of the register. */
  readonly mask: number;
  readonly base: number;
  readonly strides: readonly number[];
  readonly coefficients: readonly Coefficient[];
  /** Constants of the matrices in order; the caller places them and passes their offsets. */
  readonly constants: readonly (readonly number[])[];
  /** The table of the first step, where that is one. */
  readonly table: (Element & { type: 'table' }) | undefined;
}

/** Bytes between amplitudes whose index differs in this qubit. */
export const stride = (qubit: number, qubits: number): number => 32 * 2 ** (qubits - 1 - qubit);

/** Reduces a group to a kernel and its arguments. In `backward` the elements come reversed and are undone. */
export function kernelCall(
  group: Group,
  qubits: number,
  backward: boolean,
  wants: (coefficient: Coefficient) => boolean,
): KernelCall {
  const { register } = group;
  const coefficients: Coefficient[] = [];
  const constants: (readonly number[])[] = [];
  const bit = (qubit: number): number => 1 << register.indexOf(qubit);
  const [head] = group.elements;
  const table = head?.type === 'table' ? head : undefined;
  const steps = group.elements.map((element): Step => {
    if (element.type === 'table') {
      return { type: 'table', gradient: backward && element.parts.some((part) => wants(part.coefficient)) };
    }
    let mask = 0;
    let value = 0;
    for (const control of element.controls) {
      mask |= bit(control.qubit);
      if (control.value === 1) value |= bit(control.qubit);
    }
    if (element.type === 'matrix') {
      const { pattern, values } = matrixPattern(backward ? adjoint(element.matrix) : element.matrix);
      constants.push(values);
      return { type: 'matrix', bits: element.qubits.map(bit), mask, value, pattern, constant: constants.length - 1 };
    }
    let coefficient = coefficients.indexOf(element.coefficient);
    if (coefficient < 0) coefficient = coefficients.push(element.coefficient) - 1;
    const gradient = backward && wants(element.coefficient);
    if (element.type === 'phase') {
      const bits = element.qubits.reduce((sum, qubit) => sum | bit(qubit), 0);
      const odd = element.odd === true ? bits : 0;
      if (odd === 0) {
        mask |= bits;
        value |= bits;
      }
      return { type: 'turn', x: 0, z: 0, power: 1, mask, value, odd, coefficient, gradient };
    }
    let x = 0;
    let z = 0;
    let power = 3; // the factor -i of exp(-i t P)
    element.qubits.forEach((qubit, i) => {
      const letter = element.word[i];
      if (letter !== 'Z') x |= bit(qubit);
      if (letter !== 'X') z |= bit(qubit);
      if (letter === 'Y') power += 1;
    });
    return { type: 'turn', x, z, power: power & 3, mask, value, odd: 0, coefficient, gradient };
  });
  let mask = 0;
  let base = 0;
  for (const qubit of register) mask += stride(qubit, qubits);
  for (const { qubit, value } of group.controls) {
    mask += stride(qubit, qubits);
    if (value === 1) base += stride(qubit, qubits);
  }
  return {
    spec: { qubits, width: register.length, backward, axes: coefficients.map(({ axis }) => axis), steps },
    mask,
    base,
    strides: register.map((qubit) => stride(qubit, qubits)),
    coefficients,
    constants,
    table,
  };
}

function adjoint(matrix: readonly number[]): number[] {
  const size = Math.sqrt(matrix.length / 2);
  const out: number[] = [];
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const at = 2 * (column * size + row);
      out.push(matrix[at] as number, -(matrix[at + 1] as number));
    }
  }
  return out;
}

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
const unit = (step: Step & { type: 'turn' }, source: number): number => step.power + 2 * parity(source & step.z);

/** Whether a turn acts on this amplitude. */
const applies = (step: Step & { type: 'turn' }, a: number): boolean =>
  (a & step.mask) === step.value && (step.odd === 0 || parity(a & step.odd) === 1);

const { i32, v128 } = valueType;

/** Parameters of every kernel before its run-time arguments. */
const FORWARD_POINTERS = 5; // psi, shared coefficients, batch coefficients, constants, tables
const BACKWARD_POINTERS = 8; // and the gradient cells of shared and batch coefficients, and of tables

/** Writes the kernel of a structure. */
export function writeKernel(spec: KernelSpec): FunctionBuilder {
  const { width, backward, steps, axes } = spec;
  const pointers = backward ? BACKWARD_POINTERS : FORWARD_POINTERS;
  const constantCount = steps.filter((step) => step.type === 'matrix').length;
  const tabled = steps[0]?.type === 'table';
  const f = new FunctionBuilder(Array(pointers + 2 + width + axes.length + constantCount + (tabled ? 1 : 0)).fill(i32));
  const mask = pointers;
  const base = pointers + 1;
  const strides = pointers + 2;
  const coefficientAt = strides + width;
  const constantAt = coefficientAt + axes.length;

  const size = 1 << width;
  const offset = f.local(i32);
  const end = 2 ** (spec.qubits + 5);
  const address = Array.from({ length: size }, () => f.local(i32));
  // Bytes of each amplitude relative to the first one; 0 for the first.
  const relative = Array.from({ length: size }, (_, a) => (a === 0 ? -1 : f.local(i32)));
  for (let a = 1; a < size; a++) {
    const low = a & -a;
    f.get(strides + Math.log2(low));
    if (a !== low) f.get(relative[a ^ low] as number).op('i32Add');
    f.set(relative[a] as number);
  }

  const coefficients = axes.map((axis, i) => {
    const cos = f.local(v128);
    const sin = f.local(v128);
    f.get(axis === 'shared' ? 1 : 2).get(coefficientAt + i).op('i32Add').tee(offset);
    if (axis === 'shared') f.loadSplat(0).set(cos).get(offset).loadSplat(8).set(sin);
    else f.load(0).set(cos).get(offset).load(16).set(sin);
    return { cos, sin };
  });
  const wanted = axes.map((_, i) => steps.some((s) => s.type === 'turn' && s.gradient && s.coefficient === i));
  const sums = wanted.map((want) => (want ? f.local(v128) : -1));
  const constants = Array.from({ length: constantCount }, (_, i) => {
    const pointer = f.local(i32);
    f.get(3).get(constantAt + i).op('i32Add').set(pointer);
    return pointer;
  });

  const states = backward ? [0, end] : [0];
  const registers = states.map(() => Array.from({ length: size }, () => ({ re: f.local(v128), im: f.local(v128) })));

  f.i32(0).set(offset).loop();
  f.get(0).get(base).op('i32Add').get(offset).op('i32Add').set(address[0] as number);
  for (let a = 1; a < size; a++) {
    f.get(address[0] as number).get(relative[a] as number).op('i32Add').set(address[a] as number);
  }
  const vectors = registers.map((slots, s): Amplitude[] =>
    slots.map(({ re, im }, a) => {
      f.get(address[a] as number).load(states[s] as number).set(re);
      f.get(address[a] as number).load((states[s] as number) + 16).set(im);
      return { re: { local: re, negative: false }, im: { local: im, negative: false } };
    }),
  );

  for (const step of steps) {
    if (step.type === 'table') {
      const tableAt = constantAt + constantCount;
      lookUp(f, { address, tableAt, backward, gradient: step.gradient }, vectors);
    } else if (step.type === 'turn') {
      if (step.gradient) accumulate(f, step, sums[step.coefficient] as number, vectors);
      const { cos, sin } = coefficients[step.coefficient] as { cos: number; sin: number };
      for (const vector of vectors) turn(f, step, vector, cos, sin, backward);
    } else {
      for (const vector of vectors) multiply(f, step, vector, constants[step.constant] as number);
    }
  }

  vectors.forEach((vector, s) =>
    vector.forEach(({ re, im }, a) => {
      [re, im].forEach((component, part) => {
        f.get(address[a] as number).get(component.local);
        if (component.negative) f.op('f64x2Neg');
        f.store((states[s] as number) + 16 * part);
      });
    }),
  );
  // The next index with zeros in all masked bits.
  f.get(offset).get(mask).op('i32Or').i32(32).op('i32Add').get(mask).i32(-1).op('i32Xor').op('i32And');
  f.tee(offset).i32(end).op('i32LtU').brIf(0).op('end');

  axes.forEach((axis, i) => {
    if (sums[i] === -1) return;
    // A coefficient's gradient cell is 16 bytes; coefficient offsets count 16 (shared) or 32 (batch) bytes.
    f.get(axis === 'shared' ? 5 : 6).get(coefficientAt + i);
    if (axis === 'batch') f.i32(1).op('i32ShrU');
    f.op('i32Add').tee(offset).get(offset).load(0).get(sums[i] as number).op('f64x2Add').store(0);
  });
  return f;
}

/** Pushes a sum of signed terms and returns whether the pushed value is its negative. */
function pushSum(f: FunctionBuilder, terms: readonly Term[]): boolean {
  const lead = terms.findIndex(({ component }) => !component.negative);
  const flipped = lead < 0;
  const ordered = flipped ? terms : [terms[lead] as Term, ...terms.filter((_, i) => i !== lead)];
  ordered.forEach(({ coefficient, component }, i) => {
    coefficient?.();
    f.get(component.local);
    if (coefficient !== undefined) f.op('f64x2Mul');
    if (i > 0) f.op(component.negative === flipped ? 'f64x2Add' : 'f64x2Sub');
  });
  return flipped;
}

/** Replaces amplitudes by freshly pushed values; values are computed before any register is overwritten. */
function assign(
  f: FunctionBuilder,
  targets: readonly { amplitude: Amplitude; re: Term[]; im: Term[] }[],
  scale?: () => void,
): void {
  const stores: { amplitude: Amplitude; part: 're' | 'im'; negative: boolean }[] = [];
  for (const { amplitude, re, im } of targets) {
    for (const [part, terms] of [['re', re], ['im', im]] as const) {
      const negative = pushSum(f, terms);
      if (scale !== undefined) {
        scale();
        f.op('f64x2Mul');
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

function turn(f: FunctionBuilder, step: Step & { type: 'turn' }, vector: Amplitude[], cos: number, sin: number, inverse: boolean): void {
  const sign = inverse ? 2 : 0;
  const withCos = (component: Component): Term => ({ coefficient: () => void f.get(cos), component });
  const withSin = (component: Component): Term => ({ coefficient: () => void f.get(sin), component });
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
  f: FunctionBuilder,
  at: { address: readonly number[]; tableAt: number; backward: boolean; gradient: boolean },
  vectors: readonly Amplitude[][],
): void {
  const { address, tableAt, backward, gradient } = at;
  const pointer = f.local(i32);
  const cell = f.local(i32);
  const [cos, sin] = [f.local(v128), f.local(v128)];
  for (let a = 0; a < address.length; a++) {
    f.get(address[a] as number).get(0).op('i32Sub').get(tableAt).op('i32Add').set(pointer);
    if (gradient) {
      const [psi, lambda] = vectors.map((vector) => vector[a]) as [Amplitude, Amplitude];
      const other = turned(psi, 1);
      f.get(pointer).i32(1).op('i32ShrU').get(7).op('i32Add').tee(cell).get(cell).load();
      for (const part of ['re', 'im'] as const) {
        f.get(lambda[part].local).get(other[part].local).op('f64x2Mul');
        f.op(lambda[part].negative === other[part].negative ? 'f64x2Add' : 'f64x2Sub');
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
function accumulate(f: FunctionBuilder, step: Step & { type: 'turn' }, sum: number, vectors: readonly Amplitude[][]): void {
  const [psi, lambda] = vectors as [Amplitude[], Amplitude[]];
  f.get(sum);
  for (let a = 0; a < psi.length; a++) {
    if (!applies(step, a)) continue;
    const source = a ^ step.x;
    const other = turned(psi[source] as Amplitude, unit(step, source));
    const bra = lambda[a] as Amplitude;
    for (const part of ['re', 'im'] as const) {
      f.get(bra[part].local).get(other[part].local).op('f64x2Mul');
      f.op(bra[part].negative === other[part].negative ? 'f64x2Add' : 'f64x2Sub');
    }
  }
  f.set(sum);
}

function multiply(f: FunctionBuilder, step: Step & { type: 'matrix' }, vector: Amplitude[], constants: number): void {
  const { bits, pattern } = step;
  const constant = (index: number) => (): void => void f.get(constants).loadSplat(8 * index);
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
