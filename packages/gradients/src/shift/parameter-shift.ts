import type { Circuit, Measurement } from '@ketwork/circuit';
import { byColumns } from '../columns.ts';
import { linearMeasurements } from '../linear.ts';
import { sizesOf } from '../method.ts';
import type { MethodOptions, PreparedMethod } from '../method.ts';
import { shiftedCircuit } from './occurrences.ts';

/**
 * Prepares differentiation by parameter shifts, see `shiftRule`. The stochastic rule adds random points in evolutions with
 * a drift, and is the same elsewhere.
 */
export function parameterShift(
  method: 'parameter-shift' | 'stochastic-shift',
  circuit: Circuit,
  measurements: readonly Measurement[],
  options: MethodOptions,
): PreparedMethod {
  const shifted = shiftedCircuit(circuit, { stochastic: method === 'stochastic-shift' });
  const linear = linearMeasurements(shifted.circuit, measurements);
  const slots = [...shifted.circuit.slots, ...linear.derived.map(({ slot }) => slot)];
  const base = {
    circuit: Object.freeze({ ...shifted.circuit, slots }),
    measurements: linear.measurements,
  };
  const sizes = sizesOf(base.circuit, base.measurements);
  return byColumns(
    {
      ...shifted,
      method,
      circuit,
      measurements,
      base,
      derived: linear.derived,
      read: (results, at, m, i) => results[m]![at * sizes[m]! + i]!,
    },
    options,
  );
}
