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
  SecureAggregationOptions,
  SecureTask,
  Strategy,
  StrategyState,
  Update,
  WeightChange,
  WeightsLayout,
} from './contract.ts';
export { UpdateError } from './errors.ts';
export type { UpdateFault } from './errors.ts';
export { partitionIid } from './partition/partition.ts';
export type { DataPart, PartitionOptions } from './partition/partition.ts';
export { partitionDirichlet, partitionShards } from './partition/skewed.ts';
export type { DirichletOptions, ShardsOptions } from './partition/skewed.ts';
export { fedAdam, fedAvgM } from './strategies/adaptive.ts';
export type { FedAdamOptions, FedAvgMOptions } from './strategies/adaptive.ts';
export { fedAvg, fedProx } from './strategies/averages.ts';
export { coordinateMedian, krum, trimmedMean } from './strategies/robust.ts';
export type { KrumOptions } from './strategies/robust.ts';
export { SecureAggregationError } from './secure/error.ts';
export type { SecureAggregationFault } from './secure/error.ts';
