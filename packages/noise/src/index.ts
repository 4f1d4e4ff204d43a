export { noiseModel } from './model.ts';
export type { GateNoise, MeasurementNoise, NoiseModel, ReadoutError } from './model.ts';
export { applyNoise } from './apply.ts';
export type { ApplyNoiseOptions } from './apply.ts';
export {
  confusionMatrix,
  readoutObservable,
  readoutProbabilities,
  readoutSamples,
} from './readout.ts';
export { foldCircuit, foldedScale, foldGates } from './mitigation/folding.ts';
export type { FoldGatesOptions } from './mitigation/folding.ts';
export {
  exponentialExtrapolation,
  linearExtrapolation,
  polynomialExtrapolation,
  richardsonExtrapolation,
} from './mitigation/extrapolation.ts';
export type {
  ExponentialExtrapolationOptions,
  Extrapolation,
  Extrapolator,
} from './mitigation/extrapolation.ts';
export { learnedExtrapolation, learnedMitigation } from './mitigation/learned.ts';
export type { LearnedMitigation, LearnedOptions } from './mitigation/learned.ts';
export { zeroNoiseExtrapolation } from './mitigation/zero-noise.ts';
export type { ZeroNoiseOptions, ZeroNoiseResult } from './mitigation/zero-noise.ts';
export type { Mitigated, RunCall, RunCircuit, CircuitRunner } from './mitigation/runner.ts';
export { errorCancellation, inversePauliChannel } from './mitigation/cancellation.ts';
export type {
  ErrorCancellationOptions,
  ErrorCancellationResult,
  QuasiProbability,
} from './mitigation/cancellation.ts';
export { calibrateReadout, calibrationCircuits, readoutMitigation } from './mitigation/readout.ts';
export type {
  Calibrated,
  CalibrateReadoutOptions,
  ReadoutMitigation,
  ReadoutMitigationOptions,
  RunCalibration,
} from './mitigation/readout.ts';
