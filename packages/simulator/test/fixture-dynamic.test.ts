import { deferMeasurements } from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { cpu, densityMatrix } from '@ketwork/simulator';
import { dynamicFixture } from './dynamic-fixture.ts';

/** Deferred circuits of more qubits take long. */
const worth = (circuit: Circuit, read: readonly Measurement[]): boolean =>
  deferMeasurements(circuit, { read }).circuit.qubits <= 11;

const options = { filters: false, slotObservables: false, worth };

dynamicFixture('cpu', () => cpu(), 1e-12, options);
dynamicFixture('cpu in single precision', () => cpu({ precision: 'f32' }), 1e-5, {
  ...options,
  circuits: 100,
});

dynamicFixture('density matrix', () => densityMatrix(), 5e-12, { slotGenerators: false });
