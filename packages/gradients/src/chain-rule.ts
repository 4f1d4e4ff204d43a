import { sizeOf } from '@ketwork/base';
import { anglePartials } from '@ketwork/circuit';
import type { Angle, Circuit, Slot } from '@ketwork/circuit';
import type { SlotValues } from '@ketwork/simulator';
import type { Derivatives, SlotPartial } from './assemble.ts';

/** An angle and the slots it reads. */
export interface Dependent {
  readonly angle: Angle;
  readonly slots: ReadonlySet<string>;
}

/** Reads slot elements of one example. */
export type ExampleReader = (slot: string, index: number) => number;

/** Gives the reader of each example. */
export function exampleReader(
  slots: readonly Slot[],
  values: SlotValues,
): (example: number) => ExampleReader {
  const places = new Map(
    slots.map((slot) => [
      slot.name,
      { array: values.get(slot.name), stride: slot.axis === 'batch' ? sizeOf(slot.shape) : 0 },
    ]),
  );
  return (example) => (slot, index) => {
    const { array, stride } = places.get(slot)!;
    return array[example * stride + index]!;
  };
}

/** Derivatives of each angle by the elements of the wanted slots, at the values of an example. */
export function chainRule(
  circuit: Circuit,
  angles: readonly Dependent[],
  wanted: readonly Slot[],
  values: SlotValues,
): Derivatives['partials'] {
  const position = new Map(wanted.map((slot, i) => [slot.name, i]));
  const reader = exampleReader(circuit.slots, values);
  const at = ({ angle }: Dependent, example: number): SlotPartial[] =>
    anglePartials(angle, reader(example)).flatMap(({ slot, index, partial }) => {
      const i = position.get(slot);
      return i === undefined ? [] : [{ slot: i, element: index, partial }];
    });
  const shared = new Set(
    circuit.slots.filter(({ axis }) => axis === 'shared').map(({ name }) => name),
  );
  // Angles of shared slots only, the usual case, are the same in every example.
  const fixed = angles.map((dependent) =>
    [...dependent.slots].every((name) => shared.has(name)) ? at(dependent, 0) : undefined,
  );
  return (parameter, example) => fixed[parameter] ?? at(angles[parameter]!, example);
}
