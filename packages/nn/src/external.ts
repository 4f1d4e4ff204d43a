import { sizeOf, ValueError } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import type { Axis, DifferentiableMap, MaybePromise, Want } from './map.ts';
import type { Room } from './scratch.ts';
import { isPromise, shapeText } from './shape.ts';

/** A recorded call of an external map. */
export interface ExternalCall {
  readonly id: number;
  readonly map: DifferentiableMap;
  readonly inputs: readonly number[];
  readonly tracked: readonly boolean[];
  readonly key: Key | undefined;
}

type Values = readonly (Float64Array | undefined)[];

/**
 * Gathers the calls that may run as one batch: same map, same shared inputs, no key. The gates of a recurrent cell
 * become one call this way, which is what an engine that is quick per batch but slow per call needs.
 */
export function groupCalls(
  calls: readonly ExternalCall[],
  nodes: readonly { readonly axis: Axis }[],
): ExternalCall[][] {
  const groups: ExternalCall[][] = [];
  for (const call of calls) {
    const group =
      call.key === undefined ? groups.find((g) => together(g[0]!, call, nodes)) : undefined;
    if (group === undefined) groups.push([call]);
    else group.push(call);
  }
  return groups;
}

function together(
  a: ExternalCall,
  b: ExternalCall,
  nodes: readonly { readonly axis: Axis }[],
): boolean {
  return (
    a.map === b.map &&
    a.key === undefined &&
    a.inputs.every((id, i) => nodes[id]!.axis === 'batch' || id === b.inputs[i])
  );
}

/** Runs a group and writes the values of its calls. */
export function runForward(
  group: readonly ExternalCall[],
  values: (Float64Array | undefined)[],
  batch: number,
  room: Room,
): MaybePromise<void> {
  const { map, key } = group[0]!;
  const size = batch * sizeOf(map.outputShape);
  const store = (result: Float64Array): void => {
    checkResult(map, 'output', result, size * group.length);
    group.forEach((call, g) => {
      values[call.id] = group.length === 1 ? result : result.slice(g * size, (g + 1) * size);
    });
  };
  const result = map.forward(gatherInputs(group, values), batch * group.length, key, room);
  return isPromise(result) ? result.then(store) : store(result);
}

/**
 * Runs the gradient rule of a group. The result, when called, hands each gradient to `give`; delivery is apart from
 * arrival because floating-point sums depend on their order.
 *
 * @param dys Cotangents of the calls.
 */
export function runVjp(
  group: readonly ExternalCall[],
  values: Values,
  dys: readonly Float64Array[],
  batch: number,
  wants: readonly Want[],
  room: Room,
  give: (id: number, gradient: Float64Array, want: Want) => void,
): MaybePromise<() => void> {
  const { map, key } = group[0]!;
  const all = batch * group.length;
  const deliver = (results: readonly (Float64Array | undefined)[]): (() => void) => {
    const checked = map.inputs.map((input, i) => {
      const want = wants[i]!;
      if (want === 'none') return undefined;
      const rows = input.axis === 'shared' && want === 'sum' ? 1 : all;
      const size = want === 'squaredNorms' ? 1 : sizeOf(input.shape);
      return checkResult(map, `gradient of input ${i}`, results[i], rows * size);
    });
    return () =>
      checked.forEach((gradient, i) => {
        if (gradient === undefined) return;
        deliverInput(group, i, gradient, wants[i]!, give);
      });
  };
  const results = map.vjp(gatherInputs(group, values), concat(dys), all, wants, key, room);
  return isPromise(results) ? results.then(deliver) : deliver(results);
}

function deliverInput(
  group: readonly ExternalCall[],
  index: number,
  gradient: Float64Array,
  want: Want,
  give: (id: number, gradient: Float64Array, want: Want) => void,
): void {
  if (group[0]!.map.inputs[index]!.axis === 'shared' && want === 'sum') {
    give(group[0]!.inputs[index]!, gradient, want);
    return;
  }
  const size = gradient.length / group.length;
  group.forEach((call, g) => {
    if (!call.tracked[index]) return;
    const own = group.length === 1 ? gradient : gradient.slice(g * size, (g + 1) * size);
    give(call.inputs[index]!, own, want);
  });
}

function gatherInputs(group: readonly ExternalCall[], values: Values): Float64Array[] {
  const first = group[0]!;
  return first.map.inputs.map((input, i) =>
    input.axis === 'shared'
      ? values[first.inputs[i]!]!
      : concat(group.map((call) => values[call.inputs[i]!]!)),
  );
}

function concat(arrays: readonly Float64Array[]): Float64Array {
  if (arrays.length === 1) return arrays[0]!;
  const out = new Float64Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let offset = 0;
  for (const array of arrays) {
    out.set(array, offset);
    offset += array.length;
  }
  return out;
}

function checkResult(
  map: DifferentiableMap,
  what: string,
  result: Float64Array | undefined,
  length: number,
): Float64Array {
  if (result === undefined || result.length !== length) {
    const got = result === undefined ? 'nothing' : `${result.length} elements`;
    throw new ValueError(
      `${map.name}: the ${what} should have ${length} elements but the map returned ${got}`,
      {
        remedy: `Return a row-major array with the batch first; the map declares outputs of shape ${shapeText(map.outputShape)}`,
      },
    );
  }
  return result;
}
