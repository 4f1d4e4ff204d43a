export type { TrainingData } from './data.ts';
export { evaluate, predict } from './evaluate.ts';
export type { EvaluateOptions, Evaluation, PredictOptions } from './evaluate.ts';
export { fit } from './fit.ts';
export type {
  CheckpointOptions,
  EarlyStop,
  EpochRecord,
  Fit,
  FitOptions,
  FitProgress,
  FitResult,
} from './run.ts';
export { ridgeRegression } from './ridge.ts';
export type { RidgeModel, RidgeOptions } from './ridge.ts';
export { accuracy, classesOf, meanSquaredError } from './metrics.ts';
export type { Metric } from './metrics.ts';
