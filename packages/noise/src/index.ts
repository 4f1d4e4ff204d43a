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
