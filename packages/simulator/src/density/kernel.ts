import { FunctionBuilder, valueType } from '@ketwork/base';
import type { Statement, Term, Trace } from './trace.ts';

const { i32, v128 } = valueType;

/** How numbers lie in memory: two examples side by side in every vector, or one example packed. */
export type Layout = 'pairs' | 'packed';

/** Bytes of one number of a Pauli vector, all lanes. */
export function bytesPerNumber(layout: Layout): number {
  return layout === 'pairs' ? 16 : 8;
}

/** A loop over digits that a kernel does not touch. */
interface Loop {
  count: number;
  stride: number;
}

/** Where the numbers of a group lie: loops around it, and an offset per number. */
interface Walk {
  readonly loops: readonly Loop[];
  readonly offsets: readonly number[];
  /** Packed, with the last digit in the group: distance of the second vector whose lanes are exchanged. */
  readonly partner: number | undefined;
}

/** @param places digits of the group among `digits` of the chunk, ascending */
function walkOf(places: readonly number[], digits: number, layout: Layout): Walk {
  const bytes = bytesPerNumber(layout);
  const strideOf = (place: number): number => bytes * 4 ** (digits - 1 - place);
  const loops: Loop[] = [];
  let from = 0;
  for (const place of [...places, digits]) {
    if (place > from) loops.push({ count: 4 ** (place - from), stride: strideOf(place - 1) });
    from = place + 1;
  }
  let partner: number | undefined;
  if (layout === 'packed') {
    const inner = loops.at(-1)!;
    // A vector holds two numbers: neighbours, or if those belong to the group, two of the innermost loop.
    if (places.at(-1) === digits - 1) partner = inner.stride;
    inner.stride *= 2;
    inner.count /= 2;
  }
  const offsets = Array.from({ length: 4 ** places.length }, (_, index) =>
    places.reduce(
      (sum, place, i) => sum + ((index >> (2 * (places.length - 1 - i))) & 3) * strideOf(place),
      0,
    ),
  );
  return { loops, offsets, partner };
}

/** Writes loops around a body, which finds the address of its first number in `pointer`. */
function nest(
  code: FunctionBuilder,
  base: number,
  loops: readonly Loop[],
  body: (pointer: number) => void,
): void {
  const [loop, ...inner] = loops;
  if (loop === undefined) {
    body(base);
    return;
  }
  const pointer = code.local(i32);
  const end = code.local(i32);
  code
    .get(base)
    .tee(pointer)
    .i32(loop.count * loop.stride)
    .op('i32Add')
    .set(end);
  code.loop();
  nest(code, pointer, inner, body);
  code.get(pointer).i32(loop.stride).op('i32Add').tee(pointer);
  code.get(end).op('i32Ne').brIf(0).op('end');
}

const LOW = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const HIGH = [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31];

/** Loads numbers of the group into new locals; those not wanted are skipped where that saves something. */
function load(
  code: FunctionBuilder,
  pointer: number,
  { offsets, partner }: Walk,
  wanted: (index: number) => boolean,
): (number | undefined)[] {
  const locals: (number | undefined)[] = offsets.map((_, i) =>
    wanted(i) ? code.local(v128) : undefined,
  );
  if (partner === undefined) {
    locals.forEach((local, i) => {
      if (local !== undefined) code.get(pointer).load(offsets[i]).set(local);
    });
    return locals;
  }
  const [near, far] = [code.local(v128), code.local(v128)];
  for (let i = 0; i < offsets.length; i += 2) {
    const [even, odd] = [locals[i], locals[i + 1]];
    if (even === undefined && odd === undefined) continue;
    code.get(pointer).load(offsets[i]).set(near);
    code
      .get(pointer)
      .load(offsets[i]! + partner)
      .set(far);
    if (even !== undefined) code.get(near).get(far).shuffle(LOW).set(even);
    if (odd !== undefined) code.get(near).get(far).shuffle(HIGH).set(odd);
  }
  return locals;
}

/** Stores numbers that changed; `push` puts number i on the stack. */
function store(
  code: FunctionBuilder,
  pointer: number,
  { offsets, partner }: Walk,
  changed: (index: number) => boolean,
  push: (index: number) => void,
): void {
  if (partner === undefined) {
    offsets.forEach((offset, i) => {
      if (!changed(i)) return;
      code.get(pointer);
      push(i);
      code.store(offset);
    });
    return;
  }
  const [even, odd] = [code.local(v128), code.local(v128)];
  for (let i = 0; i < offsets.length; i += 2) {
    if (!changed(i) && !changed(i + 1)) continue;
    push(i);
    code.set(even);
    push(i + 1);
    code.set(odd);
    code.get(pointer).get(even).get(odd).shuffle(LOW).store(offsets[i]);
    code
      .get(pointer)
      .get(even)
      .get(odd)
      .shuffle(HIGH)
      .store(offsets[i]! + partner);
  }
}

