/**
 * Code of one group: load the amplitudes of a few qubits into registers, apply the group's elements, store.
 * Lanes are examples; an amplitude is 32 bytes, v128 of real parts, then v128 of imaginary parts. In the gradient kernel
 * psi and lambda walk back side by side, lambda lying `32 << qubits` bytes behind psi.
 */
import { valueType } from '@ketwork/base';
import { VectorCode } from './arithmetic.ts';
import type { Numerics } from './arithmetic.ts';
import { exchangeLanes } from './kernel-lanes.ts';
import { held, isNegative, localOf, settle } from './kernel-registers.ts';
import type { Amplitude } from './kernel-registers.ts';
import type { KernelSpec } from './kernel-spec.ts';
import { accumulate, lookUp, multiply, turn } from './kernel-steps.ts';
import { mapWalk, strideWalk } from './walk.ts';
import type { Place } from './walk.ts';

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
  const tangent = axes.map(() => false);
  const wanted = axes.map(() => false);
  for (const step of steps) {
    if (step.type !== 'turn') continue;
    if (step.tangent) tangent[step.coefficient] = true;
    if (step.gradient) wanted[step.coefficient] = true;
  }
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
      return { re: held(re), im: held(im) };
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
        vector.map(({ re, im }) => ({ re: localOf(re), im: localOf(im) })),
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
      f.get(local).get(localOf(re));
      if (isNegative(re)) f.neg();
      f.store(behind).get(local).get(localOf(im));
      if (isNegative(im)) f.neg();
      f.store(behind + 16);
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
