export { expectSameBits } from './batch.ts';
export type { Rows } from './batch.ts';
export { centralDifferences, expectClose } from './close.ts';
export {
  dagger,
  dimension,
  embedded,
  expm,
  identity,
  kron,
  matmul,
  matvec,
  PAULI,
  pauliWord,
  scaled,
  sum,
} from './dense.ts';
export { denseDensityMatrix, denseExpectation } from './density.ts';
export type { DenseState, ExampleValues } from './density.ts';
export { caseOf } from './engine-cases.ts';
export type { Case, CaseOptions } from './engine-cases.ts';
export { Random } from './random.ts';
export { randomAngle, randomCircuit, randomTerm } from './random-circuit.ts';
export type { RandomCircuitOptions } from './random-circuit.ts';
export { randomChannel, randomDynamicCircuit } from './random-dynamic.ts';
export type { DynamicKind, RandomDynamicOptions } from './random-dynamic.ts';
export { randomHermitian, randomUnitary } from './random-matrix.ts';
export { randomMeasurement, randomObservable, randomValues } from './random-program.ts';
export { useSoftwareGpu } from './software-gpu.ts';