/** Pushes `coefficient · value`, without the sign. */
function pushTerm(code: FunctionBuilder, term: Term, value: number, coefficients: number): void {
  code.get(value);
  if (term.coefficient >= 0)
    code
      .get(coefficients)
      .load(16 * term.coefficient)
      .op('f64x2Mul');
}

/** Pushes a sum of terms. */
function pushSum(
  code: FunctionBuilder,
  terms: readonly Term[],
  local: (value: number) => number,
  coefficients: number,
): void {
  // A positive term first saves a change of sign.
  const ordered = [...terms].sort((a, b) => Number(a.negative) - Number(b.negative));
  ordered.forEach((term, i) => {
    pushTerm(code, term, local(term.value), coefficients);
    if (i === 0) {
      if (term.negative) code.op('f64x2Neg');
    } else code.op(term.negative ? 'f64x2Sub' : 'f64x2Add');
  });
}

/** Numbers a trace reads from memory. */
function readBy(trace: Trace, statements: readonly Statement[], results: boolean): Set<number> {
  const read = new Set<number>();
  for (const { terms } of statements) for (const { value } of terms) read.add(value);
  if (results)
    trace.results.forEach((result, i) => {
      if (trace.changed[i] === true && result !== undefined) read.add(result.value);
    });
  return read;
}

/**
 * The function `(vector, coefficients)` that applies a group to a chunk.
 *
 * @param places digits of the group in the chunk
 * @param digits digits of the chunk
 */
export function forwardKernel(
  trace: Trace,
  places: readonly number[],
  digits: number,
  layout: Layout,
): FunctionBuilder {
  const code = new FunctionBuilder([i32, i32], []);
  const walk = walkOf(places, digits, layout);
  const read = readBy(trace, trace.statements, true);
  // Transposed stores write both neighbours, so both are needed.
  const needed = (i: number): boolean =>
    read.has(i) ||
    (walk.partner !== undefined && trace.changed[i] === false && trace.changed[i ^ 1] === true);
  nest(code, 0, walk.loops, (pointer) => {
    const locals = new Map<number, number>();
    load(code, pointer, walk, needed).forEach((local, i) => {
      if (local !== undefined) locals.set(i, local);
    });
    const local = (value: number): number => locals.get(value)!;
    for (const { value, terms } of trace.statements) {
      pushSum(code, terms, local, 1);
      const made = code.local(v128);
      code.set(made);
      locals.set(value, made);
    }
    store(
      code,
      pointer,
      walk,
      (i) => trace.changed[i]!,
      (i) => {
        const result = trace.results[i];
        if (result === undefined) code.f64x2(0);
        else {
          pushTerm(code, result, local(result.value), 1);
          if (result.negative) code.op('f64x2Neg');
        }
      },
    );
  });
  return code;
}

function isWanted(term: Term, wanted: (coefficient: number) => boolean): boolean {
  return term.coefficient >= 0 && wanted(term.coefficient);
}

/**
 * The function `(vector, cotangent, coefficients, cells)` that takes the cotangent of a group's results to that of what
 * it began with (`vector`, which stays), and adds the derivatives by coefficients to cells.
 */
