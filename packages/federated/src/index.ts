export type {
  CentralPrivacy,
  FederationOptions,
  FederationPrivacy,
  LocalNoise,
  LocalPrivacy,
  LocalTraining,
  LocalTrainingPrivacy,
  OptimizerJson,
  ParticipantPrivacy,
  PrivacyTarget,
  RoundRecord,
  RoundTask,
  Strategy,
  StrategyState,
  Update,
  WeightChange,
  WeightsLayout,
} from './contract.ts';
export { UpdateError } from './errors.ts';
export type { UpdateFault } from './errors.ts';
export { fedAvg, fedProx } from './strategies/averages.ts';
export { SecureAggregationError } from './secure/error.ts';
export type { SecureAggregationFault } from './secure/error.ts';
