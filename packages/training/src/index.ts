export { actorCritic } from './actor-critic.ts';
export type {
  ActorCriticOptions,
  ActorCriticProgress,
  Environment,
  EnvironmentStep,
  EpisodeRecord,
  Policy,
  PolicyOutputs,
} from './actor-critic.ts';
export type { ClipOptions } from './clip.ts';
export type { TrainingData } from './data.ts';
export { evaluate, predict } from './evaluate.ts';
export type { EvaluateOptions, Evaluation, PredictOptions } from './evaluate.ts';
export { fit } from './fit.ts';
export { accuracy, auc, f1 } from './metrics/classification.ts';
export { classesOf, confusionOf } from './metrics/classes.ts';
export type { Metric } from './metrics/metric.ts';
export { meanAbsoluteError, meanSquaredError, rSquared } from './metrics/regression.ts';
export { loadModel, modelFromBytes, modelToBytes, saveModel } from './model-file.ts';
export type { LoadModelOptions } from './model-file.ts';
export { modelFromJSON } from './model-json.ts';
export type { PlateauOptions } from './plateau.ts';
export type {
  Attack,
  AttackGradient,
  AttackOptions,
  AttackProblem,
  InputRange,
  PerturbationNorm,
} from './robustness/attack.ts';
export { bim, fgsm, pgd, signNoise } from './robustness/attacks.ts';
export type { IteratedOptions, PgdOptions } from './robustness/attacks.ts';
export { adversarialExamples } from './robustness/examples.ts';
export type { AdversarialOptions } from './robustness/examples.ts';
export { robustAccuracy } from './robustness/robust-accuracy.ts';
export type { RobustAccuracyOptions, RobustnessPoint } from './robustness/robust-accuracy.ts';
export type { AdversarialTraining } from './robustness/training.ts';
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
export type { WorkersOptions } from './workers/options.ts';
export type { PrivacyAccountant, SampledGaussian } from './privacy/mechanism.ts';
export { noiseMultiplierFor } from './privacy/noise.ts';
export type { AccountantName, NoiseTarget } from './privacy/noise.ts';
export { pldAccountant } from './privacy/pld/accountant.ts';
export type { PldOptions } from './privacy/pld/accountant.ts';
export { cryptographic, seededUnsafe } from './privacy/randomness.ts';
export type { Randomness, SecretRandomness } from './privacy/randomness.ts';
export { rdpAccountant } from './privacy/rdp.ts';
export type { RdpOptions } from './privacy/rdp.ts';
export { epsilonSpent } from './privacy/spent.ts';
export { membershipInference } from './privacy/membership.ts';
export type { MembershipOptions, MembershipReport } from './privacy/membership.ts';
export type { AdaptiveClipping, PrivacyOptions } from './privacy/options.ts';
export type { PrivacyReport } from './privacy/report.ts';