export function backwardKernel(
  trace: Trace,
  places: readonly number[],
  digits: number,
  layout: Layout,
  wanted: (coefficient: number) => boolean,
): FunctionBuilder {
  const code = new FunctionBuilder([i32, i32, i32, i32], []);
  const [VECTOR, COTANGENT, COEFFICIENTS, CELLS] = [0, 1, 2, 3] as const;
  const walk = walkOf(places, digits, layout);
  const read = readBy(trace, trace.statements, true);
  // Values the derivatives multiply with, and all they come from.
  const needed = new Set<number>();
  for (const { terms } of trace.statements)
    for (const term of terms) if (isWanted(term, wanted)) needed.add(term.value);
  for (const { value, terms } of trace.statements.toReversed())
    if (needed.has(value)) for (const term of terms) needed.add(term.value);
  const again = trace.statements.filter(({ value }) => needed.has(value));
  const cells = new Map<number, number>();
  for (const { terms } of trace.statements) {
    for (const term of terms) {
      if (isWanted(term, wanted) && !cells.has(term.coefficient))
        cells.set(term.coefficient, code.local(v128));
    }
  }
  const shift = code.local(i32);
  code.get(COTANGENT).get(VECTOR).op('i32Sub').set(shift);
  nest(code, VECTOR, walk.loops, (pointer) => {
    const values = new Map<number, number>();
    load(code, pointer, walk, (i) => needed.has(i)).forEach((local, i) => {
      if (local !== undefined) values.set(i, local);
    });
    for (const { value, terms } of again) {
      pushSum(code, terms, (v) => values.get(v)!, COEFFICIENTS);
      const made = code.local(v128);
      code.set(made);
      values.set(value, made);
    }
    const back = code.local(i32);
    code.get(pointer).get(shift).op('i32Add').set(back);
    const touched = (i: number): boolean => trace.changed[i]! || read.has(i);
    const outer = load(code, back, walk, (i) => touched(i) || walk.partner !== undefined);
    /** Cotangents of values, as locals; absent for zero. */
    const cotangents = new Map<number, number>();
    const add = (value: number, term: Term, from: number): void => {
      const before = cotangents.get(value);
      if (before === undefined && term.coefficient < 0 && !term.negative) {
        cotangents.set(value, from);
        return;
      }
      if (before !== undefined) code.get(before);
      pushTerm(code, term, from, COEFFICIENTS);
      if (before === undefined) {
        if (term.negative) code.op('f64x2Neg');
      } else code.op(term.negative ? 'f64x2Sub' : 'f64x2Add');
      const sum = code.local(v128);
      code.set(sum);
      cotangents.set(value, sum);
    };
    trace.results.forEach((result, i) => {
      if (result !== undefined && outer[i] !== undefined) add(result.value, result, outer[i]);
    });
    for (const { value, terms } of trace.statements.toReversed()) {
      const cotangent = cotangents.get(value);
      if (cotangent === undefined) continue;
      for (const term of terms) {
        const cell = isWanted(term, wanted) ? cells.get(term.coefficient) : undefined;
        if (cell !== undefined) {
          code.get(cell).get(cotangent).get(values.get(term.value)!).op('f64x2Mul');
          code.op(term.negative ? 'f64x2Sub' : 'f64x2Add').set(cell);
        }
        add(term.value, term, cotangent);
      }
    }
    store(
      code,
      back,
      walk,
      (i) => cotangents.get(i) !== outer[i],
      (i) => {
        const local = cotangents.get(i);
        if (local === undefined) code.f64x2(0);
        else code.get(local);
      },
    );
  });
  for (const [coefficient, local] of cells) {
    code
      .get(CELLS)
      .get(CELLS)
      .load(16 * coefficient)
      .get(local)
      .op('f64x2Add');
    code.store(16 * coefficient);
  }
  return code;
}

/** The function `(from, to)` that copies digits of a vector into a chunk of their own, or (`back`) from there into it. */
export function copyKernel(
  on: readonly number[],
  qubits: number,
  layout: Layout,
  back: boolean,
): FunctionBuilder {
  const code = new FunctionBuilder([i32, i32], []);
  const bytes = bytesPerNumber(layout);
  const loops: Loop[] = [];
  on.forEach((qubit, i) => {
    const stride = bytes * 4 ** (qubits - 1 - qubit);
    const before = loops.at(-1);
    if (i > 0 && on[i - 1] === qubit - 1 && before !== undefined) {
      before.count *= 4;
      before.stride = stride;
    } else loops.push({ count: 4, stride });
  });
  // The last loop runs over neighbours where the last digit is among them: several vectors at a time.
  const last = loops.at(-1)!;
  const run = Math.min(128, last.stride === bytes ? last.count * bytes : bytes);
  const width = Math.max(run, 16);
  last.count /= width / last.stride;
  last.stride = width;
  const chunk = code.local(i32);
  code.get(back ? 0 : 1).set(chunk);
  nest(code, back ? 1 : 0, loops, (pointer) => {
    const [from, to] = back ? [chunk, pointer] : [pointer, chunk];
    for (let at = 0; at < width; at += 16) code.get(to).get(from).load(at).store(at);
    code.get(chunk).i32(width).op('i32Add').set(chunk);
  });
  return code;
}
