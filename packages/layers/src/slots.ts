import { UnsupportedError, ValueError, fold, sizeOf } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import type { Circuit, Slot } from '@ketwork/circuit';
import { initializers } from '@ketwork/nn';
import type { Initializer, Parameter } from '@ketwork/nn';

/** First values of trained slots: one rule for all, or rules by slot name. */
export type SlotInitializers = Initializer | Readonly<Record<string, Initializer>>;

/** Values by slot name of slots that are not trained. */
export type ConstantValues = Readonly<Record<string, ArrayLike<number>>>;

/** What the slots of a layer's circuit are for. */
export interface SlotRoles {
  /** Slots fed by the layer's input, in its order. */
  readonly inputs: readonly Slot[];
  /** Slots that become parameters. */
  readonly weights: readonly Slot[];
  /** Values of the other shared slots. */
  readonly constants: Readonly<Record<string, Float64Array>>;
}

/** Sorts the slots of a circuit by what a layer does with them. */
export function slotRoles(
  kind: string,
  circuit: Circuit,
  order: readonly string[] | undefined,
  constants: ConstantValues,
): SlotRoles {
  const inputs = inputSlots(kind, circuit, order);
  for (const name of Object.keys(constants)) {
    if (!circuit.slots.some((slot) => slot.name === name && slot.axis === 'shared')) {
      throw new ValueError(
        `${kind}: there is no shared slot '${name}' that could have a constant value`,
      );
    }
  }
  const shared = circuit.slots.filter((slot) => slot.axis === 'shared');
  const fixed = shared.filter((slot) => Object.hasOwn(constants, slot.name));
  const weights = shared.filter((slot) => !Object.hasOwn(constants, slot.name));
  for (const { name, kind: slotKind, differentiable } of weights) {
    if (slotKind === 'scalar' && differentiable) continue;
    throw new UnsupportedError(
      `${kind}: the shared slot '${name}' (${slotKind}${differentiable ? '' : ', not differentiable'}) cannot be trained`,
      { remedy: `Give its values: constants: { ${name}: [...] }` },
    );
  }
  const values = fixed.map(({ name, shape }) => {
    const value = Float64Array.from(constants[name]!);
    if (value.length !== sizeOf(shape)) {
      throw new ValueError(
        `${kind}: the constant '${name}' has ${value.length} numbers, its shape [${shape.join(', ')}] needs ${sizeOf(shape)}`,
      );
    }
    return [name, value] as const;
  });
  return { inputs, weights, constants: Object.fromEntries(values) };
}

function inputSlots(
  kind: string,
  circuit: Circuit,
  order: readonly string[] | undefined,
): readonly Slot[] {
  const batched = circuit.slots.filter((slot) => slot.axis === 'batch');
  if (batched.length === 0) {
    throw new ValueError(
      `${kind}: no slot of the circuit takes data, so the layer would have no input`,
      {
        remedy: "Use a slot such as input('x', [4]) in the circuit",
      },
    );
  }
  if (order === undefined) return batched;
  const names = batched.map((slot) => `'${slot.name}'`).join(', ');
  if (order.length !== batched.length || new Set(order).size !== order.length) {
    throw new ValueError(
      `${kind}: inputs [${order.join(', ')}] do not name each data slot of the circuit once`,
      {
        remedy: `Name ${names} in the order in which the layer's input holds them`,
      },
    );
  }
  return order.map((name) => {
    const slot = batched.find((candidate) => candidate.name === name);
    if (slot === undefined)
      throw new ValueError(`${kind}: the circuit has no data slot '${name}'`, {
        remedy: `Name ${names}`,
      });
    return slot;
  });
}

/** Checks initialisers against the slots they are for, and gives one for each slot. */
export function initializerOf(
  kind: string,
  init: SlotInitializers | undefined,
  slots: readonly Slot[],
): (name: string) => Initializer {
  const usual = initializers.uniform(-Math.PI, Math.PI);
  if (init === undefined) return () => usual;
  if (isInitializer(init)) return () => init;
  for (const name of Object.keys(init)) {
    if (!slots.some((slot) => slot.name === name)) {
      throw new ValueError(`${kind}: init names '${name}', which is not a trained slot`, {
        remedy: `Trained are ${slots.map((slot) => `'${slot.name}'`).join(', ') || 'none'}`,
      });
    }
  }
  return (name) => (Object.hasOwn(init, name) ? init[name]! : usual);
}

/** Fills a parameter. `index` tells the parameters of a layer apart in the random stream. */
export function initialize(
  kind: string,
  rule: Initializer,
  name: string,
  shape: readonly number[],
  fans: { readonly fanIn: number; readonly fanOut: number },
  key: Key,
  index: number,
): Parameter {
  const data = rule.create({ shape, ...fans }, fold(key, index));
  if (data.length !== sizeOf(shape)) {
    throw new ValueError(
      `${kind}: the initialiser made ${data.length} numbers for '${name}' where ${sizeOf(shape)} are needed`,
    );
  }
  return { name, shape, data };
}

function isInitializer(init: SlotInitializers): init is Initializer {
  return typeof (init as Partial<Initializer>).create === 'function';
}
