// What users install: the public names of the packages below, in one place.
// `@ketwork/datasets` is among them because it is small and loads its files only when called; `@ketwork/plot` is
// reached through `plot()`, so that a program without charts does not load it.
export {
  CircuitError,
  EnvironmentError,
  FormatError,
  KetworkError,
  UnsupportedError,
  ValueError,
  bits,
  fold,
  integers,
  key,
  normal,
  permutation,
  split,
  uniform,
} from '@ketwork/base';
export type { ErrorDetails, Key, NormalOptions, UniformOptions } from '@ketwork/base';
export * from '@ketwork/circuit';
export * from '@ketwork/qasm';
export {
  asyncProgram,
  complexAmplitudes,
  hermitianEigen,
  cpu,
  estimateRun,
  densityMatrix,
  hosted,
  ket,
  reference,
  reorderQubits,
  toLittleEndian,
  trajectories,
} from '@ketwork/simulator';
export {
  applyHamiltonian,
  applyLindbladian,
  classicalShadow,
  concurrence,
  entanglementOfFormation,
  evolve,
  expectation,
  fidelity,
  fourPauliPovm,
  groundState,
  lindbladEvolve,
  lindbladian,
  logNegativity,
  mutualInformation,
  negativity,
  povm,
  povmDensity,
  povmGenerator,
  povmProbabilities,
  povmValues,
  purity,
  reducedDensity,
  relativeEntropy,
  renyiEntropy,
  schmidt,
  shadowDensity,
  shadowExpectation,
  shadowPurity,
  shadowSize,
  sparseMatrix,
  steadyState,
  sumGenerators,
  tetrahedralPovm,
  traceDistance,
  vonNeumannEntropy,
} from '@ketwork/simulator';
export type {
  ClassicalShadow,
  ClassicalShadowOptions,
  EntropyOptions,
  EvolveOptions,
  GeneratorBlock,
  GroundState,
  GroundStateOptions,
  Hamiltonian,
  HamiltonianOptions,
  JumpOperator,
  LindbladEvolveOptions,
  Lindbladian,
  LindbladTerms,
  Povm,
  HermitianEigen,
  QuantumState,
  RelativeEntropyOptions,
  SchmidtDecomposition,
  ShadowExpectationOptions,
  ShadowSize,
  SparseMatrix,
  SparseSource,
  StateOptions,
  SteadyStateOptions,
  SubsystemOptions,
} from '@ketwork/simulator';
export type {
  AsyncCallOptions,
  AsyncEngine,
  AsyncProgram,
  AsyncTrajectoryEngine,
  AsyncTrajectoryProgram,
  Capabilities,
  CompileOptions,
  Cotangents,
  Counts,
  CpuOptions,
  DifferentiationMethod,
  RunEstimateOptions,
  Engine,
  Estimate,
  ExplainedPass,
  ExplainedStage,
  Explanation,
  Gradients,
  HostedOptions,
  JacobianOptions,
  Measurements,
  Numbers,
  Program,
  ProgramInfo,
  QubitOrderOptions,
  ResultOf,
  Results,
  RunEstimate,
  RunOptions,
  TrajectoriesOptions,
  TrajectoryEngine,
  TrajectoryProgram,
  Values,
  VjpOptions,
} from '@ketwork/simulator';
export * from '@ketwork/cutting';
export * from '@ketwork/kernels';
export * from '@ketwork/gradients';
export * from '@ketwork/nn';
export * from '@ketwork/layers';
export * from '@ketwork/training';
export * from '@ketwork/federated';
export * from '@ketwork/datasets';
export * from '@ketwork/gpu';
export { auto } from './auto.ts';
export type { AutoEngine, AutoOptions } from './auto.ts';
export type { Calibration, CalibrationPoint } from './auto/calibration.ts';
export type { AsyncAutoEngine } from './auto/choose.ts';
export { plot } from './plot.ts';
export * from '@ketwork/noise';
