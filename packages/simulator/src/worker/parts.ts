import type { Gradients, Program, Values } from '../contract.ts';
import { CHUNK } from '../cpu/angles.ts';
import type { PartRunOptions } from '../shots.ts';
import type { Part, ProgramCall } from './protocol.ts';

/** How a batch is cut: consecutive parts, and how many examples the rows of summed gradients stand for. */
export interface Split {
  readonly parts: readonly Part[];
  readonly piece: number;
}

/** The largest part may exceed an even share by this factor where it saves cutting into smaller pieces. */
const UNEVEN = 1.05;

/**
 * Cuts a batch into at most so many consecutive parts of whole pieces. A piece is a power of two of chunks, so that the
 * sum over its chunks is one of the sums that the engine's own tree over all chunks goes through: added up by the same
 * tree, the sums of the pieces give the same bits however the batch is cut. The largest such piece is taken that keeps
 * the parts even.
 */
export function splitBatch(batch: number, most: number): Split {
  const chunks = Math.ceil(batch / CHUNK);
  const share = Math.ceil(chunks / most);
  let size = 1;
  for (let larger = 2; larger <= share * UNEVEN; larger *= 2) {
    if (Math.ceil(Math.ceil(chunks / larger) / most) * larger <= share * UNEVEN) size = larger;
  }
  const piece = size * CHUNK;
  const pieces = Math.ceil(chunks / size);
  const count = Math.min(most, pieces);
  const parts: Part[] = [];
  for (let i = 0; i < count; i++) {
    const first = Math.floor((i * pieces) / count) * piece;
    const end = Math.min(batch, Math.floor(((i + 1) * pieces) / count) * piece);
    parts.push({ first, count: end - first });
  }
  return { parts, piece };
}

/** Rows of some examples, as a view. */
export function rowsOf(array: Float64Array, batch: number, { first, count }: Part): Float64Array {
  const size = array.length / batch;
  return array.subarray(first * size, (first + count) * size);
}

/** Values of some examples: rows of batch slots, shared slots whole. */
export function valuesOf(
  slots: Program['circuit']['slots'],
  get: (name: string) => Float64Array,
  batch: number,
  part: Part,
): Record<string, Float64Array> {
  return Object.fromEntries(
    slots.map(({ name, axis }) => [
      name,
      axis === 'shared' ? get(name) : rowsOf(get(name), batch, part),
    ]),
  );
}

/** Arrays of one type (or lists) one after the other. */
export function joined<T extends Float64Array | Uint8Array | readonly unknown[]>(
  arrays: readonly T[],
): T {
  const [first] = arrays;
  if (arrays.length === 1) return first!;
  if (Array.isArray(first)) return arrays.flat() as unknown as T;
  const typed = arrays as readonly (Float64Array | Uint8Array)[];
  const length = typed.reduce((sum, array) => sum + array.length, 0);
  const all = first instanceof Uint8Array ? new Uint8Array(length) : new Float64Array(length);
  let at = 0;
  for (const array of typed) {
    all.set(array, at);
    at += array.length;
  }
  return all as unknown as T;
}

/** Gradients of consecutive parts, slot by slot one after the other. */
export function joinedGradients(parts: readonly Gradients[]): Gradients {
  if (parts.length === 1) return parts[0]!;
  const names = Object.keys(parts[0]!);
  return Object.fromEntries(names.map((name) => [name, joined(parts.map((part) => part[name]!))]));
}

/** Carries a call out, in the worker. */
export function answer(program: Program, call: ProgramCall): unknown {
  const { method, part } = call;
  if (part === undefined) {
    const work = program[method] as (...args: readonly unknown[]) => unknown;
    return work.apply(program, [...call.arguments]);
  }
  const { first } = part;
  if (method === 'run') {
    const [values, options] = call.arguments as [Values, PartRunOptions];
    return numbered(first, () =>
      program.run(values, {
        ...options,
        firstExample: (options?.firstExample ?? 0) + first,
      } as object),
    );
  }
  if (method === 'jacobian') {
    const [values, options] = call.arguments as [Values, object];
    return numbered(first, () => program.jacobian(values, options));
  }
  const [values, dy, options] = call.arguments as [
    Record<string, Float64Array>,
    readonly (Float64Array | undefined)[],
    object,
  ];
  const single = !Array.isArray(program.measurements);
  const pieces: Gradients[] = [];
  for (let at = 0; at < part.count; at += part.piece) {
    const piece = { first: at, count: Math.min(part.piece, part.count - at) };
    const { slots } = program.circuit;
    const given = valuesOf(slots, (name) => values[name]!, part.count, piece);
    const cotangents = dy.map((array) => array && rowsOf(array, part.count, piece));
    const sent = (single ? cotangents[0] : cotangents) as Float64Array;
    pieces.push(numbered(first + at, () => program.vjp(given, sent, options)));
  }
  return joinedGradients(pieces);
}

/** Numbers the examples that messages of errors name as in the whole batch. */
function numbered<T>(first: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error) {
      error.message = error.message.replace(
        /\bof example (\d+)/,
        (_, example: string) => `of example ${first + Number(example)}`,
      );
    }
    throw error;
  }
}
