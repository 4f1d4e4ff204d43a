import { ValueError, hint, sizeOf } from '@ketwork/base';
import type { BuiltLayer, Parameter } from '@ketwork/nn';
import type { WeightsLayout } from '../contract.ts';

/** Where the numbers of a model are: shared ones, which travel, and those every participant keeps. */
export interface ModelWeights {
  readonly layout: WeightsLayout;
  /** The model's own arrays that are shared, parameters first. */
  readonly shared: readonly Parameter[];
  /** Those that are personal. */
  readonly personal: readonly Parameter[];
}

/**
 * Divides a model's parameters and buffers into shared and personal ones.
 * @param personal Names, or beginnings of names up to a dot.
 * @throws ValueError where a name is none.
 */
export function modelWeights(
  where: string,
  network: BuiltLayer,
  personal: readonly string[] = [],
): ModelWeights {
  const all = [...network.parameters, ...network.buffers];
  const belongs = (name: string, to: string): boolean => name === to || name.startsWith(`${to}.`);
  for (const given of personal) {
    if (all.some(({ name }) => belongs(name, given))) continue;
    const near = hint(
      given,
      all.map(({ name }) => name),
    );
    throw new ValueError(`${where}: the model has no parameter '${given}'${near} to be personal`, {
      remedy: `Its parameters and buffers are ${all.map(({ name }) => name).join(', ')}`,
    });
  }
  const isShared = ({ name }: Parameter): boolean => !personal.some((one) => belongs(name, one));
  const trained = network.parameters.filter(isShared);
  const shared = [...trained, ...network.buffers.filter(isShared)];
  return {
    layout: {
      entries: shared.map(({ name, shape }) => ({ name, shape })),
      size: numbersOf(shared),
      trained: numbersOf(trained),
    },
    shared,
    personal: all.filter((one) => !isShared(one)),
  };
}

/** The values of arrays, one after the other. */
export function gather(arrays: readonly Parameter[]): Float64Array {
  const out = new Float64Array(numbersOf(arrays));
  let at = 0;
  for (const { data } of arrays) {
    out.set(data, at);
    at += data.length;
  }
  return out;
}

/** Sets arrays to values that stand one after the other. */
export function scatter(arrays: readonly Parameter[], values: Float64Array): void {
  let at = 0;
  for (const { data } of arrays) {
    data.set(values.subarray(at, at + data.length));
    at += data.length;
  }
}

function numbersOf(arrays: readonly Parameter[]): number {
  return arrays.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}
